// The files of the logs of one server: which there are, and in which order they are read.

import type { BinlogCoordinates, Instance } from '../topology/instance.ts';
import type { LogFiles } from '../topology/pseudo-gtid-search.ts';
import type { EventLog, LogKind } from './ports.ts';

/** Relay logs have no list: how far back they are looked for. */
const RELAY_LOGS_MAX = 1_000;

/** How far a server has got in a log of its own: in a relay log, what it has applied. */
export function standsAt({ ownCoordinates, replication }: Instance, kind: LogKind): BinlogCoordinates {
  return kind === 'relay' && replication !== undefined ? replication.relay : ownCoordinates;
}

/** Names are numbered one by one; those that are gone hold nothing. */
export function relayLogs({ replication }: Instance): readonly string[] {
  const newest = replication?.relay.file ?? '';
  const last = Number(/\.(\d+)$/.exec(newest)?.[1] ?? 0);
  const length = Math.min(last, RELAY_LOGS_MAX + 1);
  return Array.from({ length }, (_, at) => neighbour(newest, at + 1 - length));
}

/** Those as well that hold what was received and is not applied yet. */
export async function relayLogsUpToNow(log: EventLog, instance: Instance): Promise<readonly string[]> {
  const files = [...relayLogs(instance)];
  while (files.length > 0 && files.length < 2 * RELAY_LOGS_MAX) {
    const next = neighbour(files.at(-1) ?? '', 1);
    const first = await log.events('relay', next)[Symbol.asyncIterator]().next();
    if (first.done === true) break;
    files.push(next);
  }
  return files;
}

/** The file of a log that is so many further. */
function neighbour(file: string, distance: number): string {
  const [, base = '', number = ''] = /^(.+\.)(\d+)$/.exec(file) ?? [];
  return base + String(Number(number) + distance).padStart(number.length, '0');
}

/** What was logged later is not looked at. */
export function upTo(files: readonly string[], { file }: BinlogCoordinates): readonly string[] {
  const at = files.indexOf(file);
  return at < 0 ? files : files.slice(0, at + 1);
}

export function filesOf(log: EventLog, kind: LogKind, names: readonly string[]): LogFiles {
  return { names, read: (file) => log.events(kind, file) };
}

/** From a place to the end of the newest file. */
export async function* eventsFrom(
  log: EventLog,
  kind: LogKind,
  files: readonly string[],
  { file, position }: BinlogCoordinates,
) {
  yield* log.events(kind, file, position);
  for (const next of files.slice(files.indexOf(file) + 1)) yield* log.events(kind, next);
}
