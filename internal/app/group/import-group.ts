// A new group out of the backend of a deployment that has been without one (C-142). Its first snapshot is what that backend holds.

import { readdirSync } from 'node:fs';
import { parseSourceName } from '../../backend/import/dsn.ts';
import { type Gathered, gather } from '../../backend/import/gather.ts';
import type { Source } from '../../backend/import/source.ts';
import { encodeCommand } from '../../command/command.ts';
import type { Config } from '../../config/keys.ts';
import { backupBytes } from '../../raft/rescue/backup-file.ts';
import { restoreBackup } from '../../raft/rescue/restore.ts';
import { systemClock } from '../../runtime/clock.ts';
import { OrchestratorError } from '../../runtime/errors.ts';
import { foreignSettings } from '../own-backend.ts';
import { markImported } from './imported.ts';
import { nodeOptions } from './node-options.ts';
import { encodeState } from './state-file.ts';

export interface Imported {
  readonly source: string;
  readonly node: string;
  /** Undefined: nothing was written. */
  readonly clusterId: string | undefined;
  readonly gathered: Gathered;
}

/** The snapshot stands where the log begins. */
const FIRST = { generation: 1, index: 1, term: 1 };
/** A file system of its own has this at its root. */
const NO_FILES = new Set(['lost+found']);

/**
 * @param dryRun looks only, also at a backend that is in use
 * @throws {OrchestratorError} `CONFLICT`: the directory is not empty, a node runs on it, or a daemon runs on the source; `BAD_REQUEST`:
 *   the source is no backend of an orchestrator; `BACKEND_FAILED`, `BACKEND_CORRUPT`: it cannot be read
 */
export async function importGroup(config: Config, from: string, dryRun: boolean): Promise<Imported> {
  const { forming, advertise: address } = await nodeOptions(config, 0);
  const { self: node, labels, nodes, finding } = forming;
  const directory = config.RaftDataDir;
  refuseUsed(directory);
  const source = await openSource(config, from);
  try {
    const gathered = await gather(source);
    if (dryRun) return { source: source.name, node, clusterId: undefined, gathered };
    refuseInUse(source.name, gathered);
    const nowMs = systemClock.nowMs();
    const head = { ...FIRST, node, takenMs: nowMs, stampMs: nowMs, clusterId: '' };
    markImported(directory, Math.max(nodes.length, finding?.expect ?? 0));
    const { clusterId } = await restoreBackup({
      ...{ node, address, directory, labels, nowMs },
      commands: [encodeCommand(node, { op: 'abandon-recoveries', why: 'the group was imported from a backend' })],
      bytes: () => backupBytes(head, encodeState(gathered), []),
    });
    return { source: source.name, node, clusterId, gathered };
  } finally {
    await source.close();
  }
}

async function openSource(config: Config, from: string): Promise<Source> {
  const name = parseSourceName(from);
  if (name.kind === 'file') {
    const { SqliteSource } = await import('../../backend/import/sqlite-source.ts');
    return SqliteSource.open(name.file, () => systemClock.nowMs());
  }
  const { MysqlSource } = await import('../../backend/import/mysql-source.ts');
  const { host, port, schema, login } = name;
  return MysqlSource.open(foreignSettings(config, { host, port, schema, login }), systemClock);
}

function refuseUsed(directory: string): void {
  const found = filesIn(directory).filter((name) => !NO_FILES.has(name));
  if (found.length > 0)
    throw new OrchestratorError(
      'CONFLICT',
      `RaftDataDir ${directory} is not empty (${found.slice(0, 3).join(', ')}): stop the node, and name an empty one; a group is imported once, on one node, and the others join it`,
    );
}

function filesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch (cause) {
    if ((cause as { code?: unknown }).code === 'ENOENT') return [];
    throw new OrchestratorError('RAFT_STORE_FAILED', `RaftDataDir ${directory} cannot be read`, { cause });
  }
}

function refuseInUse(name: string, { user }: Gathered): void {
  if (user === undefined) return;
  const seconds = (Math.max(0, user.silentMs) / 1000).toFixed(1);
  throw new OrchestratorError(
    'CONFLICT',
    `the orchestrator on ${user.hostname} has written to ${name} ${seconds} s ago: stop all that use it, and wait 5 s`,
  );
}
