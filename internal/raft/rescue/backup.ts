// A backup of a stopped node (F-73): its latest snapshot and the whole log behind it. One that runs gives the state that it
// is in (`RaftNode.backup`).

import { OrchestratorError } from '../../runtime/errors.ts';
import { type LogEntry, NO_SNAPSHOT } from '../core/types.ts';
import { pathsIn } from '../store/directory.ts';
import { examine } from '../store/examine.ts';
import { damageText, fatal } from '../store/failures.ts';
import { type Files, nodeFiles } from '../store/files.ts';
import type { SnapshotFile } from '../store/snapshot-file.ts';
import { openSnapshot } from '../store/snapshot-folder.ts';
import { type BackupHead, backupBytes } from './backup-file.ts';

export interface Backup {
  readonly head: BackupHead;
  /** The last entry that is in it, agreed on or not. */
  readonly lastIndex: number;
  readonly bytes: AsyncIterable<Uint8Array>;
}

const LOCK_WAIT_MS = 2_000;
const PIECE_BYTES = 2 ** 20;

/**
 * @throws {OrchestratorError} `CONFLICT`: the node runs; `NOT_FOUND`: there is no log of a group; `RAFT_STORE_DAMAGED`; `RAFT_STORE_FAILED`
 */
export function backupOf(directory: string, takenMs: number, files: Files = nodeFiles): Backup {
  try {
    const paths = pathsIn(directory);
    const entries: LogEntry[] = [];
    const visit = (_row: unknown, _sound: boolean, entry: LogEntry | undefined) => entry && entries.push(entry);
    const found = examine(files, paths, { lockWaitMs: LOCK_WAIT_MS, visit });
    const { identity, latest = NO_SNAPSHOT, damage } = found;
    if (damage.length > 0) throw new OrchestratorError('RAFT_STORE_DAMAGED', damage.map(damageText).join('; '));
    if (identity?.clusterId === undefined || (latest.index === 0 && entries.length === 0))
      throw new OrchestratorError('NOT_FOUND', `RaftDataDir ${directory}: there is no log of a group`);
    const { nodeId: node, clusterId, generation } = identity;
    const { index, term, stampMs } = latest;
    const head = { takenMs, node, clusterId, generation, index, term, stampMs };
    const behind = entries.filter((entry) => entry.index > index);
    const snapshot = index === 0 ? [] : piecesOf(openSnapshot(files, paths.snapshots, latest.id));
    return { head, lastIndex: behind.at(-1)?.index ?? index, bytes: backupBytes(head, snapshot, behind) };
  } catch (err) {
    throw fatal(directory, 'reading the log', err);
  }
}

function* piecesOf(file: SnapshotFile): Generator<Uint8Array, void, undefined> {
  for (let offset = 0; offset < file.meta.bytes; offset += PIECE_BYTES) yield file.read(offset, PIECE_BYTES);
}
