// Of the replicas of one server, which one shall lead the others, and how they get below it. Pure.
//
// The one that received the most leads. By GTID a sibling finds its place by itself. By file and position it does so while the source
// answers, from a moment at which both stand at the same event; once the source is dead, only where both received exactly the same.

import { compareCoordinates } from './binlog-position.ts';
import { type CandidateOptions, chooseCandidate, type Refusal } from './candidate.ts';
import { isBroken, ownWrites, withoutTransactions } from './candidate-content.ts';
import type { ClusterSnapshot } from './cluster.ts';
import { hasSeveralSources, type Instance, isBinlogServer, sourceKey } from './instance.ts';
import { compareKeys, type InstanceKey, keyText, sameKey } from './instance-key.ts';
import { whyNotLevel } from './level.ts';
import type { MovePlan, MoveStep, NoMove } from './move-steps.ts';
import { compareReceived, hasUnapplied, holdsAllReceived, missingFrom } from './received.ts';
import { isByGtid, planGtidMove, planMatch, planMoveBelow, planRelocation, whyNotByGtid } from './relocation-plan.ts';
import { whyCannotReplicateFrom } from './replication-rules.ts';

/** `any`: each sibling by whichever way is safe. `pseudo-gtid`: those that do not go by GTID by comparing logs. */
export type RegroupWay = 'any' | 'gtid' | 'pseudo-gtid' | 'binlog servers';

export interface RegroupRequest {
  readonly snapshot: ClusterSnapshot;
  /** The server whose replicas are regrouped, as it was read last: after its replicas, where it answers. */
  readonly source: Instance;
  readonly sourceAnswers: boolean;
  /** Its replicas, just read. */
  readonly replicas: readonly Instance[];
  /** Those that could not be read. */
  readonly silent: readonly InstanceKey[];
  readonly way: RegroupWay;
  /** The one that is to lead them, or nobody. No binlog server: of those the one leads that has stored the most. */
  readonly leader?: InstanceKey;
  /** Markers can be told from other events. */
  readonly matches: boolean;
  readonly options: Pick<
    CandidateOptions,
    'isBanned' | 'lowerVersionAllowed' | 'verifyFilters' | 'reasonableMaintenanceLagSeconds'
  >;
}

export interface RegroupMove {
  readonly key: InstanceKey;
  /** Had received exactly what the candidate had. */
  readonly equal: boolean;
  readonly plan: MovePlan;
}

export interface Regroup {
  readonly kind: 'regroup';
  readonly candidate: InstanceKey;
  readonly why: readonly string[];
  /** Before the first sibling moves: the candidate applies what it received, and is fed what only another one received. */
  readonly prepare: MovePlan | undefined;
  readonly moves: readonly RegroupMove[];
  /** Siblings that stay where they are. */
  readonly lost: readonly Refusal[];
}

export function planRegroup(request: RegroupRequest): Regroup | NoMove {
  const { replicas, silent, source } = request;
  if (replicas.length + silent.length === 0) return refused(`${keyText(source.key)} has no replicas`);
  const unreachable = silent.map((key) => ({ key, reason: 'unreachable' }));
  const plan =
    request.way === 'binlog servers' || (replicas.length > 0 && replicas.every(isBinlogServer))
      ? amongBinlogServers(request)
      : amongReplicas(request);
  return plan.kind === 'refused' ? plan : { ...plan, lost: [...plan.lost, ...unreachable] };
}

/** The one that has executed the most of the log that they all hand on. */
function amongBinlogServers(request: RegroupRequest): Regroup | NoMove {
  const all = request.replicas.filter(isBinlogServer);
  const [first, ...rest] = [...all].sort((a, b) => compareKeys(a.key, b.key));
  if (first === undefined)
    return refused(`no replica of ${keyText(request.source.key)} is a binlog server that answers`);
  const candidate = rest.reduce((best, one) => (executedFurther(one, best) ? one : best), first);
  const others = all.filter((one) => one !== candidate);
  const why = ['has stored the most of all binlog servers'];
  return regroup(request, { candidate, others, why, prepare: undefined, wayOf: belowBinlogServer });
}

function executedFurther({ replication: one }: Instance, { replication: other }: Instance): boolean {
  if (one === undefined || other === undefined) return one !== undefined;
  return (compareCoordinates(one.executed, other.executed) ?? 0) > 0;
}

function amongReplicas(request: RegroupRequest): Regroup | NoMove {
  const { source, sourceAnswers, replicas, way } = request;
  const partner = replicas.find(({ key }) => sameKey(sourceKey(source), key));
  const single = replicas.filter((one) => !hasSeveralSources(one));
  const choice = choose(request, single, partner);
  if (choice.kind === 'none') {
    const excluded = choice.excluded.map(({ key, reason }) => `${keyText(key)} ${reason}`);
    return refused([...choice.reasons, ...excluded].join('; '));
  }
  const { candidate, mostAdvanced, diverged } = choice;
  const others = replicas.filter(({ key }) => !sameKey(key, candidate.key));
  if (others.length > 0 && isBroken(candidate))
    return refused(`${keyText(candidate.key)}, the best of them, cannot apply what it received`);
  const lost: Refusal[] = [];
  const movable: Instance[] = [];
  for (const one of others) {
    const reason = whyStays(one);
    if (reason === undefined) movable.push(one);
    else lost.push({ key: one.key, reason });
  }
  const catchesUp = sourceAnswers && !sameKey(mostAdvanced.key, candidate.key);
  const why = catchesUp
    ? [`promotion rule ${candidate.promotionRule}`, 'its source still sends what it lacks']
    : choice.reasons;
  const prepare =
    movable.some((one) => isByGtid(one, candidate) || isMatched(one, candidate, request)) ||
    !sameKey(mostAdvanced.key, candidate.key)
      ? preparation(candidate, mostAdvanced, request)
      : undefined;
  const plan = regroup(request, { candidate, others: movable, why, prepare, wayOf: belowReplica });
  return { ...plan, lost: [...plan.lost, ...lost] };

  function whyStays(one: Instance): string | undefined {
    if (one === partner && sourceAnswers) return `is the co-primary of ${keyText(source.key)}`;
    if (way === 'gtid') {
      const no = whyNotByGtid(one, candidate);
      if (no !== undefined) return no;
    }
    if (!diverged.includes(one)) return undefined;
    if (sourceAnswers && (!isByGtid(one, candidate) || cameFromSource(one, request))) return undefined;
    return `holds what ${keyText(candidate.key)} does not: ${missingFrom(mostAdvanced, one)}`;
  }
}

/** Who can be fed by position would have to be matched first: then only those that received the most may lead. */
function choose(request: RegroupRequest, replicas: readonly Instance[], partner: Instance | undefined) {
  const { source, options, leader } = request;
  const input = {
    failed: source,
    replicas,
    options: { ...options, preventCrossDataCenter: false, preventCrossRegion: false, maxLagSeconds: 0 },
  };
  if (leader !== undefined) return chooseCandidate({ ...input, designated: leader });
  if (partner !== undefined && !partner.readOnly) return chooseCandidate({ ...input, designated: partner.key });
  const choice = chooseCandidate(input);
  if (choice.kind === 'none' || sameKey(choice.candidate.key, choice.mostAdvanced.key)) return choice;
  if (isByGtid(choice.candidate, choice.mostAdvanced)) return choice;
  return chooseCandidate({ ...input, designated: choice.mostAdvanced.key });
}

/** Servers are read one after another: what one has beyond another is still to come to it, where the source has it. */
function cameFromSource(one: Instance, { source, replicas }: RegroupRequest): boolean {
  const others = replicas.filter((other) => other !== one);
  return holdsAllReceived(source, withoutTransactions(one, ownWrites(one, others, source)));
}

function preparation(candidate: Instance, feeder: Instance, request: RegroupRequest): MovePlan | undefined {
  const { source, sourceAnswers } = request;
  const target = candidate.key;
  const fed = !sameKey(feeder.key, target) && !sourceAnswers;
  if (!fed && (candidate.replication?.delaySeconds ?? 0) > 0) return undefined; // it keeps its delay
  const resume: MoveStep = { kind: 'resume', target, ...(sourceAnswers ? {} : { unheard: true }) };
  const feeding: readonly MoveStep[] = [
    { kind: 'drain', target: feeder.key },
    { kind: 'follow', target, source: feeder.key, start: 'gtid' },
    { kind: 'resume', target },
    { kind: 'await', target, holder: feeder.key },
    { kind: 'drain', target },
    { kind: 'follow', target, source: source.key, start: 'gtid' },
    { kind: 'resume', target: feeder.key, unheard: true },
  ];
  return {
    kind: 'move',
    method: isByGtid(candidate, source) ? 'GTID' : 'file and position',
    why: fed ? `${keyText(feeder.key)} has received more than it` : 'it applies what it has received',
    locks: fed ? [target, feeder.key] : [target],
    steps: [{ kind: 'drain', target }, ...(fed ? feeding : []), resume],
  };
}

type WayOf = (sibling: Instance, candidate: Instance, request: RegroupRequest) => MovePlan | NoMove;

function regroup(
  request: RegroupRequest,
  parts: Pick<Regroup, 'why' | 'prepare'> & {
    readonly candidate: Instance;
    readonly others: readonly Instance[];
    readonly wayOf: WayOf;
  },
): Regroup {
  const { candidate, others, why, prepare, wayOf } = parts;
  const moves: RegroupMove[] = [];
  const lost: Refusal[] = [];
  for (const one of others) {
    const plan = wayOf(one, candidate, request);
    const equal = compareReceived(one, candidate) === 'equal';
    if (plan.kind === 'move') moves.push({ key: one.key, equal, plan });
    else lost.push({ key: one.key, reason: plan.reason });
  }
  return { kind: 'regroup', candidate: candidate.key, why, prepare, moves, lost };
}

function belowBinlogServer(replica: Instance, below: Instance, { snapshot, options }: RegroupRequest) {
  return planRelocation({ snapshot, replica, below, options });
}

function belowReplica(replica: Instance, below: Instance, request: RegroupRequest): MovePlan | NoMove {
  const { snapshot, options, sourceAnswers } = request;
  if (isByGtid(replica, below)) return planGtidMove({ snapshot, replica, below, options });
  const matched = isMatched(replica, below, request);
  if (matched && sourceAnswers) return planMatch({ snapshot, replica, below, options });
  if (sourceAnswers) return planMoveBelow({ snapshot, replica, below, options });
  const level = atEqualEnds(replica, below, request);
  return level.kind === 'move' || !matched ? level : planMatch({ snapshot, replica, below, options });
}

/** While the source answers, positions do as well, unless logs shall be compared. */
function isMatched(replica: Instance, below: Instance, { way, matches, sourceAnswers }: RegroupRequest): boolean {
  if (!matches || isByGtid(replica, below)) return false;
  return way === 'pseudo-gtid' || (!sourceAnswers && replica.usesPseudoGtid && below.usesPseudoGtid);
}

/** The log of the dead source ends at the same event for both: what the one has applied then, the other has, too. */
function atEqualEnds(
  replica: Instance,
  below: Instance,
  { snapshot, options, source: gone }: RegroupRequest,
): MovePlan | NoMove {
  const no = whyCannotReplicateFrom(replica, below, { ...options, snapshot }) ?? whyEndsDiffer(replica, below, gone);
  if (no !== undefined) return refused(no);
  const [target, source] = [replica.key, below.key];
  return {
    kind: 'move',
    method: 'file and position',
    why: `${keyText(target)} and ${keyText(source)} have received the same`,
    locks: [target, source],
    steps: [
      { kind: 'drain', target },
      { kind: 'drain', target: source },
      { kind: 'halt', target },
      { kind: 'halt', target: source },
      { kind: 'level', target, with: source },
      { kind: 'follow', target, source, start: { kind: 'own', of: source } },
      { kind: 'resume', target },
      { kind: 'resume', target: source, unheard: true },
    ],
  };
}

function whyEndsDiffer(replica: Instance, below: Instance, source: Instance): string | undefined {
  const no = whyNotLevel(replica, below, source);
  if (no !== undefined) return `${no}: match it by Pseudo-GTID`;
  const waits = (below.replication?.delaySeconds ?? 0) > 0 && hasUnapplied(below);
  return waits ? `${keyText(below.key)} is delayed on purpose and has not applied what it received` : undefined;
}

function refused(reason: string): NoMove {
  return { kind: 'refused', reason };
}
