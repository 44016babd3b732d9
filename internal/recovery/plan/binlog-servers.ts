// The replicas of a dead primary are all binlog servers, which hold no data: one of those behind them leads. It applies all that the furthest
// binlog server has stored, and begins a log with the number that comes next there. So every binlog server goes on with the next file,
// and whoever replicates through it notices nothing: the log of the old primary ends, the one of the new one begins. Pure.

import { compareCoordinates, nextLogFile } from '../../topology/binlog-position.ts';
import { type ChosenCandidate, chooseCandidate, type NoCandidate } from '../../topology/candidate.ts';
import { type ClusterSnapshot, memberOf, replicasOf } from '../../topology/cluster.ts';
import {
  type BinlogCoordinates,
  hasSeveralSources,
  type Instance,
  isBinlogServer,
  sourceKey,
  type WatchedInstance,
} from '../../topology/instance.ts';
import { compareKeys, type InstanceKey, keyText, sameKey } from '../../topology/instance-key.ts';
import { coordinatesText } from '../../topology/move-steps.ts';
import { hasUnapplied } from '../../topology/received.ts';
import type { FailoverPlan, FailoverRequest, LostReplica, Step } from '../plan.ts';
import { noPlan } from './no-plan.ts';

export type BinlogServerStep =
  /** A replica behind binlog servers applies up to a place in the log that they store, and receives nothing more. */
  | { readonly kind: 'receive'; readonly target: InstanceKey; readonly at: BinlogCoordinates; readonly limitMs: number }
  /** A server that has applied exactly up to there begins the log of this name, and keeps none before it. */
  | {
      readonly kind: 'align';
      readonly target: InstanceKey;
      readonly at: BinlogCoordinates;
      readonly log: string;
      readonly limitMs: number;
    }
  /** A binlog server takes what it lacks from one that has stored more of the same log. */
  | { readonly kind: 'gather'; readonly target: InstanceKey; readonly source: InstanceKey }
  /** A binlog server that has stored all up to a place goes on with the next log, which is the first of its new source. */
  | {
      readonly kind: 'enter';
      readonly target: InstanceKey;
      readonly source: InstanceKey;
      readonly at: BinlogCoordinates;
      readonly log: string;
      readonly limitMs: number;
      readonly postponed?: true;
    };

/** Of the others so many get below the new primary itself; the rest stay below the furthest. */
const MOVED_ALONG = 3;
/** An empty log more for each number that is missing: more would keep everybody without a primary for too long. */
const LOGS_MAX = 2_000;
/** What beginning one of them may take: it is synced, its predecessor as well, and the server is asked for each. */
const LOG_MS = 50;

type Relayed = Instance & { readonly replication: NonNullable<Instance['replication']> };

/** Undefined: not all replicas that answer are binlog servers, or the primary lives and is to be replaced in another way. */
export function planThroughBinlogServers(request: FailoverRequest): FailoverPlan | undefined {
  const { snapshot, failed, options } = request;
  const orphans = request.replicas ?? replicasOf(snapshot, failed);
  const direct = orphans.filter(({ instance }) => sameKey(sourceKey(instance), failed));
  const answering = direct.filter(({ valid }) => valid).map(({ instance }) => instance);
  if (answering.length === 0 || !answering.every(isBinlogServer)) return undefined;
  if (request.primaryAnswers || request.demote !== undefined) return undefined;
  if (!options.applyPromotion)
    return noPlan(request, ['behind binlog servers nobody leads without ApplyMySQLPromotionAfterMasterFailover']);
  const [furthest] = answering.filter(isRelayed).sort(byStored);
  if (furthest === undefined) return noPlan(request, ['no binlog server that answers has stored anything']);
  const { executed: at } = furthest.replication;
  const behind = usableBehind(request, answering);
  const cutOff = usableBehind(
    request,
    direct.filter(({ valid }) => !valid).map(({ instance }) => instance),
  );
  const found = choose(request, { behind, cutOff }, at);
  if (found.choice.kind === 'none') {
    const { reasons, excluded } = found.choice;
    return noPlan(request, [...reasons, ...excluded.map(({ key, reason }) => `${keyText(key)}: ${reason}`)]);
  }
  const leader = [...behind, ...cutOff].find(({ key }) => sameKey(key, found.leader)) ?? furthest;
  if (options.failIfNotApplied && hasUnapplied(leader))
    return noPlan(request, [`${keyText(leader.key)} received transactions that it has not applied`]);
  const strangers = answering.filter((one) => compareCoordinates(storedBy(one), at) === undefined);
  const others = answering.filter((one) => one !== furthest && !strangers.includes(one)).sort(byStored);
  const aside = found.aside === undefined ? undefined : { reason: found.aside, all: [furthest, ...others] };
  const lost = lostBehind({ orphans, strangers, aside, snapshot, leader });
  const parts = { leader, furthest, others, at, received: found.ahead };
  return {
    ...{ kind: 'promote', cluster: snapshot.name, failed, successor: leader.key, lost, atRisk: '' },
    why: [...found.choice.reasons, `behind binlog servers, the furthest of which is ${keyText(furthest.key)}`],
    steps: aside === undefined ? alongSteps(request, parts) : aloneSteps(request, parts),
  };
}

/** Whoever replicates through these binlog servers, also through others below them; level by level. */
export function belowBinlogServers(
  snapshot: ClusterSnapshot,
  servers: readonly Instance[],
): readonly WatchedInstance[] {
  const found: WatchedInstance[] = [];
  const look = (key: InstanceKey) => {
    for (const one of replicasOf(snapshot, key)) {
      if (found.includes(one)) continue;
      found.push(one);
      if (isBinlogServer(one.instance)) look(one.instance.key);
    }
  };
  for (const server of servers) if (isBinlogServer(server)) look(server.key);
  return found;
}

interface Found {
  readonly choice: ChosenCandidate | NoCandidate;
  readonly leader: InstanceKey | undefined;
  /** Why no binlog server can go on below the leader. */
  readonly aside: string | undefined;
  /** It has received more than any binlog server that answers. */
  readonly ahead: boolean;
}

/** Servers with data that can be talked to, as they were read last. */
function usableBehind({ snapshot, replicas = [] }: FailoverRequest, servers: readonly Instance[]): readonly Relayed[] {
  const latest = (one: WatchedInstance) =>
    replicas.find(({ instance }) => sameKey(instance.key, one.instance.key)) ?? one;
  return belowBinlogServers(snapshot, servers)
    .map(latest)
    .filter(({ valid, instance }) => valid && !isBinlogServer(instance) && !hasSeveralSources(instance))
    .map(({ instance }) => instance)
    .filter(isRelayed);
}

/**
 * First of those below whom the binlog servers can go on. Who holds more than they do leads before all, and may be the one that does who has
 * lost its own binlog server; nobody else of those can get the rest.
 */
function choose(
  request: FailoverRequest,
  { behind, cutOff }: { readonly behind: readonly Relayed[]; readonly cutOff: readonly Relayed[] },
  at: BinlogCoordinates,
): Found {
  const beyond = [...behind, ...cutOff].filter(
    ({ replication }) => (compareCoordinates(replication.read, at) ?? 0) > 0,
  );
  if (beyond.length > 0) {
    const [most] = [...beyond].sort(byRead);
    const choice = among(request, beyond, most?.key);
    const aside = `has not stored all that ${keyText(most?.key ?? request.failed)} has received`;
    return { choice, leader: most?.key, aside, ahead: true };
  }
  const seen = behind.map((one) => ({ ...one, replication: { ...one.replication, read: at } }));
  const able = behind.filter((one) => whyNotAligned(one, at) === undefined);
  const first = among(
    request,
    seen.filter(({ key }) => able.some((one) => sameKey(one.key, key))),
    request.designated,
  );
  if (first.kind === 'chosen') return { choice: first, leader: first.candidate.key, aside: undefined, ahead: false };
  const choice = among(request, seen, request.designated);
  const leader = choice.kind === 'chosen' ? behind.find(({ key }) => sameKey(key, choice.candidate.key)) : undefined;
  return { choice, leader: leader?.key, aside: leader && whyNotAligned(leader, at), ahead: false };
}

/** As if they replicated from the dead primary itself: positions are those of its log. */
function among(
  { snapshot, failed, options }: FailoverRequest,
  servers: readonly Relayed[],
  designated: InstanceKey | undefined,
): ChosenCandidate | NoCandidate {
  return chooseCandidate({
    failed: memberOf(snapshot, failed)?.instance,
    replicas: servers.map((one) => ({
      ...one,
      logReplicaUpdates: true,
      replication: { ...one.replication, source: failed },
    })),
    ...(designated === undefined ? {} : { designated }),
    options,
  });
}

/** Why the next log of the binlog servers cannot be the first one of this server. */
function whyNotAligned(
  { key, logReplicaUpdates, ownCoordinates }: Instance,
  at: BinlogCoordinates,
): string | undefined {
  if (logReplicaUpdates) return `${keyText(key)} logs what it replicates, and whoever reads that log would lose it`;
  const missing = logsMissing(ownCoordinates, at);
  if (missing === undefined) return `the logs of ${keyText(key)} are not called ${at.file} or alike`;
  if (missing < 0) return `${keyText(key)} is at ${ownCoordinates.file}, and ${nextLogFile(at.file)} would come next`;
  return missing > LOGS_MAX ? `${keyText(key)} is ${missing} logs short of ${nextLogFile(at.file)}` : undefined;
}

/** How many logs have to be begun until the one that comes after that place. */
export function logsMissing(own: BinlogCoordinates, at: BinlogCoordinates): number | undefined {
  const number = ({ file }: BinlogCoordinates) => Number(/\d+$/.exec(file)?.[0]);
  if (compareCoordinates(own, at) === undefined) return undefined;
  return number(at) + 1 - number(own);
}

interface Parts {
  readonly leader: Relayed;
  readonly furthest: Instance;
  readonly others: readonly Instance[];
  readonly at: BinlogCoordinates;
  readonly received: boolean;
}

function alongSteps(request: FailoverRequest, { leader, furthest, others, at }: Parts): readonly Step[] {
  const { snapshot, options } = request;
  const { drainLimitMs: limitMs } = options;
  const log = nextLogFile(at.file);
  const [target, source] = [leader.key, furthest.key];
  const gather = (one: Instance): Step => ({ kind: 'gather', target: one.key, source });
  const above = others.filter((one) =>
    belowBinlogServers(snapshot, [one]).some((it) => sameKey(it.instance.key, target)),
  );
  const enter = { kind: 'enter', source: target, at, log, limitMs } as const;
  return [
    ...fenceStep(request),
    ...above.map(gather),
    { kind: 'receive', target, at, limitMs },
    { kind: 'drain', target, limitMs },
    { kind: 'align', target, at, log, limitMs: LOG_MS * Math.max(logsMissing(leader.ownCoordinates, at) ?? 0, 0) },
    { kind: 'promote', target, semiSync: leader.semiSyncPriority > 0 },
    { kind: 'forget', target },
    { ...enter, target: source },
    ...others.filter((one) => !above.includes(one)).map(gather),
    ...others.slice(0, MOVED_ALONG).map((one) => ({ ...enter, target: one.key, postponed: true }) as const),
  ];
}

/**
 * No binlog server can go on below the leader: they stay stopped, with what they have. It receives nothing more before it is drained, nor when it
 * takes writes, though the one above it may be alive: who has more than the others that answer only stops to receive.
 */
function aloneSteps(request: FailoverRequest, { leader, at, received }: Parts): readonly Step[] {
  const { drainLimitMs: limitMs } = request.options;
  const target = leader.key;
  return [
    ...fenceStep(request),
    { kind: 'receive', target, at: received ? leader.replication.executed : at, limitMs },
    { kind: 'drain', target, limitMs },
    { kind: 'promote', target, semiSync: leader.semiSyncPriority > 0 },
    { kind: 'forget', target },
  ];
}

function fenceStep({ fence, failed }: FailoverRequest): readonly Step[] {
  return fence ? [{ kind: 'fence', target: failed, mustSucceed: false }] : [];
}

/** None of them is detached: a binlog server was stopped, and whoever is below one goes on with what that one has. */
function lostBehind(them: {
  readonly orphans: readonly WatchedInstance[];
  readonly strangers: readonly Instance[];
  readonly aside: { readonly reason: string; readonly all: readonly Instance[] } | undefined;
  readonly snapshot: ClusterSnapshot;
  readonly leader: Instance;
}): readonly LostReplica[] {
  const { orphans, strangers, aside, snapshot, leader } = them;
  const named = new Map<string, LostReplica>();
  const lose = (key: InstanceKey, reason: string) => {
    if (!named.has(keyText(key)) && !sameKey(key, leader.key))
      named.set(keyText(key), { key, reason, reachable: false });
  };
  for (const { valid, instance } of orphans) {
    if (!valid) lose(instance.key, 'unreachable');
    if (valid && isBinlogServer(instance)) continue;
    for (const one of belowBinlogServers(snapshot, [instance]))
      lose(one.instance.key, `is behind ${keyText(instance.key)}, which cannot be reached`);
  }
  const left = [...strangers, ...(aside?.all ?? [])];
  for (const one of left) {
    const reason = strangers.includes(one) ? `has stored another log: ${coordinatesText(storedBy(one))}` : undefined;
    lose(one.key, reason ?? aside?.reason ?? '');
    for (const { instance } of belowBinlogServers(snapshot, [one]))
      lose(instance.key, `is behind ${keyText(one.key)}, which gets nothing more`);
  }
  return [...named.values()];
}

function storedBy({ replication }: Instance): BinlogCoordinates {
  return replication?.executed ?? { file: '', position: 0 };
}

function isRelayed(one: Instance): one is Relayed {
  return one.replication !== undefined && one.replication.executed.file !== '';
}

/** The furthest first. */
function byStored(a: Instance, b: Instance): number {
  return (compareCoordinates(storedBy(b), storedBy(a)) ?? 0) || compareKeys(a.key, b.key);
}

function byRead(a: Relayed, b: Relayed): number {
  return (compareCoordinates(b.replication.read, a.replication.read) ?? 0) || compareKeys(a.key, b.key);
}
