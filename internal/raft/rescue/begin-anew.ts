import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { readSeat } from '../membership/seat.ts';
import { pathsIn, setAside } from '../store/directory.ts';
import { DamageFound } from '../store/failures.ts';
import { nodeFiles } from '../store/files.ts';
import { inspect } from '../store/inspect.ts';

const NAME = 'left';

/**
 * For a node that left its group of its own accord (F-40): what it had goes into a directory beside it, in place of what an earlier life left
 * there, and the node begins with nothing. To be called before anything looks into `RaftDataDir`.
 *
 * @returns where it is now; undefined: nothing of that kind, and nothing was changed
 * @throws {OrchestratorError} `CONFLICT`: a node runs on it; `RAFT_STORE_FAILED`
 */
export function beginAnew(directory: string): string | undefined {
  const { database, membership } = pathsIn(directory);
  if (!hasLeft(membership)) return undefined;
  const place = join(directory, NAME);
  const begun = nodeFiles.size(database) === undefined && nodeFiles.size(pathsIn(place).database) !== undefined;
  if (!begun) {
    if (inspect(directory).hardState?.removed !== true) return undefined;
    rmSync(place, { recursive: true, force: true });
  }
  return setAside(nodeFiles, directory, NAME);
}

function hasLeft(path: string): boolean {
  try {
    return readSeat(nodeFiles, path).leaving;
  } catch (err) {
    if (err instanceof DamageFound) return false; // the start says so
    throw err;
  }
}
