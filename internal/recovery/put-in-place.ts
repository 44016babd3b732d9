// Gives a replica that goes by file and position its place in the log of its next source, or puts it aside with the place that it had.

import { errorText, OrchestratorError } from '../runtime/errors.ts';
import type { BinlogCoordinates, Instance, ReplicationStatus } from '../topology/instance.ts';
import { type InstanceKey, keyText, sameKey } from '../topology/instance-key.ts';
import { type Located, whyNotHalted, whyNotThere } from './located.ts';
import { isLost } from './mandate.ts';
import { HALT_MS } from './plan/attachment.ts';
import type { PlaceBy } from './plan/place.ts';
import type { Step } from './plan.ts';
import type { Match, ServerSession } from './ports.ts';

export type Placed = Extract<Step, { kind: 'attach' }> & { readonly by: readonly PlaceBy[] };

export interface PlaceMeans {
  /** Undefined: it was not found, or not on the next source. */
  readonly located: Located | undefined;
  /** Undefined: nobody compares logs here. */
  readonly match: Match | undefined;
  readonly probe: (key: InstanceKey) => Promise<Instance>;
}

/**
 * The replication of one that is not below its next source yet; undefined: an earlier attempt has pointed it there. Changes nothing.
 *
 * @throws {OrchestratorError} it is not known, or no replica
 */
export async function unplaced(
  { target, source, by }: Placed,
  session: ServerSession,
  { probe }: PlaceMeans,
): Promise<ReplicationStatus | undefined> {
  const { replication } = await session.read();
  if (replication === undefined) throw failed(`${keyText(target)} is no replica`);
  if (sameKey(replication.source, source)) return undefined;
  // a binlog server may have the UUID of who wrote its log
  if (by.includes('sameLog') || replication.sourceUuid === '') return replication;
  return (await probe(source)).serverUuid === replication.sourceUuid ? undefined : replication; // by another name
}

/**
 * Points a replica to its next source. It stays halted.
 *
 * @param before as `unplaced` found it
 * @throws {OrchestratorError} why no way leads there: it may be halted, and has its old source still, or nobody said what came of it
 */
export async function putInPlace(
  step: Placed,
  before: ReplicationStatus,
  session: ServerSession,
  means: PlaceMeans,
  signal: AbortSignal,
): Promise<void> {
  await session.pointTo(step.source, undefined, await placeFor(step, before, session, means, signal));
}

/**
 * What becomes of one for which that failed. It gets a session of its own, since the one in which it failed may be over.
 *
 * @param before as `unplaced` found it
 */
export async function putAside(
  { otherwise }: Placed,
  before: ReplicationStatus,
  session: ServerSession,
): Promise<void> {
  const { replication } = await session.read();
  const isThere = replication !== undefined && !sameKey(replication.source, before.source); // only the answer got lost
  if (otherwise === 'resume' || isThere) await session.startReplication();
  else if (otherwise === 'detach') await session.detachSource();
}

async function placeFor(
  { target, source, by, limitMs = 0 }: Placed,
  { delaySeconds }: ReplicationStatus,
  session: ServerSession,
  means: PlaceMeans,
  signal: AbortSignal,
): Promise<BinlogCoordinates | 'gtid'> {
  const onlyThere = by.every((way) => way === 'position');
  if (onlyThere) mustBeLocated(means);
  const drainMs = onlyThere ? limitMs : Math.max(0, limitMs - HALT_MS);
  const waits = delaySeconds > 0; // as long as it is told to: it goes on from where it is
  if (!waits && !(await session.drain(drainMs)))
    throw failed(`${keyText(target)} did not apply what was received within ${drainMs} ms`);
  // before it is halted, which takes MySQL a minute where it has the beginning of a transaction
  if (onlyThere) placeOf(await session.read(), means);
  await session.stopReplication();
  const halted = await session.read();
  const reasons: string[] = [];
  for (const way of by) {
    try {
      if (way === 'gtid') return way;
      if (way === 'sameLog') return ownPlaceOf(halted);
      return way === 'position' ? haltedPlaceOf(halted, means) : await byMarkers(halted, source, means, signal);
    } catch (err) {
      signal.throwIfAborted();
      if (isLost(err)) throw err;
      reasons.push(errorText(err));
    }
  }
  throw failed(reasons.join('; '));
}

/** What it has received and not applied is sent once more by its next source. */
function ownPlaceOf({ key, replication }: Instance): BinlogCoordinates {
  if (replication === undefined || replication.executed.file === '')
    throw failed(`${keyText(key)} tells no position of its source`);
  return replication.executed;
}

function mustBeLocated({ located }: PlaceMeans): Located {
  if (located === undefined) throw failed('where the log of its next source stood is not known');
  return located;
}

function placeOf(replica: Instance, means: PlaceMeans): BinlogCoordinates {
  const located = mustBeLocated(means);
  const no = whyNotThere(replica, located);
  if (no !== undefined) throw failed(no);
  return located.place;
}

function haltedPlaceOf(replica: Instance, means: PlaceMeans): BinlogCoordinates {
  const no = whyNotHalted(replica);
  if (no !== undefined) throw failed(no);
  return placeOf(replica, means);
}

async function byMarkers(
  halted: Instance,
  source: InstanceKey,
  { match, probe }: PlaceMeans,
  signal: AbortSignal,
): Promise<BinlogCoordinates> {
  if (match === undefined) throw failed('logs are not compared here');
  return match(halted, await probe(source), signal);
}

function failed(message: string): OrchestratorError {
  return new OrchestratorError('RECOVERY_FAILED', message);
}
