import { type CandidateInput, type ChosenCandidate, chooseCandidate, type NoCandidate } from '../topology/candidate.ts';
import type { ClusterSnapshot } from '../topology/cluster.ts';
import { dependantsOf, memberOf } from '../topology/cluster.ts';
import { hasSeveralSources, type Instance, sourceKey, type WatchedInstance } from '../topology/instance.ts';
import { type InstanceKey, keyText, sameKey } from '../topology/instance-key.ts';
import { hasUnapplied, missingFrom } from '../topology/received.ts';
import { groupOf } from '../topology/replication-group.ts';
import { whyNoPlace } from '../topology/replication-rules.ts';
import type { SemiSyncAtStart } from '../topology/semi-sync.ts';
import type { RecoveryKind } from './kinds.ts';
import { attachment, semiSyncBelow } from './plan/attachment.ts';
import { type BinlogServerStep, planThroughBinlogServers } from './plan/binlog-servers.ts';
import { byPosition } from './plan/demoted.ts';
import { planGroupMember } from './plan/group-member.ts';
import { planIntermediateRecovery } from './plan/intermediate.ts';
import { type PlaceBy, type Placing, placingBelow } from './plan/place.ts';
import { planReadOnlyPrimary } from './plan/read-only.ts';
import { planSemiSync, type SemiSyncRecovery } from './plan/semi-sync.ts';

/** One act on one server. Executed in order; `attach` and `forget` steps that stand side by side run in parallel. */
export type Step =
  | { readonly kind: 'fence'; readonly target: InstanceKey; readonly mustSucceed: boolean }
  | { readonly kind: 'drain'; readonly target: InstanceKey; readonly limitMs: number }
  | { readonly kind: 'feed'; readonly target: InstanceKey; readonly from: InstanceKey; readonly limitMs: number }
  /** Changes nothing: notes where the log of the old source ends on this server, and where its own log stands. */
  | { readonly kind: 'locate'; readonly target: InstanceKey }
  | { readonly kind: 'promote'; readonly target: InstanceKey; readonly semiSync: boolean }
  | { readonly kind: 'forget'; readonly target: InstanceKey }
  | { readonly kind: 'catchUp'; readonly target: InstanceKey; readonly holder: InstanceKey; readonly limitMs: number }
  | {
      readonly kind: 'attach';
      readonly target: InstanceKey;
      readonly source: InstanceKey;
      readonly semiSync?: SemiSyncAtStart;
      /** It has long to go before it serves anybody: nobody waits for it. */
      readonly postponed?: true;
      /** By file and position: ways to find its place, tried in this order. */
      readonly by?: readonly PlaceBy[];
      /** What it gets to apply what it has received, and to come to a halt. */
      readonly limitMs?: number;
      /** What becomes of it where no way leads there; undefined: it stays halted. */
      readonly otherwise?: 'detach' | 'resume';
    }
  /** A replaced primary that answers follows its successor, unless it holds what that one lacks. */
  | {
      readonly kind: 'demote';
      readonly target: InstanceKey;
      readonly source: InstanceKey;
      readonly start: boolean;
      readonly semiSync?: SemiSyncAtStart;
      /** It has no GTIDs: where its successor had applied the last of its log. */
      readonly by?: 'position';
    }
  | { readonly kind: 'detach'; readonly target: InstanceKey }
  /** Whether a server lets its writes wait for acknowledgements, or acknowledges those of its source. */
  | { readonly kind: 'semiSyncSource' | 'semiSyncReplica'; readonly target: InstanceKey; readonly enabled: boolean }
  /** Changes nothing: a primary has so many acknowledging replicas, or what follows is not done. */
  | {
      readonly kind: 'acknowledged';
      readonly target: InstanceKey;
      readonly atLeast: number;
      readonly limitMs: number;
    }
  /** A transaction that changes nothing: its acknowledgement stands for those of all writes before it. */
  | { readonly kind: 'nudge'; readonly target: InstanceKey }
  /** A primary that is read-only takes writes. */
  | { readonly kind: 'open'; readonly target: InstanceKey; readonly semiSync: boolean }
  /** A primary that took writes stops to take them; `reopen` undoes that. In front of a plan, never part of one. */
  | { readonly kind: 'quiesce' | 'reopen'; readonly target: InstanceKey }
  | BinlogServerStep;

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
  /** Pseudo-GTID: logs can be compared. */
  readonly matches: boolean;
  /** Of a pair of co-primaries, the surviving one leads or nobody does. */
  readonly mustPromoteOtherCoPrimary: boolean;
  readonly isBanned: (key: InstanceKey) => boolean;
  readonly semiSync: SemiSyncRecovery;
  /** A replica that is this far behind, by delay or by lag, is attached last; 0: none is. */
  readonly postponeLagSeconds: number;
  /** Where `applyPromotion` is off: whether the chosen one is cut off from the dead one. */
  readonly detachPromoted: boolean;
  /** How long a primary gets to hear from replicas that were switched on. */
  readonly acknowledgeLimitMs: number;
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
  /** The old primary becomes a replica of the new one, started or not. */
  readonly demote?: { readonly start: boolean };
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
      return planThroughBinlogServers(request) ?? planPrimaryFailover(request);
    case 'coPrimary':
      return planPrimaryFailover({ ...otherCoPrimary(request), ...request });
    case 'intermediatePrimary':
      return planIntermediateRecovery(request);
    case 'groupMember':
      return planGroupMember(request);
    case 'lockedSemiSync':
    case 'surplusSemiSync':
      return planSemiSync(request);
    case 'readOnlyPrimary':
      return planReadOnlyPrimary(request);
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
  const known = memberOf(snapshot, failed);
  if (known !== undefined && groupOf(known.instance) !== undefined)
    return none([`${keyText(failed)} is a member of a replication group, which chooses its primary by itself`]);
  const replicas = request.replicas ?? dependantsOf(snapshot, failed);
  const usable = replicas.filter((replica) => replica.valid && !hasSeveralSources(replica.instance));
  const reachable = usable.map((replica) => replica.instance);
  if (reachable.length === 0) return none(['no reachable replica', ...replicas.flatMap(severalSources)]);

  const choice = chooseFed({
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
  const followers = new Map<Instance, readonly PlaceBy[] | undefined>();
  for (const replica of reachable) {
    if (sameKey(replica.key, candidate.key)) continue;
    const placing = placingOf(replica, choice, request);
    if (placing.kind === 'placed') followers.set(replica, placing.by);
    else lost.push({ key: replica.key, reason: placing.reason, reachable: true });
  }

  const all = [...followers.keys()];
  const otherwise = options.detachLost ? ({ otherwise: 'detach' } as const) : {};
  const attachments = [...followers].map(([one, by]) => attachment(one, candidate, all, options, { by, ...otherwise }));
  const demoted = options.applyPromotion ? demotion(request, candidate, all) : [];
  const locates = [...attachments, ...demoted].some((step) => 'by' in step && step.by?.includes('position'));
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
    ...(locates ? [{ kind: 'locate', target: candidate.key } as const] : []),
    ...(options.applyPromotion ? promotion(candidate, demoted) : []),
    ...(options.detachPromoted && !options.applyPromotion ? [{ kind: 'detach', target: candidate.key } as const] : []),
    ...attachments.filter(({ postponed }) => !postponed),
    ...(options.detachLost
      ? lost.filter((replica) => replica.reachable).map(({ key }) => ({ kind: 'detach', target: key }) as const)
      : []),
    ...attachments.filter(({ postponed }) => postponed),
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

/** Who cannot be fed by the one that received the most gives way to that one. */
function chooseFed(input: CandidateInput): ChosenCandidate | NoCandidate {
  const choice = chooseCandidate(input);
  if (choice.kind === 'none' || sameKey(choice.candidate.key, choice.mostAdvanced.key)) return choice;
  const no = whyNoPlace(choice.candidate, choice.mostAdvanced);
  if (no === undefined) return choice;
  if (input.designated !== undefined) return { kind: 'none', reasons: [no], excluded: choice.excluded };
  return chooseCandidate({ ...input, designated: choice.mostAdvanced.key });
}

function severalSources({ instance }: WatchedInstance): readonly string[] {
  return hasSeveralSources(instance) ? [`${keyText(instance.key)} replicates from several sources`] : [];
}

/** Writable first: letting go of the dead source can take seconds where the receiver is just trying to reach it. */
const promotion = ({ key: target, semiSyncPriority }: Instance, demoted: readonly Step[]): readonly Step[] => [
  { kind: 'promote', target, semiSync: semiSyncPriority > 0 },
  ...demoted, // before its successor has forgotten with what it logged in
  { kind: 'forget', target },
];

function demotion(
  { snapshot, failed, demote, options }: FailoverRequest,
  candidate: Instance,
  followers: readonly Instance[],
): readonly Step[] {
  const old = memberOf(snapshot, failed)?.instance;
  if (demote === undefined || old === undefined) return [];
  const more = {
    ...semiSyncBelow(old, candidate, [...followers, old], options),
    ...(byPosition(old, candidate) ? ({ by: 'position' } as const) : {}),
  };
  return [{ kind: 'demote', target: failed, source: candidate.key, start: demote.start, ...more }];
}

/** What a primary that still answers wrote and nobody is known to have received: it would go down with it now. */
function unreceived(failed: WatchedInstance | undefined, mostAdvanced: Instance): readonly string[] {
  if (failed === undefined || !failed.valid) return [];
  const missing = missingFrom(mostAdvanced, failed.instance);
  return missing === '' ? [] : [`${keyText(failed.instance.key)}, at the last reads: ${missing}`];
}

/** A server that holds what neither the candidate nor its feeder holds is kept aside, never overwritten. */
function placingOf(
  replica: Instance,
  choice: ChosenCandidate,
  { snapshot, failed, options }: FailoverRequest,
): Placing {
  const { candidate, mostAdvanced, diverged, cannotFollow } = choice;
  const only = `holds transactions that ${keyText(candidate.key)} does not: ${missingFrom(mostAdvanced, replica)}`;
  const reason = diverged.includes(replica) ? only : cannotFollow.find(({ key }) => sameKey(key, replica.key))?.reason;
  if (reason !== undefined) return { kind: 'none', reason };
  const located = sameKey(candidate.key, mostAdvanced.key); // one that is fed has read another log
  return placingBelow(replica, candidate, { gone: memberOf(snapshot, failed)?.instance, located, options });
}
