// Where the log of a dead source ends on the server that takes its place, and where that one's own log stood then. Pure.

import { OrchestratorError } from '../runtime/errors.ts';
import { compareCoordinates } from '../topology/binlog-position.ts';
import type { BinlogCoordinates, Instance } from '../topology/instance.ts';
import { type InstanceKey, keyText, parseKey } from '../topology/instance-key.ts';
import { readSameLog } from '../topology/level.ts';
import { coordinatesText } from '../topology/move-steps.ts';

export interface Located {
  readonly server: InstanceKey;
  /** In its own binary log: whoever has applied the old log up to `end` goes on here. */
  readonly place: BinlogCoordinates;
  /** The old source, as its replica names it. */
  readonly source: InstanceKey;
  /** Empty: the replica does not know it. */
  readonly sourceUuid: string;
  /** In the log of the old source: all that was received, and all of it applied. */
  readonly end: BinlogCoordinates;
}

/**
 * Two reads of a drained replica, one right after the other, between which nothing has moved.
 *
 * @throws {OrchestratorError} `RECOVERY_FAILED`: why the two places do not belong together for certain
 */
export function locatedBy(first: Instance, second: Instance): Located {
  const no = whyMoving(first) ?? whyMoving(second) ?? whyMoved(first, second);
  const { key, ownCoordinates, replication } = first;
  if (no !== undefined || replication === undefined) throw failed(`${keyText(key)} ${no ?? 'is no replica'}`);
  const { source, sourceUuid, executed } = replication;
  return { server: key, place: ownCoordinates, source, sourceUuid, end: executed };
}

function whyMoving({ readOnly, ownCoordinates, replication }: Instance): string | undefined {
  if (!readOnly) return 'is not read-only: its log does not stand still';
  if (ownCoordinates.file === '') return 'has no binary log';
  if (replication === undefined) return 'is no replica';
  if (replication.receiver === 'running') return 'is receiving';
  const applied = compareCoordinates(replication.read, replication.executed) === 0;
  return applied ? undefined : 'has not applied all that it received';
}

function whyMoved(first: Instance, second: Instance): string | undefined {
  const [one, other] = [first.replication?.executed, second.replication?.executed];
  const still =
    one !== undefined &&
    other !== undefined &&
    compareCoordinates(one, other) === 0 &&
    compareCoordinates(first.ownCoordinates, second.ownCoordinates) === 0;
  return still ? undefined : 'does not stand still';
}

/** Why a drained replica of the old source does not stand there; undefined: it does. */
export function whyNotThere({ replication }: Instance, located: Located): string | undefined {
  if (replication === undefined) return 'is no replica';
  if (!readSameLog(replication, located)) return `follows ${keyText(replication.source)} by now`;
  const [read, executed] = [replication.read, replication.executed];
  if (compareCoordinates(executed, located.end) === 0 && compareCoordinates(read, located.end) === 0) return undefined;
  const has = `has applied ${coordinatesText(executed)} and received ${coordinatesText(read)}`;
  return `${has} of the log of ${keyText(located.source)}, ${keyText(located.server)} ${coordinatesText(located.end)}`;
}

/** Why it may move on all the same; undefined: it is halted. */
export function whyNotHalted({ replication }: Instance): string | undefined {
  const runs = replication?.receiver === 'running' || replication?.applier === 'running';
  return runs ? 'somebody started its replication meanwhile' : undefined;
}

/** The same for the old source itself, which takes no writes any more. */
export function whyNotItsEnd(source: Instance, { server, sourceUuid, end }: Located): string | undefined {
  if (source.serverUuid !== sourceUuid) return `${keyText(server)} did not follow it`;
  if (compareCoordinates(source.ownCoordinates, end) === 0) return undefined;
  return `its log ends at ${coordinatesText(source.ownCoordinates)}, and ${keyText(server)} has applied it up to ${coordinatesText(end)}`;
}

/** In the journal, where whoever takes over finds it. */
export function locatedText({ server, place, source, sourceUuid, end }: Located): string {
  const old = `log of ${keyText(source)} (${sourceUuid}) ends at ${coordinatesText(end)}`;
  return `locate ${keyText(server)}: ${old}, here at ${coordinatesText(place)}`;
}

const TEXT = /^locate (\S+): log of (\S+) \(([^)]*)\) ends at (.+):(\d+), here at (.+):(\d+)$/;

/** Of the steps that a recovery has begun: the last place that was found on this server. */
export function locatedIn(steps: readonly string[], server: InstanceKey): Located | undefined {
  for (const text of [...steps].reverse()) {
    const [, name = '', source = '', sourceUuid = '', endFile = '', endAt, file = '', at] = TEXT.exec(text) ?? [];
    if (name !== keyText(server)) continue;
    return {
      server,
      place: { file, position: Number(at) },
      source: parseKey(source),
      sourceUuid,
      end: { file: endFile, position: Number(endAt) },
    };
  }
  return undefined;
}

function failed(message: string): OrchestratorError {
  return new OrchestratorError('RECOVERY_FAILED', message);
}
