// Which binary logs may go: those that every replica has, running or not, and nobody reads of whom we know nothing.

import type { Clock } from '../runtime/clock.ts';
import { OrchestratorError } from '../runtime/errors.ts';
import { compareCoordinates } from '../topology/binlog-position.ts';
import { type ClusterSnapshot, replicasOf } from '../topology/cluster.ts';
import type { BinlogCoordinates, Instance } from '../topology/instance.ts';
import { type InstanceKey, keyText, sameKey } from '../topology/instance-key.ts';
import { channelsOf } from '../topology/received.ts';
import type { OperationsDeps } from './operations.ts';
import type { LogReader, OperatorSession } from './ports.ts';
import type { OperationRequest } from './requests.ts';

/** How long a server that keeps a log for a moment is looked at again. */
const KEPT_LIMIT_MS = 500;
const KEPT_PAUSE_MS = 50;

export interface Purge {
  readonly clock: Pick<Clock, 'monotonicMs' | 'sleep'>;
  readonly refresh: OperationsDeps['refresh'];
  readonly request: OperationRequest;
  /** As it was read before its replicas were asked. */
  readonly instance: Instance;
  readonly snapshot: ClusterSnapshot;
  readonly signal: AbortSignal;
}

/**
 * MariaDB keeps a log, without a word, until InnoDB has written what it may need it for after a crash:
 * https://mariadb.com/kb/en/purge-binary-logs/ and its binlog checkpoints.
 *
 * @returns up to which file, and what the server keeps of it
 * @throws {OrchestratorError} `CONFLICT`: somebody reads the logs of whom nobody knows how far
 */
export async function purge(session: OperatorSession, about: Purge): Promise<string> {
  const { clock, request, instance, signal } = about;
  if (request.force !== true) await mustBeKnown(await session.logReaders(), about);
  const file = purgedFile(request, instance);
  const end = clock.monotonicMs() + KEPT_LIMIT_MS;
  for (;;) {
    await session.purgeBinaryLogs(file);
    const kept = (await session.binaryLogNames()).filter((log) => isBefore(log, file));
    if (kept.length === 0) return file;
    if (clock.monotonicMs() >= end) return `${file}, but the server still uses ${kept.join(', ')} itself`;
    await clock.sleep(KEPT_PAUSE_MS, signal);
  }
}

function isBefore(log: string, file: string): boolean {
  return (compareCoordinates({ file: log, position: 0 }, { file, position: 0 }) ?? 0) < 0;
}

/** Where the server stood when its replicas were asked: logs it has begun since stay. */
function purgedFile({ file = 'latest' }: OperationRequest, { ownCoordinates }: Instance): string {
  return file === 'latest' ? ownCoordinates.file : file;
}

/** @throws {OrchestratorError} `CONFLICT`: a replica that is known has not executed, or not received, what would go */
export function mustNotBeNeeded(request: OperationRequest, instance: Instance, snapshot: ClusterSnapshot): void {
  if (request.force === true) return;
  const file = purgedFile(request, instance);
  const isPast = (at: BinlogCoordinates | undefined) =>
    at !== undefined && (compareCoordinates(at, { file, position: 0 }) ?? -1) > 0;
  for (const { key, replication } of knownReplicas(instance, snapshot)) {
    if (!isPast(replication?.executed)) throw unsafe(request, instance, `${keyText(key)} has not executed past it`);
    if (!isPast(replication?.read)) throw unsafe(request, instance, `${keyText(key)} has not received past it`);
  }
}

/** A reader is known by what it says of itself, whatever name it is reached under: by server UUID, or by server id where one of the two has none. */
async function mustBeKnown(readers: readonly LogReader[], about: Purge): Promise<void> {
  const { request, instance, snapshot, refresh, signal } = about;
  const known = knownReplicas(instance, snapshot);
  for (const reader of readers) {
    if (known.some((one) => isSame(reader, one))) continue;
    const member = snapshot.members.find((one) => isSame(reader, one.instance));
    if (member !== undefined && (await hasLeft(member.instance.key, instance, refresh, signal))) continue;
    const { host, serverId, uuid } = reader;
    const name = [`${host || 'an unnamed host'}`, ...(serverId > 0 ? [`server id ${serverId}`] : []), uuid];
    throw unsafe(request, instance, `nothing is known of its reader ${name.filter((part) => part !== '').join(', ')}`);
  }
}

/**
 * A server that receives from others has only left its session behind, which ends when it is next sent something. It is read for that once
 * more, since it may have come back; and its source is known by UUID where both have one, since a name may be one of several.
 */
export async function hasLeft(
  member: InstanceKey,
  { key, serverUuid }: Instance,
  refresh: OperationsDeps['refresh'],
  signal: AbortSignal,
): Promise<boolean> {
  const one = await refresh(member, signal).catch(() => undefined);
  signal.throwIfAborted();
  if (one?.replication?.receiver !== 'running') return false;
  return !channelsOf(one).some(
    ({ source, sourceUuid }) => sameKey(source, key) || (sourceUuid !== '' && sourceUuid === serverUuid),
  );
}

function isSame({ uuid, serverId }: LogReader, known: Instance): boolean {
  if (uuid !== '' && known.serverUuid !== '') return uuid === known.serverUuid.toLowerCase();
  return serverId > 0 && serverId === known.serverId;
}

function knownReplicas({ key }: Instance, snapshot: ClusterSnapshot): readonly Instance[] {
  return replicasOf(snapshot, key).map(({ instance }) => instance);
}

function unsafe(request: OperationRequest, instance: Instance, why: string): OrchestratorError {
  const logs = `unsafe to purge binary logs of ${keyText(instance.key)} up to ${purgedFile(request, instance)}`;
  return new OrchestratorError('CONFLICT', `${logs}: ${why}`);
}
