import { type ChosenCandidate, chooseCandidate } from '../topology/candidate.ts';
import type { ClusterSnapshot } from '../topology/cluster.ts';
import { dependantsOf, memberOf, replicasOf } from '../topology/cluster.ts';
import {
  hasSeveralSources,
  type Instance,
  replicating,
  sourceKey,
  type WatchedInstance,
} from '../topology/instance.ts';
import { type InstanceKey, keyText, sameKey } from '../topology/instance-key.ts';
import { hasUnapplied, holdsAllReceived, missingFrom } from '../topology/received.ts';
import { whyCannotReplicateFrom } from '../topology/replication-rules.ts';
import type { RecoveryKind } from './book.ts';

/** One act on one server. Executed in order; `attach` and `forget` steps that stand side by side run in parallel. */
export type Step =
  | { readonly kind: 'fence'; readonly target: InstanceKey; readonly mustSucceed: boolean }
  | { readonly kind: 'drain'; readonly target: InstanceKey; readonly limitMs: number }
  | { readonly kind: 'feed'; readonly target: InstanceKey; readonly from: InstanceKey; readonly limitMs: number }
  | { readonly kind: 'promote'; readonly target: InstanceKey; readonly semiSync: boolean }
  | { readonly kind: 'forget'; readonly target: InstanceKey }
  | { readonly kind: 'catchUp'; readonly target: InstanceKey; readonly holder: InstanceKey; readonly limitMs: number }
  | { readonly kind: 'attach'; readonly target: InstanceKey; readonly source: InstanceKey }
  | { readonly kind: 'detach'; readonly target: InstanceKey };

export interface PlanOptions {
  readonly preventCrossDataCenter: boolean;
  readonly preventCrossRegion: boolean;
  readonly lowerVersionAllowed: boolean;
  readonly verifyFilters: boolean;
  readonly reasonableMaintenanceLagSeconds: number;
  /** 0: lag does not matter. */
  readonly maxLagSeconds: number;
  readonly drainLimitMs: number;
  readonly failIfNotApplied: boolean;
  readonly applyPromotion: boolean;
  readonly detachLost: boolean;
  /** Of a pair of co-primaries, the surviving one leads or nobody does. */
  readonly mustPromoteOtherCoPrimary: boolean;
  readonly isBanned: (key: InstanceKey) => boolean;
}

export interface LostReplica {
  readonly key: InstanceKey;
  readonly reason: string;
  /** Unreachable servers cannot be detached. */
  readonly reachable: boolean;
}

export type FailoverPlan =
  | {
      readonly kind: 'promote';
      readonly cluster: string;
      readonly failed: InstanceKey;
      readonly successor: InstanceKey;
      readonly why: readonly string[];
      readonly steps: readonly Step[];
      readonly lost: readonly LostReplica[];
      /** What a replica, or a primary that still answers, holds and the successor will not. Empty: nothing is at risk. */
      readonly atRisk: string;
    }
  | {
      readonly kind: 'none';
      readonly cluster: string;
      readonly failed: InstanceKey;
      readonly reasons: readonly string[];
    };

export interface FailoverRequest {
  readonly snapshot: ClusterSnapshot;
  readonly failed: InstanceKey;
  readonly designated?: InstanceKey;
  /** The old primary still answers: it must be made read-only, or nothing happens. */
  readonly primaryAnswers: boolean;
  readonly fence: boolean;
  /** The replicas of the failed server as read last, where that is not what the snapshot says. */
  readonly replicas?: readonly WatchedInstance[];
  /** Who replaced the source above a dead intermediate primary, where that one was replaced. */
  readonly heir?: WatchedInstance | undefined;
  readonly options: PlanOptions;
}

/** What to do about a failed server. Pure: the same answer serves the plan's readers and the runner. */
export function planRecovery(kind: RecoveryKind, request: FailoverRequest): FailoverPlan {
  switch (kind) {
    case 'primary':
      return planPrimaryFailover(request);
    case 'coPrimary':
      return planPrimaryFailover({ ...request, ...otherCoPrimary(request) });
    case 'intermediatePrimary':
      return planIntermediateRecovery(request);
  }
}

/** The other one of the pair leads if the operator wants that, or if it takes writes already. */
function otherCoPrimary({ snapshot, failed, options }: FailoverRequest): { readonly designated?: InstanceKey } {
  const dead = memberOf(snapshot, failed)?.instance;
  const partnerKey = dead && sourceKey(dead);
  const partner = partnerKey && memberOf(snapshot, partnerKey)?.instance;
  if (partner === undefined) return {};
  return options.mustPromoteOtherCoPrimary || !partner.readOnly ? { designated: partner.key } : {};
}

export function planPrimaryFailover(request: FailoverRequest): FailoverPlan {
  const { snapshot, failed, options } = request;
  const none = (reasons: readonly string[]): FailoverPlan => ({
    kind: 'none',
    cluster: snapshot.name,
    failed,
    reasons,
  });
  const replicas = request.replicas ?? dependantsOf(snapshot, failed);
  const usable = replicas.filter((replica) => replica.valid && !hasSeveralSources(replica.instance));
  const reachable = usable.map((replica) => replica.instance);
  if (reachable.length === 0) return none(['no reachable replica', ...replicas.flatMap(severalSources)]);

  const choice = chooseCandidate({
    failed: memberOf(snapshot, failed)?.instance,
    replicas: reachable,
    ...(request.designated === undefined ? {} : { designated: request.designated }),
    options,
  });
  if (choice.kind === 'none') {
    return none([...choice.reasons, ...choice.excluded.map(({ key, reason }) => `${keyText(key)}: ${reason}`)]);
  }
  const { candidate, mostAdvanced } = choice;
  if (options.failIfNotApplied && hasUnapplied(candidate)) {
    return none([`${keyText(candidate.key)} received transactions that it has not applied`]);
  }

  const lost: LostReplica[] = replicas
    .filter((replica) => !usable.includes(replica))
    .map((replica) => ({
      key: replica.instance.key,
      reason: severalSources(replica)[0] ?? 'unreachable',
      reachable: false, // and so never detached
    }));
  const attach: Step[] = [];
  for (const replica of reachable) {
    if (sameKey(replica.key, candidate.key)) continue;
    const reason = whyNotAttach(replica, choice);
    if (reason === undefined) attach.push({ kind: 'attach', target: replica.key, source: candidate.key });
    else lost.push({ key: replica.key, reason, reachable: true });
  }

  const fed = !sameKey(mostAdvanced.key, candidate.key);
  const steps: Step[] = [
    ...(request.fence ? [{ kind: 'fence', target: failed, mustSucceed: request.primaryAnswers } as const] : []),
    ...(fed
      ? [
          { kind: 'drain', target: mostAdvanced.key, limitMs: options.drainLimitMs } as const,
          { kind: 'feed', target: candidate.key, from: mostAdvanced.key, limitMs: options.drainLimitMs } as const,
        ]
      : []),
    { kind: 'drain', target: candidate.key, limitMs: options.drainLimitMs },
    ...(options.applyPromotion ? promotion(candidate) : []),
    ...attach,
    ...(options.detachLost
      ? lost.filter((replica) => replica.reachable).map(({ key }) => ({ kind: 'detach', target: key }) as const)
      : []),
  ];
  return {
    kind: 'promote',
    cluster: snapshot.name,
    failed,
    successor: candidate.key,
    why: choice.reasons,
    steps,
    lost,
    atRisk: choice.diverged
      .map((replica) => `${keyText(replica.key)}: ${missingFrom(mostAdvanced, replica)}`)
      .concat(unreceived(memberOf(snapshot, failed), mostAdvanced))
      .join('; '),
  };
}

function severalSources({ instance }: WatchedInstance): readonly string[] {
  return hasSeveralSources(instance) ? [`${keyText(instance.key)} replicates from several sources`] : [];
}

/** Writable first: letting go of the dead source can take seconds where the receiver is just trying to reach it. */
const promotion = ({ key: target, semiSyncPriority }: Instance): readonly Step[] => [
  { kind: 'promote', target, semiSync: semiSyncPriority > 0 },
  { kind: 'forget', target },
];

/** What a primary that still answers wrote and nobody is known to have received: it would go down with it now. */
function unreceived(failed: WatchedInstance | undefined, mostAdvanced: Instance): readonly string[] {
  if (failed === undefined || !failed.valid) return [];
  const missing = missingFrom(mostAdvanced, failed.instance);
  return missing === '' ? [] : [`${keyText(failed.instance.key)}, at the last reads: ${missing}`];
}

/** A server that holds what neither the candidate nor its feeder holds is kept aside, never overwritten. */
function whyNotAttach(replica: Instance, { candidate, mostAdvanced, diverged, cannotFollow }: ChosenCandidate) {
  if (diverged.includes(replica))
    return `holds transactions that ${keyText(candidate.key)} does not: ${missingFrom(mostAdvanced, replica)}`;
  return cannotFollow.find(({ key }) => sameKey(key, replica.key))?.reason;
}

/**
 * Where the replicas of a dead intermediate primary go, each by itself: below a sibling of the dead one that can serve it
 * (a preferred one first, then one in the same place), else below their grandparent. A target that lacks what a replica
 * received is given the time to receive it from above first: a MariaDB source refuses replicas that know more.
 */
export function planIntermediateRecovery(request: FailoverRequest): FailoverPlan {
  const { snapshot, failed, options } = request;
  const none = (reasons: readonly string[]): FailoverPlan => ({
    kind: 'none',
    cluster: snapshot.name,
    failed,
    reasons,
  });
  const dead = memberOf(snapshot, failed)?.instance;
  const above = dead && sourceKey(dead);
  if (dead === undefined || above === undefined) return none(['the source above the failed server is not known']);
  const replicas = request.replicas ?? dependantsOf(snapshot, failed);
  const orphans = replicas.filter(({ valid }) => valid).map(({ instance }) => instance);
  if (orphans.length === 0) return none(['no reachable replica']);
  const targets = intermediateTargets(request, dead, above);
  if (targets.length === 0) return none(['neither a sibling nor the source above can be reached']);

  const homes = orphans.map((orphan) => homeOf(orphan, targets, options));
  const [first] = homes.flatMap(({ target }) => target ?? []);
  if (first === undefined) return none(homes.flatMap(({ reasons }) => reasons));
  const moves = homes.flatMap(({ orphan, target }) => (target === undefined ? [] : [{ orphan, target }]));
  const catchUps = moves
    .filter(({ orphan, target }) => !holdsAllReceived(target, orphan))
    .map(({ orphan, target }) => catchUp(target.key, orphan.key, options.drainLimitMs));
  return {
    kind: 'promote',
    cluster: snapshot.name,
    failed,
    successor: first.key,
    why: [sameKey(first.key, above) ? 'the source above the failed server' : 'a sibling that can serve its replicas'],
    steps: [
      ...catchUps,
      ...moves.map(({ orphan, target }) => ({ kind: 'attach', target: orphan.key, source: target.key }) as const),
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

function intermediateTargets({ snapshot, failed, options, heir }: FailoverRequest, dead: Instance, above: InstanceKey) {
  const siblings = replicasOf(snapshot, above)
    .filter(({ valid, instance }) => valid && !sameKey(instance.key, failed) && !options.isBanned(instance.key))
    .map(({ instance }) => instance)
    .filter((instance) => replicating(instance))
    .sort((a, b) => siblingRank(a, dead) - siblingRank(b, dead));
  const last = [memberOf(snapshot, above), heir].filter((member) => member?.valid);
  return [...siblings, ...last.flatMap((member) => member?.instance ?? [])];
}

function homeOf(orphan: Instance, targets: readonly Instance[], options: PlanOptions) {
  const reasons: string[] = [];
  for (const target of targets) {
    const reason = whyCannotReplicateFrom(orphan, target, options);
    if (reason === undefined) return { orphan, target, reasons };
    reasons.push(reason);
  }
  return { orphan, target: undefined, reasons };
}

function siblingRank(sibling: Instance, dead: Instance): number {
  const preferred = sibling.promotionRule === 'must' || sibling.promotionRule === 'prefer';
  const near = sibling.dataCenter === dead.dataCenter && sibling.physicalEnvironment === dead.physicalEnvironment;
  return (preferred ? 0 : 2) + (near ? 0 : 1);
}
