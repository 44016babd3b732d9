// New homes for replicas whose source is gone, and is not replaced: each goes by itself. Pure.

import { dependantsOf, replicasOf } from '../../topology/cluster.ts';
import { type Instance, sourceKey } from '../../topology/instance.ts';
import type { InstanceKey } from '../../topology/instance-key.ts';
import { holdsAllReceived } from '../../topology/received.ts';
import { whyCannotReplicateFrom, whyNoPlace } from '../../topology/replication-rules.ts';
import { readsLogOf } from '../../topology/same-log.ts';
import type { FailoverPlan, FailoverRequest, Step } from '../plan.ts';
import { attachment } from './attachment.ts';
import { noPlan } from './no-plan.ts';
import { type Placing, placingBelow } from './place.ts';

/**
 * Each replica goes to the first of the targets that it can follow. One that lacks what a replica received is given the time to
 * receive it from above first: a MariaDB source refuses replicas that know more.
 *
 * @param why in words, of the target that most is told of
 */
export function planOrphans(
  request: FailoverRequest,
  targets: readonly Instance[],
  why: (first: InstanceKey) => string,
): FailoverPlan {
  const { snapshot, failed, options } = request;
  const replicas = request.replicas ?? dependantsOf(snapshot, failed);
  const orphans = replicas.filter(({ valid }) => valid).map(({ instance }) => instance);
  if (orphans.length === 0) return noPlan(request, ['no reachable replica']);
  const homes = orphans.map((orphan) => homeOf(orphan, targets, request));
  const [first] = homes.flatMap(({ target }) => target ?? []);
  if (first === undefined)
    return noPlan(
      request,
      homes.flatMap(({ reasons }) => reasons),
    );
  const moves = homes.flatMap(({ orphan, target, by }) => (target === undefined ? [] : [{ orphan, target, by }]));
  const catchUps = moves
    .filter(({ by }) => by?.includes('markers') !== true) // who is matched waits for what it finds missing
    .filter(({ orphan, target }) => mayReceive(target) && !holdsAllReceived(target, orphan))
    .map(({ orphan, target }) => catchUp(target.key, orphan.key, options.drainLimitMs));
  const attachments = moves.map(({ orphan, target, by }) => {
    const already = replicasOf(snapshot, target.key).map(({ instance }) => instance);
    const coming = moves.filter((move) => move.target === target).map((move) => move.orphan);
    return attachment(orphan, target, [...already, ...coming], options, { by, otherwise: 'resume' });
  });
  return {
    kind: 'promote',
    cluster: snapshot.name,
    failed,
    successor: first.key,
    why: [why(first.key)],
    steps: [
      ...catchUps,
      ...attachments.filter(({ postponed }) => !postponed),
      ...attachments.filter(({ postponed }) => postponed),
    ],
    lost: [
      ...replicas
        .filter(({ valid }) => !valid)
        .map(({ instance }) => ({ key: instance.key, reason: 'unreachable', reachable: false })),
      ...homes
        .filter(({ target }) => target === undefined)
        .map(({ orphan, reasons }) => ({ key: orphan.key, reason: reasons.join('; '), reachable: true })),
    ],
    atRisk: '',
  };
}

const catchUp = (target: InstanceKey, holder: InstanceKey, limitMs: number): Step => ({
  kind: 'catchUp',
  target,
  holder,
  limitMs,
});

/** Nothing comes to a primary, and whoever waits for that waits in vain. */
function mayReceive(target: Instance): boolean {
  return sourceKey(target) !== undefined || target.group !== undefined;
}

function homeOf(orphan: Instance, targets: readonly Instance[], { snapshot, options }: FailoverRequest) {
  const reasons: string[] = [];
  for (const target of targets) {
    const no = whyCannotReplicateFrom(orphan, target, options);
    const placing: Placing =
      whyNoPlace(orphan, target) !== undefined && readsLogOf(snapshot, orphan, target)
        ? { kind: 'placed', by: ['sameLog'] }
        : placingBelow(orphan, target, { gone: undefined, located: false, options });
    if (no === undefined && placing.kind === 'placed') return { orphan, target, by: placing.by, reasons };
    reasons.push(no ?? (placing.kind === 'none' ? placing.reason : ''));
  }
  return { orphan, target: undefined, by: undefined, reasons };
}
