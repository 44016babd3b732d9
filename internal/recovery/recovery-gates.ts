import { dependantsOf, memberOf, replicasOf } from '../topology/cluster.ts';
import { type InstanceKey, keyText } from '../topology/instance-key.ts';
import type { RecoveryRecord } from './book.ts';
import { matchesClusterFilter } from './filters.ts';
import type { Gate } from './gates.ts';
import { KINDS } from './kinds.ts';
import type { FailoverPlan } from './plan.ts';
import { type SecondOpinion, secondOpinionGate } from './second-opinion.ts';
import type { Verdict } from './verdict.ts';

/** What probing knows about the silence of one server. */
export interface Evidence {
  readonly failures: number;
  readonly firstFailureMs: number;
  /** Its host said that nobody listens: the process is gone. */
  readonly refused: boolean;
}

export interface GateFacts {
  readonly verdict: Verdict;
  readonly evidence: Evidence;
  /** So many failed reads in a row confirm a silence. */
  readonly confirmFailures: number;
  /** Of another server of the cluster. */
  readonly evidenceOf: (key: InstanceKey) => Evidence;
  /** Somebody goes on reading this server, whether it answers or not. */
  readonly isWatched: (key: InstanceKey) => boolean;
  readonly nowMs: number;
  /** When a replica had been asked to reconnect; 0: never, infinity: it is being asked. And the time it gets for it. */
  readonly reconnectAskedMs: (replica: InstanceKey) => number;
  readonly reconnectSettleMs: number;
  readonly filters: readonly string[];
  readonly graceMs: number;
  /** How long a problem of a server that answers must have lasted. */
  readonly holdMs: number;
  readonly globallyDisabled: boolean;
  readonly blocking: RecoveryRecord | undefined;
  /** An attempt of the same kind that changed nothing and failed within the last `retryMs`. */
  readonly failed: RecoveryRecord | undefined;
  readonly plan: FailoverPlan;
  readonly noop: boolean;
  /** The failed server was replaced before and waits to be fenced. */
  readonly replaced: boolean;
  readonly open: boolean;
  /** This node is about to hand over: what it began, it would leave half done. */
  readonly draining: boolean;
  /** One of those that were moved below the failed server not long ago, of which nothing was heard since. */
  readonly unreadSinceMoved: InstanceKey | undefined;
  /** When this node was elected, by the wall clock; 0: there was nobody else. */
  readonly electedMs: number;
  readonly second: SecondOpinion;
  /** So many other nodes must miss the server as well. */
  readonly confirmations: number;
}

const FILTER_KEYS = {
  primary: 'RecoverMasterClusterFilters',
  intermediate: 'RecoverIntermediateMasterClusterFilters',
} as const;

export const FRESH_EVIDENCE = 'fresh evidence';
const UNREAD = 'not read since';

/** A read that a decision waits for. */
interface AwaitedRead {
  readonly key: InstanceKey;
  readonly why: string;
}

export function awaitedRead(facts: GateFacts): AwaitedRead | undefined {
  const { unreadSinceMoved } = facts;
  return staleWitness(facts) ?? (unreadSinceMoved && { key: unreadSinceMoved, why: UNREAD });
}

/** Whether the verdict stands on enough and on fresh evidence; asked before anyone is told of it. Pure. */
export function evidenceGates(facts: GateFacts): readonly Gate[] {
  const { verdict, evidence, nowMs } = facts;
  if (isReadable(verdict)) return lastedGates(facts);
  const ageMs = evidence.failures === 0 ? 0 : nowMs - evidence.firstFailureMs;
  const awaited = awaitedRead(facts);
  return [
    { name: 'detected', passed: true, value: verdict.code, source: 'analysis', ageMs },
    {
      name: 'confirmed',
      passed: evidence.failures >= facts.confirmFailures || evidence.refused,
      value: `${evidence.failures} failed reads, ${facts.confirmFailures} confirm; refused: ${evidence.refused}`,
      source: 'probes',
      ageMs,
    },
    {
      name: FRESH_EVIDENCE,
      passed: awaited === undefined,
      value: awaited === undefined ? 'all replicas read after the failure' : `${keyText(awaited.key)} ${awaited.why}`,
      source: 'probes',
    },
    reconnectGate(facts),
  ];
}

/** It is set right where it is, or only its replicas have lost it: nobody has to be asked whether it is dead. */
export function isReadable({ kind, key, snapshot }: Verdict): boolean {
  return KINDS[kind].lives || (!KINDS[kind].replaces && memberOf(snapshot, key)?.valid === true);
}

/** A server that answers speaks for itself; what a moment brings may be gone the next. */
function lastedGates({ verdict, holdMs }: GateFacts): readonly Gate[] {
  const ageMs = verdict.lastedMs ?? 0;
  return [
    { name: 'detected', passed: true, value: verdict.code, source: 'analysis', ageMs },
    {
      name: 'lasted',
      passed: ageMs >= holdMs,
      value: `for ${ageMs} ms of ${holdMs} ms`,
      source: verdict.kind === 'readOnlyPrimary' ? 'ReadOnlyPrimaryHoldSeconds' : 'DetectionHoldMilliseconds',
      ageMs,
    },
  ];
}

/**
 * A replica that was just asked to reconnect is connecting for a moment even where the primary lives. Only one that
 * still is after the time to settle, or that was refused, has anything to say.
 */
function reconnectGate({ verdict, reconnectAskedMs, reconnectSettleMs }: GateFacts): Gate {
  const undecided = dependantsOf(verdict.snapshot, verdict.key).find(({ valid, lastSeenMs, instance }) => {
    const askedMs = reconnectAskedMs(instance.key);
    if (!valid || askedMs === 0 || lastSeenMs >= askedMs + reconnectSettleMs) return false;
    return askedMs === Number.POSITIVE_INFINITY || instance.replication?.receiverErrno === 0;
  });
  return {
    name: 'replicas had their say',
    passed: undecided === undefined,
    value: undecided === undefined ? 'yes' : `${keyText(undecided.instance.key)} may still reconnect`,
    source: 'ReconnectSettleMilliseconds',
  };
}

/** Every question an automatic recovery has to pass, in order. Pure. */
export function recoveryGates(facts: GateFacts): readonly Gate[] {
  const { verdict, evidence, nowMs, filters, graceMs, blocking, failed, plan } = facts;
  const readable = isReadable(verdict);
  const downMs = evidence.failures === 0 ? 0 : nowMs - evidence.firstFailureMs;
  return [
    ...evidenceGates(facts),
    {
      name: 'recoveries enabled',
      passed: !facts.globallyDisabled,
      value: facts.globallyDisabled ? 'disabled' : 'enabled',
      source: 'global switch',
    },
    {
      name: 'filter matches',
      passed: matchesClusterFilter(filters, verdict.snapshot),
      value: JSON.stringify(filters),
      source: FILTER_KEYS[KINDS[verdict.kind].filters],
    },
    {
      name: 'not suppressed',
      passed: verdict.suppressedBy === undefined,
      value: verdict.suppressedBy ?? 'no',
      source: 'downtime and maintenance',
    },
    ...(readable ? [] : [graceGate(downMs, graceMs)]),
    {
      name: 'not blocked',
      passed: blocking === undefined,
      value: blocking === undefined ? 'no' : `by ${blocking.uid}`,
      source: 'RecoveryPeriodBlockSeconds',
      ...(blocking === undefined ? {} : { ageMs: nowMs - blocking.startedMs }),
    },
    {
      name: 'not replaced',
      passed: !facts.replaced,
      value: facts.replaced ? 'has a successor, or waits to be fenced' : 'no',
      source: 'fence intents, recoveries',
    },
    {
      name: 'none open',
      passed: !facts.open,
      value: facts.open ? 'a recovery of this cluster is open' : 'none',
      source: 'recoveries',
    },
    {
      name: NOT_DRAINING,
      passed: !facts.draining,
      value: facts.draining ? 'this node stops, and hands over: whoever leads next recovers' : 'no',
      source: 'SIGTERM, raft-drain',
    },
    {
      name: 'not just failed',
      passed: failed === undefined,
      value: failed === undefined ? 'no' : `${failed.uid}: ${failed.errors.join('; ')}`,
      source: 'FailedRecoveryRetryMilliseconds',
      ...(failed?.endedMs === undefined ? {} : { ageMs: nowMs - failed.endedMs }),
    },
    {
      name: 'candidate exists',
      passed: plan.kind === 'promote',
      value: plan.kind === 'promote' ? keyText(plan.successor) : plan.reasons.join('; '),
      source: 'plan',
    },
    changeGate(facts),
    electedGate(facts),
    ...(readable ? [] : [secondOpinionGate(facts.second, facts.confirmations, nowMs)]),
  ];
}

function graceGate(ageMs: number, graceMs: number): Gate {
  return {
    name: 'grace over',
    passed: ageMs >= graceMs,
    value: `down for ${ageMs} ms of ${graceMs} ms`,
    source: 'PrimaryDownGraceMilliseconds',
    ageMs,
  };
}

export const NOT_DRAINING = 'not draining';
export const POLLED_SINCE_ELECTED = 'polled since elected';

/** Servers of the cluster that this node has not tried to read since it was elected. */
export function unreadSince({ verdict, electedMs, isWatched }: GateFacts): readonly InstanceKey[] {
  return verdict.snapshot.members
    .filter(({ instance, lastAttemptedMs }) => lastAttemptedMs < electedMs && isWatched(instance.key))
    .map(({ instance }) => instance.key);
}

/** That the leader changed says nothing about a server: what a new one acts on, it has seen as leader. */
function electedGate(facts: GateFacts): Gate {
  const unread = unreadSince(facts).map(keyText);
  const { electedMs, nowMs } = facts;
  return {
    name: POLLED_SINCE_ELECTED,
    passed: unread.length === 0,
    value: unread.length === 0 ? 'yes' : `not read since: ${unread.join(', ')}`,
    source: 'raft',
    ...(electedMs === 0 ? {} : { ageMs: nowMs - electedMs }),
  };
}

/**
 * A server that is to lead must be ours to change; of those that are to follow, one is enough to begin with. A right that is
 * missing would otherwise only show when the topology is half moved.
 */
function changeGate({ verdict, plan, noop }: GateFacts): Gate {
  const name = 'may change servers';
  if (noop) return { name, passed: false, value: 'started with --noop', source: 'command line' };
  const steps = plan.kind === 'promote' ? plan.steps : [];
  const leads = steps.filter(({ kind }) => kind === 'promote' || kind === 'open');
  const acts = leads.length > 0 ? leads : steps.filter(({ kind }) => kind === 'attach' || kind === 'semiSyncReplica');
  const refusals = acts.map(({ kind, target }) => {
    const missing = memberOf(verdict.snapshot, target)?.instance.missingRights ?? [];
    const vital = missing.filter(
      ({ purpose }) => purpose === 'replicate' || (purpose === 'promote' && kind !== 'attach'),
    );
    return vital.length === 0
      ? ''
      : `our account lacks ${vital.map(({ right }) => right).join(', ')} on ${keyText(target)}`;
  });
  const passed = acts.length === 0 || refusals.includes('');
  return { name, passed, value: passed ? 'yes' : refusals.join('; '), source: 'grants' };
}

/**
 * A replica that was not read since the silence began may still see its source: it has no vote until it was. Nor has one
 * below a replica that fell silent too: only a read after that tells whether it lost its source and is to be healed along.
 * One that did not answer before is tried once more: it may have come back since, with what nobody else has received. And one
 * whose answer was late is dead no sooner than a primary would be: it would be left behind for good.
 */
function staleWitness(facts: GateFacts): AwaitedRead | undefined {
  const { verdict, evidence, evidenceOf, confirmFailures, isWatched } = facts;
  const { snapshot, key } = verdict;
  const seen = new Set([keyText(key)]);
  const look = (source: InstanceKey, sinceMs: number): AwaitedRead | undefined => {
    for (const { instance, valid, lastSeenMs, lastAttemptedMs } of replicasOf(snapshot, source)) {
      const text = keyText(instance.key);
      if (seen.has(text)) continue;
      seen.add(text);
      if (valid) {
        if (lastSeenMs < sinceMs) return { key: instance.key, why: UNREAD };
        continue;
      }
      const { failures, firstFailureMs, refused } = evidenceOf(instance.key);
      if (isWatched(instance.key)) {
        if (lastAttemptedMs < sinceMs) return { key: instance.key, why: UNREAD };
        const why = `missed ${failures} of the ${confirmFailures} reads that make it silent`;
        if (!refused && failures < confirmFailures) return { key: instance.key, why };
      }
      const stale = look(instance.key, firstFailureMs);
      if (stale !== undefined) return stale;
    }
    return undefined;
  };
  return look(key, evidence.firstFailureMs);
}
