// The newest marker of one server, and the same one in the log of another. Files are looked through from the newest backwards, each from
// its beginning.

import type { BinlogCoordinates } from './instance.ts';
import { type LogEvent, type MarkerSettings, markerTest } from './pseudo-gtid-event.ts';

export interface Marker {
  readonly at: BinlogCoordinates;
  readonly text: string;
}

/** The files of one log. */
export interface LogFiles {
  /** Oldest first. */
  readonly names: readonly string[];
  /** Events of one file, at most; none where the file is gone. */
  read(file: string): AsyncIterable<LogEvent>;
}

/** @param before events at or behind this place do not count */
export function lastMarker(
  files: LogFiles,
  settings: MarkerSettings,
  before?: BinlogCoordinates,
): Promise<Marker | undefined> {
  const isMarker = markerTest(settings);
  return newestFirst(files, async (events) => {
    let last: Marker | undefined;
    for await (const { at, type, ...event } of events) {
      if (before !== undefined && at.file === before.file && at.position >= before.position) break;
      if (isMarker({ at, type, ...event })) last = { at, text: event.info };
    }
    return last;
  });
}

/**
 * The marker with that very text.
 *
 * @param exhaustive looks also into files whose markers all seem to be newer
 * @throws {Error} where a file has it more than once: which of them is meant cannot be told
 */
export function twinOf(
  files: LogFiles,
  text: string,
  settings: MarkerSettings,
  exhaustive = false,
): Promise<Marker | undefined> {
  const isMarker = markerTest(settings);
  const { monotonicHint } = settings;
  const grows = !exhaustive && monotonicHint !== '' && text.includes(monotonicHint);
  return newestFirst(files, async (events) => {
    let found: Marker | undefined;
    let first = true;
    for await (const event of events) {
      if (event.info === text) {
        if (found !== undefined) throw new Error(`"${text}" is in ${event.at.file} more than once`);
        found = { at: event.at, text };
      }
      if (first && grows && isMarker(event)) {
        if (event.info > text) return undefined;
        first = false;
      }
    }
    return found;
  });
}

async function newestFirst(
  { names, read }: LogFiles,
  look: (events: AsyncIterable<LogEvent>) => Promise<Marker | undefined>,
): Promise<Marker | undefined> {
  for (const file of [...names].reverse()) {
    const found = await look(read(file));
    if (found !== undefined) return found;
  }
  return undefined;
}
