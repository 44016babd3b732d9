/*
 * Recovery from a lost majority (F-70 to F-72). A survivor that starts with `peers.json` appends the membership that the file names to
 * its log, on its own authority, and raises its generation: from then on it and everybody of the life before refuse each other, so that a
 * majority that comes back later forms no second group. What the log held becomes committed by it, though it may never have been.
 *
 * Nothing is rewritten and nothing dropped: the entry is one more, and the survivors, whose logs are the same, append the same one. Each step
 * is durable before the next; a crash between any two leaves a start that goes on where it ended.
 */

import { createHash } from 'node:crypto';
import { OrchestratorError } from '../../runtime/errors.ts';
import type { Log } from '../../runtime/log.ts';
import type { Recovered } from '../core/inputs.ts';
import type { Configuration, LogEntry } from '../core/types.ts';
import type { Paths } from '../store/directory.ts';
import { readDocument, writeDocument } from '../store/document.ts';
import { type Files, readWhole, syncDirectory } from '../store/files.ts';
import { type Identity, writeIdentity } from '../store/identity.ts';
import type { RaftStore } from '../store/raft-store.ts';
import { forcedMembership, parsePeers } from './peers-file.ts';

type Found = Omit<Recovered, 'applied'>;

export interface SalvageDeps {
  readonly files: Files;
  readonly paths: Paths;
  readonly store: Pick<RaftStore, 'write'>;
  readonly log: Log;
  /** `DefaultRaftPort`. */
  readonly defaultPort: number;
}

export interface Salvaged {
  readonly identity: Identity;
  readonly recovered: Found;
  /** Whether there was a `peers.json`. */
  readonly forced: boolean;
}

/** What was begun, so that it is not begun twice: beside `peers.json` until it is done. */
interface Plan {
  /** Of the file. */
  readonly hash: string;
  readonly index: number;
  readonly generation: number;
}

const FORMAT = 1;

/** @throws {OrchestratorError} `CONFIG_INVALID`: the file cannot be meant so, nothing was changed; `RAFT_STORE_FAILED`; {DamageFound} */
export function salvage(identity: Identity, recovered: Found, deps: SalvageDeps): Salvaged {
  const { files, paths, log } = deps;
  const bytes = readWhole(files, paths.peers);
  if (bytes === undefined) {
    files.remove(paths.rescue);
    return { identity, recovered, forced: false };
  }
  const configuration = wanted(identity, recovered, Buffer.from(bytes).toString('utf8'), deps.defaultPort);
  const plan = planned(bytes, identity, recovered, deps);
  const entry = forcingEntry(recovered, plan, configuration);
  const after = entry === undefined ? recovered : append(recovered, entry, deps);
  const risen = { ...identity, generation: plan.generation };
  writeIdentity(files, paths.identity, risen);
  files.rename(paths.peers, paths.peersDone);
  syncDirectory(files, paths.directory);
  files.remove(paths.rescue);
  const { voters, learners } = configuration;
  log.warn(
    { generation: plan.generation, voters, learners, entries: plan.index },
    'the membership was forced by peers.json: every entry of the log here counts as agreed on, and nodes of the former generation are refused',
  );
  return { identity: risen, recovered: after, forced: true };
}

/** @throws {OrchestratorError} `CONFIG_INVALID` */
export function wanted({ clusterId }: Identity, recovered: Found, text: string, defaultPort: number): Configuration {
  const entries = parsePeers(text, defaultPort);
  if (clusterId === undefined || lastIndexOf(recovered) === 0)
    throw new OrchestratorError(
      'CONFIG_INVALID',
      'peers.json: this node has no log of a group that could be saved: remove the file, and it joins or founds one',
    );
  return forcedMembership(entries, configurationOf(recovered), recovered.self);
}

/** The last one in the log, else that of the snapshot. */
export function configurationOf({ entries, snapshot }: Pick<Found, 'entries' | 'snapshot'>): Configuration {
  const last = entries.findLast((entry) => entry.kind === 'configuration');
  return last?.kind === 'configuration' ? last.configuration : snapshot.configuration;
}

export function lastIndexOf({ entries, before }: Pick<Found, 'entries' | 'before'>): number {
  return entries.at(-1)?.index ?? before.index;
}

function planned(bytes: Uint8Array, { generation }: Identity, recovered: Found, { files, paths }: SalvageDeps): Plan {
  const hash = createHash('sha256').update(bytes).digest('hex');
  const begun = readDocument(files, paths.rescue, FORMAT);
  if (begun !== undefined && begun.hash === hash)
    return { hash, index: Number(begun.index), generation: Number(begun.generation) };
  const plan: Plan = { hash, index: lastIndexOf(recovered) + 1, generation: generation + 1 };
  writeDocument(files, paths.rescue, FORMAT, plan);
  return plan;
}

/** The same on all survivors whose logs are the same. Undefined: it is there already. */
function forcingEntry(recovered: Found, { index }: Plan, configuration: Configuration): LogEntry | undefined {
  if (lastIndexOf(recovered) >= index) return undefined;
  const { entries, before, snapshot } = recovered;
  const { term, stampMs } = entries.at(-1) ?? { term: before.term, stampMs: snapshot.stampMs };
  return { index, term: term + 1, stampMs, kind: 'configuration', configuration };
}

function append(recovered: Found, entry: LogEntry, { store, paths }: SalvageDeps): Found {
  const { term, vote } = recovered.hardState;
  const hardState = entry.term > term ? { term: entry.term, vote: undefined } : { term, vote };
  const nothing = { install: undefined, truncateFrom: undefined, compactTo: undefined, removed: false };
  if (store.write([{ id: 1, hardState, append: [entry], ...nothing }]) === 'full')
    throw new OrchestratorError('RAFT_STORE_FAILED', `no room in RaftDataDir ${paths.directory}`);
  return { ...recovered, hardState, entries: [...recovered.entries, entry] };
}
