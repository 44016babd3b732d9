// The replicas of one server are put below the best of them. The server may be dead: its replicas tell what there is to know.

import { errorText, OrchestratorError } from '../runtime/errors.ts';
import { type ClusterSnapshot, replicasOf } from '../topology/cluster.ts';
import type { Instance } from '../topology/instance.ts';
import { type InstanceKey, keyText } from '../topology/instance-key.ts';
import type { MovePlan } from '../topology/move-steps.ts';
import { planRegroup, type Regroup, type RegroupMove, type RegroupWay } from '../topology/regroup-plan.ts';
import { inLanes } from './lanes.ts';
import type { OperationsDeps } from './operations.ts';
import type { OperationOutcome } from './requests.ts';

/** What the audit calls a sibling's move, by its method. */
const AUDITS: Readonly<Partial<Record<MovePlan['method'], string>>> = {
  GTID: 'move-below-gtid',
  'Pseudo-GTID': 'match-below',
};

/** Carries a plan out and writes the audit under this type. */
export type CarryOut = (plan: MovePlan, key: InstanceKey, audit: string) => Promise<unknown>;

export interface RegroupRoom extends Pick<OperationsDeps, 'refresh' | 'settings' | 'audit'> {
  /** As memory has it. @throws {OrchestratorError} `NOT_FOUND` */
  ends(key: InstanceKey): { readonly snapshot: ClusterSnapshot; readonly target: Instance };
  readonly move: CarryOut;
}

interface Wanted {
  readonly way: RegroupWay;
  /** What the audit calls it. */
  readonly audit: string;
  /** Whose replicas. */
  readonly target: InstanceKey;
}

/** @throws {OrchestratorError} `CONFLICT`: nothing was changed, or nothing could be moved; `OPERATION_FAILED`: the best one could not be made ready */
export async function regroup(
  room: RegroupRoom,
  { way, audit, target }: Wanted,
  signal: AbortSignal,
): Promise<OperationOutcome> {
  const { settings } = room;
  if (way === 'pseudo-gtid' && settings.pseudoGtid.marker.pattern === '')
    throw new OrchestratorError('CONFLICT', 'PseudoGTIDPattern is not set');
  const plan = planRegroup({ ...(await readReplicas(room, target, signal)), way, options: settings });
  if (plan.kind === 'refused') throw new OrchestratorError('CONFLICT', plan.reason);
  const { candidate, prepare } = plan;
  if (prepare !== undefined && plan.moves.length > 0) await room.move(prepare, candidate, audit);
  const { moved, failed } = await moveSiblings(room, plan);
  const stayed = plan.lost.map(({ key, reason }) => `${keyText(key)}: ${reason}`);
  const errors = [...stayed, ...failed];
  if (moved.length === 0 && plan.moves.length + stayed.length > 0 && !onlyUnreachable(plan))
    throw new OrchestratorError(
      'CONFLICT',
      `no replica could be put below ${keyText(candidate)}: ${errors.join('; ')}`,
    );
  const equal = moved.filter((one) => one.equal).length;
  const regrouped = { lost: errors.length, equal, moved: moved.length - equal };
  const counts =
    way === 'gtid'
      ? `lost: ${regrouped.lost}, moved: ${moved.length}`
      : `lost: ${regrouped.lost}, trivial: ${equal}, pseudo-gtid: ${regrouped.moved}`;
  const text = `promoted replica: ${keyText(candidate)}, ${counts}${errors.map((error) => `; ${error}`).join('')}`;
  room.audit(audit, target, `${text}; ${plan.why.join('; ')}`);
  return { subject: candidate, moved: moved.map(({ key }) => key), errors, text, regrouped };
}

/** The server itself last: what a replica is seen to have, a server that answers then has had before. */
export async function readReplicas(room: RegroupRoom, target: InstanceKey, signal: AbortSignal) {
  const key = await room.refresh(target, signal).then(
    (instance) => instance.key,
    () => target,
  );
  const before = room.ends(key);
  const known = replicasOf(before.snapshot, key).map(({ instance }) => instance.key);
  const reads = await Promise.allSettled(known.map((one) => room.refresh(one, signal)));
  const read = reads.flatMap((one) => (one.status === 'fulfilled' ? [one.value.key] : []));
  const silent = known.filter((_one, at) => reads[at]?.status === 'rejected');
  const sourceAnswers = await room.refresh(key, signal).then(
    () => true,
    () => false,
  );
  signal.throwIfAborted();
  const { snapshot, target: source } = room.ends(key);
  const replicas = read.map((one) => room.ends(one).target);
  const matches = room.settings.pseudoGtid.marker.pattern !== '';
  return { snapshot, source, sourceAnswers, replicas, silent, matches };
}

/** Those that go by GTID at the same time; where the candidate is halted for them, one by one. */
export async function moveSiblings(
  room: RegroupRoom,
  { moves }: Regroup,
): Promise<{ readonly moved: readonly RegroupMove[]; readonly failed: readonly string[] }> {
  const moved: RegroupMove[] = [];
  const failed: string[] = [];
  const run = async (one: RegroupMove): Promise<void> => {
    const audit = AUDITS[one.plan.method] ?? 'move-below';
    await room.move(one.plan, one.key, audit).then(
      () => moved.push(one),
      (err: unknown) => failed.push(`${keyText(one.key)}: ${errorText(err)}`),
    );
  };
  const alone = moves.filter(({ plan }) => plan.locks.length > 1);
  await inLanes(
    moves.filter((one) => !alone.includes(one)),
    room.settings.parallelMoves,
    run,
  );
  await inLanes(alone, 1, run);
  return { moved, failed };
}

/** The candidate is the only one left: it leads nobody, and that is an answer. */
function onlyUnreachable({ moves, lost }: Regroup): boolean {
  return moves.length === 0 && lost.every(({ reason }) => reason === 'unreachable');
}
