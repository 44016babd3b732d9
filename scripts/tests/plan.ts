// Which test files run together in one process, and which process is started next.

import { sourceOf } from './report.ts';

/** What is known of a file from an earlier run, s. */
export interface Cost {
  readonly seconds: number;
  /** Of all its processes together. */
  readonly cpuSeconds: number;
}

/** Test files that one process runs, one after the other. */
export interface Portion extends Cost {
  readonly name: string;
  readonly files: readonly string[];
}

/** A file that takes longer, s, is a portion of its own. */
const LIGHT_SECONDS = 3;
/** Light files of one folder share processes of about so many seconds: to start one costs half a second. */
const FULL_SECONDS = 25;
/** Suites whose files start servers or simulate whole groups. */
const HEAVY = /^test\/(e2e|nemesis|sim)\//;

/** Of a file, by source; a guess where nobody has measured it yet. */
export function costOf(source: string, costs: ReadonlyMap<string, Cost>): Cost {
  return costs.get(source) ?? (HEAVY.test(source) ? { seconds: 20, cpuSeconds: 14 } : { seconds: 1, cpuSeconds: 0.5 });
}

/** @param costs by source */
export function portions(files: readonly string[], costs: ReadonlyMap<string, Cost>): readonly Portion[] {
  const alone: Portion[] = [];
  const shared = new Map<string, Portion[]>();
  for (const file of files.toSorted()) {
    const cost = costOf(sourceOf(file), costs);
    if (cost.seconds > LIGHT_SECONDS) {
      alone.push({ name: file, files: [file], ...cost });
      continue;
    }
    const suite = folderOf(file);
    const open = shared.get(suite) ?? [];
    shared.set(suite, open);
    const last = open.at(-1);
    if (last === undefined || last.seconds + cost.seconds > FULL_SECONDS)
      open.push({ name: suite, files: [file], ...cost });
    else open[open.length - 1] = joined(last, file, cost);
  }
  return [...alone, ...[...shared.values()].flat()].toSorted((one, other) => other.seconds - one.seconds);
}

/** `test/unit/raft/store/mark.test.ts` belongs to `test/unit`. */
const folderOf = (file: string) => sourceOf(file).split('/').slice(0, -1).slice(0, 2).join('/');

function joined({ name, files, seconds, cpuSeconds }: Portion, file: string, cost: Cost): Portion {
  return {
    name,
    files: [...files, file],
    seconds: seconds + cost.seconds,
    cpuSeconds: cpuSeconds + cost.cpuSeconds,
  };
}

/** How many cores a portion keeps busy on average. */
export const cores = ({ seconds, cpuSeconds }: Cost) => cpuSeconds / Math.max(seconds, 0.1);

export interface Room {
  readonly lanes: number;
  readonly cores: number;
}

/**
 * The longest waiting portion that the cores still have time for beside the running ones; undefined: none now. Work that mostly waits for
 * servers so runs beside work that computes, and nothing is late because too much was started. Where nothing runs, the longest starts.
 */
export function next(waiting: readonly Portion[], running: readonly Portion[], room: Room): Portion | undefined {
  if (running.length === 0) return waiting[0];
  if (running.length >= room.lanes) return undefined;
  const free = room.cores - running.reduce((sum, portion) => sum + cores(portion), 0);
  return waiting.find((portion) => cores(portion) <= free);
}
