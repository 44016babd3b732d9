// Processes that a test started and left running, found by a mark in their environment, which children inherit from their parents.

import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** Name of the environment variable that carries the mark. */
export const MARK = 'ORCHESTRATOR_TEST_PORTION';
const END_LIMIT_MS = 5_000;
const ASK_EVERY_MS = 20;

interface Leftover {
  readonly pid: number;
  readonly command: string;
}

/** Empty where the system has no /proc to look at. */
function marked(mark: string): readonly Leftover[] {
  const wanted = `${MARK}=${mark}`;
  const pids = readdirOf('/proc').filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => {
    // Of a process that ends just now, or of another user, there is nothing to read.
    if (Number(pid) === process.pid || !read(`/proc/${pid}/environ`).split('\0').includes(wanted)) return [];
    return [{ pid: Number(pid), command: read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim() }];
  });
}

/** Ends all that carry the mark; returns the command lines of those that would not have ended by themselves within the grace, ms. */
export async function endLeftovers(mark: string, graceMs: number): Promise<readonly string[]> {
  const graceEnd = Date.now() + graceMs;
  let left = marked(mark);
  while (left.length > 0 && Date.now() < graceEnd) {
    await delay(ASK_EVERY_MS);
    left = marked(mark);
  }
  const found = left.map(({ command }) => command);
  for (const end = Date.now() + END_LIMIT_MS; left.length > 0 && Date.now() < end; left = marked(mark)) {
    for (const { pid } of left) kill(pid);
    await delay(ASK_EVERY_MS);
  }
  return found;
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it ended by itself just now
  }
}

function readdirOf(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
