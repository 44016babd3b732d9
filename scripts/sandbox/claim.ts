// One process at a time works in a sandbox directory. What a killed one left running there is ended before the next begins:
// two servers on one data directory destroy it.

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const END_LIMIT_MS = 10_000;

/**
 * Makes the directory and takes it for this process, ending servers that a dead owner left behind.
 *
 * @throws {Error} when a living process has it.
 */
export async function claim(directory: string): Promise<void> {
  mkdirSync(directory, { recursive: true });
  const file = ownerFile(directory);
  const own = identity(process.pid);
  const owner = read(file);
  if (owner !== undefined && owner !== own && identity(Number.parseInt(owner, 10)) === owner)
    throw new Error(`${directory} is in use by process ${Number.parseInt(owner, 10)}: end that one first`);
  writeFileSync(file, own ?? '');
  for (const name of readdirSync(directory)) {
    const server = join(directory, name);
    await endLeftBehind(join(server, 'pid'), `--datadir=${server}`);
  }
}

/** Lets go of what this process claimed; of what another has, nothing happens. */
export function release(directory: string): void {
  if (read(ownerFile(directory)) === identity(process.pid)) rmSync(ownerFile(directory), { force: true });
}

const ownerFile = (directory: string) => join(directory, 'sandbox.owner');

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** Number and time of start, since numbers are used again (proc(5), field 22 of stat). Undefined: no such process. */
function identity(pid: number): string | undefined {
  const stat = read(`/proc/${pid}/stat`);
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields?.[0] === 'Z' ? undefined : fields && `${pid} ${fields[19]}`;
}

/** Ends the process that a file names, if it still is the one that was started with this argument (pids are used again). */
export async function endLeftBehind(pidFile: string, argument: string): Promise<void> {
  const pid = Number(read(pidFile));
  const leftBehind = identity(pid);
  const runs = read(`/proc/${pid}/cmdline`)?.split('\0').includes(argument) ?? false;
  if (!(pid > 0) || !runs) return;
  process.stderr.write(`ending pid ${pid}, which a killed run left behind\n`);
  process.kill(pid, 'SIGKILL');
  const end = Date.now() + END_LIMIT_MS;
  while (identity(pid) === leftBehind) {
    if (Date.now() > end) throw new Error(`process ${pid} does not end`);
    await delay(10);
  }
}
