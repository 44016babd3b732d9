import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { votersOf } from '../core/quorum.ts';
import type { Index } from '../core/types.ts';
import { readSeat } from '../membership/seat.ts';
import { pathsIn, setAside } from '../store/directory.ts';
import { DamageFound } from '../store/failures.ts';
import { nodeFiles } from '../store/files.ts';
import { memberIdOf } from '../store/identity.ts';
import { inspect, lastRowIn } from '../store/inspect.ts';

/** Why a node begins anew, and the directory that its former life goes into. */
export type Former = 'left' | 'reaped' | 'outdated';

export interface FormerLife {
  readonly former: Former;
  /** Where its files are now. */
  readonly place: string;
}

/**
 * For a node that left its group of its own accord (F-40), or was let go by it for being gone (F-51): what it had goes into a directory beside it,
 * and the node begins with nothing. In the first case that takes the place of what an earlier life left there; in the second, where nobody
 * meant it to go, everything is kept. To be called before anything looks into `RaftDataDir`.
 *
 * @returns where it is now; undefined: nothing of that kind, and nothing was changed
 * @throws {OrchestratorError} `CONFLICT`: a node runs on it; `RAFT_STORE_FAILED`
 */
export function beginAnew(directory: string): FormerLife | undefined {
  const { database, membership } = pathsIn(directory);
  const former = formerLife(membership);
  if (former === undefined) return undefined;
  const place = join(directory, former);
  const begun = nodeFiles.size(database) === undefined && nodeFiles.size(pathsIn(place).database) !== undefined;
  if (!begun) {
    if (inspect(directory).hardState?.removed !== true) return undefined;
    if (former === 'left') rmSync(place, { recursive: true, force: true });
    else makeRoom(place);
  }
  return { former, place: setAside(nodeFiles, directory, former) };
}

/**
 * For a node whose log ends before what its backend has taken from it, as after a restore of the directory alone: it may have forgotten what it
 * voted for and accepted, so that it begins with nothing and is taken in as a new one, which counts in no majority until it has the log
 * (C-123, C-124). Not where nobody else could take it in, nor where the log is damaged: the start says so. Everything is kept.
 *
 * @param applied index that the backend holds everything up to
 * @throws as `beginAnew`
 */
export function beginBehindBackend(directory: string, applied: Index): FormerLife | undefined {
  const { database, identity } = pathsIn(directory);
  const place = join(directory, 'outdated');
  const cutShort =
    nodeFiles.size(pathsIn(place).database) !== undefined && nodeFiles.size(pathsIn(place).identity) === undefined;
  if (nodeFiles.size(identity) === undefined) return undefined;
  if (!(cutShort && nodeFiles.size(database) === undefined)) {
    if (!isOutdated(directory, applied)) return undefined;
    makeRoom(place);
  }
  return { former: 'outdated', place: setAside(nodeFiles, directory, 'outdated') };
}

function isOutdated(directory: string, applied: Index): boolean {
  if (applied === 0 || lastRowIn(directory) >= applied) return false;
  const { identity, entries, snapshot, membership, damage } = inspect(directory);
  const lastIndex = Math.max(entries.at(-1)?.index ?? 0, snapshot?.index ?? 0);
  if (identity === null || membership === null || damage.length > 0 || lastIndex >= applied) return false;
  return votersOf(membership.configuration).some((id) => id !== memberIdOf(identity));
}

/** Earlier lives keep their order: the last one before this has the highest number. */
function makeRoom(place: string): void {
  if (!existsSync(place)) return;
  let number = 1;
  while (existsSync(`${place}-${number}`)) number += 1;
  renameSync(place, `${place}-${number}`);
}

function formerLife(path: string): Former | undefined {
  try {
    const { leaving, reaped } = readSeat(nodeFiles, path);
    return leaving ? 'left' : reaped ? 'reaped' : undefined;
  } catch (err) {
    if (err instanceof DamageFound) return undefined; // the start says so
    throw err;
  }
}
