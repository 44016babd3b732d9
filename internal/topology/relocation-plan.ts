// How a replica gets below another server. Pure: it looks at one snapshot and at both ends as they were read last.
//
// GTID first, since neither end has to stop for it. Where replicas go by file and position, a position means something on one server
// only, so they are moved one level at a time, up to a common ancestor and down again, each time from a moment at which two servers
// stand at the same event.

import { compareCoordinates } from './binlog-position.ts';
import { type ClusterSnapshot, isCoPrimary, memberOf } from './cluster.ts';
import {
  type BinlogCoordinates,
  hasSeveralSources,
  type Instance,
  isBinlogServer,
  lagSeconds,
  replicating,
  sourceKey,
} from './instance.ts';
import { type InstanceKey, keyText, sameKey } from './instance-key.ts';
import { coordinatesText, type MovePlan, type MoveStep, type NoMove, type Place, type Start } from './move-steps.ts';
import { hasUnapplied, holdsAllReceived } from './received.ts';
import { type ReplicationRuleOptions, whyCannotReplicateFrom } from './replication-rules.ts';
import { readsLogOf, writerOf } from './same-log.ts';

export interface MoveRequest {
  readonly snapshot: ClusterSnapshot;
  readonly replica: Instance;
  readonly below: Instance;
  readonly options: Omit<ReplicationRuleOptions, 'snapshot'>;
  /** In the log of `below`, where it is known: the place up to which the replica has applied its source. */
  readonly equivalent?: BinlogCoordinates;
  /** Logs are compared by the relay logs of the replica alone. */
  readonly relayLogsOnly?: boolean;
}

type Plan = MovePlan | NoMove;
type Hop = Plan | undefined;

/** Puts `replica` below `below` by whichever way is safe. */
export function planRelocation(request: MoveRequest): Plan {
  const { replica, below } = request;
  const no = whyNotMovable(request);
  if (no !== undefined) return refused(no);
  if (sameKey(sourceKey(replica), below.key)) return planRepoint(request);
  const viaBinlogServers = throughBinlogServers(request);
  if (viaBinlogServers !== undefined) return viaBinlogServers;
  if (isByGtid(replica, below)) return planGtidMove(request);
  if (replica.usesPseudoGtid && below.usesPseudoGtid) return planMatch(request);
  const hops = planHops(request);
  if (hops.kind === 'move' || request.equivalent === undefined) return hops;
  const equivalent = planMoveEquivalent(request);
  return equivalent.kind === 'move' ? equivalent : hops;
}

/** The same source, or another one where the same positions hold; the way of replicating stays. */
export function planRepoint(request: MoveRequest): Plan {
  const { replica, below } = request;
  const no = whyNotMovable(request);
  if (no !== undefined) return refused(no);
  const start = startOf(replica);
  const why = `${nameOf(below)} is told again as the source of ${nameOf(replica)}`;
  return move('repoint', why, [replica.key], [...quiet(replica), ...followSteps(request, start)]);
}

export function planGtidMove(request: MoveRequest): Plan {
  const { replica, below } = request;
  const no = whyNotMovable(request) ?? whyNotByGtid(replica, below) ?? whyRelayLogIsNeeded(replica, below);
  if (no !== undefined) return refused(no);
  const steps = [...(replica.family === 'mariadb' ? quiet(replica) : []), ...caughtUp(replica, below)];
  const why = `both ${nameOf(replica)} and ${nameOf(below)} go by GTID`;
  return move('GTID', why, [replica.key], [...steps, ...followSteps(request, 'gtid')]);
}

/** By comparing the logs of both, where markers are written into them: positions need not have anything in common. */
export function planMatch(request: MoveRequest): Plan {
  const { replica, below } = request;
  const no = whyNotMovable(request);
  if (no !== undefined) return refused(no);
  if (isBinlogServer(below)) return refused(`${nameOf(below)} is a binlog server: its log is that of its source`);
  if (isBinlogServer(replica)) return refused(`${nameOf(replica)} is a binlog server`);
  if (below.replication?.hasFilters === true)
    return refused(`${nameOf(below)} has replication filters: its log lacks what they leave out`);
  const why = `the same events are looked for in the logs of ${nameOf(replica)} and ${nameOf(below)}`;
  const relayOnly = request.relayLogsOnly === true ? ({ relayOnly: true } as const) : {};
  const steps = followSteps(request, { kind: 'matched', of: below.key, ...relayOnly });
  return move('Pseudo-GTID', why, [replica.key, below.key], [...quietly(replica), ...steps]);
}

/** At a place in the log of the other server that an earlier move has found to be the one where the replica stands. */
export function planMoveEquivalent(request: MoveRequest): Plan {
  const { replica, below, equivalent } = request;
  const no = whyNotMovable(request);
  if (no !== undefined) return refused(no);
  const executed = replica.replication?.executed;
  if (equivalent === undefined || executed === undefined)
    return refused(`no position of ${nameOf(below)} is known to be the one of ${nameOf(replica)}`);
  if ((compareCoordinates(equivalent, below.ownCoordinates) ?? 1) > 0)
    return refused(`${nameOf(below)} does not have the position ${coordinatesText(equivalent)}: it has another log`);
  const why = `${coordinatesText(equivalent)} of ${nameOf(below)} is where ${nameOf(replica)} stands`;
  const steps = followSteps(request, { kind: 'equivalent', of: below.key, at: equivalent, while: executed });
  return move('equivalent position', why, [replica.key], [...quietly(replica), ...steps]);
}

/** The same, one level up. */
export function planMatchUp(request: Omit<MoveRequest, 'below'>): Plan {
  const { snapshot, replica } = request;
  const source = known(snapshot, sourceKey(replica));
  const above = source && known(snapshot, sourceKey(source));
  if (above === undefined) return refused(`the source of ${nameOf(replica)} is no replica, or is not known`);
  return planMatch({ ...request, below: above });
}

/** One level up, to where its source replicates from, by file and position. */
export function planMoveUp(request: Omit<MoveRequest, 'below'>): Plan {
  const { snapshot, replica, options } = request;
  const source = known(snapshot, sourceKey(replica));
  if (source === undefined) return refused(`the source of ${nameOf(replica)} is not known`);
  const above = known(snapshot, sourceKey(source));
  if (above === undefined) return refused(`${nameOf(source)} is no replica: ${nameOf(replica)} is at the top already`);
  const no = whyNotByPosition(replica, options) ?? whyNotMovable({ snapshot, replica, below: above, options });
  if (no !== undefined) return refused(no);
  if (isByGtid(replica, above)) return planGtidMove({ snapshot, replica, below: above, options });
  if (isBinlogServer(source)) return atSamePositions({ ...request, below: above });
  if (isBinlogServer(replica)) return refused(holdsNoData(replica));
  const why = `${nameOf(above)} is the source of ${nameOf(source)}`;
  return move('file and position', why, [replica.key, source.key], upSteps(replica.key, source.key, above.key));
}

/** Below a server that has the same source, by file and position. */
export function planMoveBelow(request: MoveRequest): Plan {
  const { replica, below, options } = request;
  if (!sameKey(sourceKey(replica), sourceKey(below)))
    return refused(`${nameOf(replica)} and ${nameOf(below)} do not replicate from the same source`);
  const no = whyNotByPosition(replica, options) ?? whyNotMovable(request) ?? whyNotByPosition(below, options);
  if (no !== undefined) return refused(no);
  if (isBinlogServer(below)) return atSamePositions(request);
  if (isBinlogServer(replica)) return refused(holdsNoData(replica));
  if (isByGtid(replica, below)) return planGtidMove(request);
  const why = `${nameOf(replica)} and ${nameOf(below)} have the same source`;
  return move('file and position', why, [replica.key, below.key], belowSteps(replica.key, below.key));
}

/** Whether a replica finds its place below a source by itself. */
export function isByGtid(replica: Instance, below: Instance): boolean {
  return whyNotByGtid(replica, below) === undefined;
}

export function whyNotByGtid(replica: Instance, below: Instance): string | undefined {
  const gtid = replica.replication?.gtid ?? 'none';
  if (gtid === 'none') return `${nameOf(replica)} does not replicate by GTID`;
  if (replica.family !== below.family)
    return `${nameOf(replica)} is ${replica.family}, ${nameOf(below)} ${below.family}`;
  const { gtid: state } = below;
  if (state.kind === 'mysql' && (state.mode === '' || state.mode.toUpperCase() === 'OFF'))
    return `${nameOf(below)} has no GTIDs (gtid_mode is ${state.mode || 'not there'})`;
  return undefined;
}

/** With both threads stopped MySQL throws the relay log away when the source changes: what lies in it must be there to be fetched again. */
function whyRelayLogIsNeeded(replica: Instance, below: Instance): string | undefined {
  if (replica.family !== 'mysql' || replica.replication?.applier === 'running' || !hasUnapplied(replica))
    return undefined;
  if (holdsAllReceived(below, replica)) return undefined;
  return `the applier of ${nameOf(replica)} does not run, and it has received what ${nameOf(below)} does not have`;
}

/** The way it replicates now, from where it stands. */
export function startOf(replica: Instance): 'gtid' | Place {
  return (replica.replication?.gtid ?? 'none') === 'none' ? { kind: 'executed', of: replica.key } : 'gtid';
}

/**
 * Makes a replica hold nothing that it would lose with its relay log. One that is delayed on purpose keeps its delay: it stops where it
 * is, and fetches the rest again. A binlog server applies nothing, and what it stored it keeps.
 */
export function quiet(replica: Instance): readonly MoveStep[] {
  const { key, replication } = replica;
  const stops = isBinlogServer(replica) || (replication?.delaySeconds ?? 0) > 0;
  return [{ kind: stops ? 'halt' : 'drain', target: key }];
}

/** The same, and then nothing moves any more. */
function quietly(replica: Instance): readonly MoveStep[] {
  const halt: MoveStep = { kind: 'halt', target: replica.key };
  return (replica.replication?.delaySeconds ?? 0) > 0 ? [halt] : [...quiet(replica), halt];
}

/** Rules that hold for every move. */
function whyNotMovable({ snapshot, replica, below, options }: MoveRequest): string | undefined {
  if (replica.replication === undefined) return `${nameOf(replica)} is not a replica`;
  if (hasSeveralSources(replica)) return `${nameOf(replica)} replicates from several sources`;
  if (isGroupSecondary(replica)) return `${nameOf(replica)} is a secondary of a replication group, which places it`;
  if (replica.group !== undefined && below.group?.name === replica.group.name)
    return `${nameOf(replica)} and ${nameOf(below)} are members of one replication group`;
  return whyCannotReplicateFrom(replica, below, { ...options, snapshot });
}

/** By position it has to run, and to be near: every other server that is stopped for it waits. */
function whyNotByPosition(replica: Instance, options: MoveRequest['options']): string | undefined {
  if (!replicating(replica)) return `${nameOf(replica)} is not replicating`;
  const lag = lagSeconds(replica);
  if (lag === undefined) return `the lag of ${nameOf(replica)} is not known`;
  const distance = Math.abs(lag - (replica.replication?.delaySeconds ?? 0));
  const most = options.reasonableMaintenanceLagSeconds;
  return distance > most ? `${nameOf(replica)} lags by ${lag} s, more than ${most} s` : undefined;
}

/**
 * Binlog servers hand on the very log of their source, so that a position holds on all servers of one log. Undefined: none of them is
 * in the way.
 */
function throughBinlogServers(request: MoveRequest): Hop {
  const { snapshot, replica, below } = request;
  const sameLog = readsLogOf(snapshot, replica, below);
  if (isBinlogServer(below)) return sameLog ? atSamePositions(request) : throughTheirWriter(request);
  if (sameLog && !isByGtid(replica, below)) return atSamePositions(request);
  if (!isBinlogServer(replica)) return undefined;
  return refused(holdsNoData(replica));
}

const holdsNoData = (replica: Instance) =>
  `${nameOf(replica)} is a binlog server: it goes below servers only that hand on the log that it stores`;

/** First below the server whose log the binlog server hands on, by file and position: by GTID nobody tells where it stands in that log. */
function throughTheirWriter(request: MoveRequest): Plan {
  const { snapshot, replica, below } = request;
  const writer = known(snapshot, writerOf(snapshot, below));
  if (writer === undefined) return refused(`whose log ${nameOf(below)} hands on is not known`);
  const first = planRelocation({ ...request, below: writer });
  if (first.kind === 'refused') return first;
  if (first.method === 'GTID') return refused(`move ${nameOf(replica)} below ${nameOf(writer)} first`);
  const why = `${first.why}; then positions of ${nameOf(writer)} hold on ${nameOf(below)}`;
  return move(first.method, why, first.locks, [...first.steps, ...samePlaceSteps(replica, below)]);
}

function atSamePositions({ replica, below }: MoveRequest): Plan {
  const why = `positions of ${nameOf(below)} hold for ${nameOf(replica)}`;
  return move('binlog server', why, [replica.key], samePlaceSteps(replica, below));
}

/** A binlog server may not have stored yet what its replica-to-be has applied, and would turn it away. */
function samePlaceSteps(replica: Instance, below: Instance): readonly MoveStep[] {
  const { key } = replica;
  return [
    ...quiet(replica),
    ...(isBinlogServer(below) ? [{ kind: 'await', target: below.key, holder: key } as const] : []),
    { kind: 'follow', target: key, source: below.key, start: { kind: 'executed', of: key } },
    { kind: 'resume', target: key },
  ];
}

/** Up to the first server that both descend from, and down again. */
function planHops(request: MoveRequest): Plan {
  const { snapshot, replica, below, options } = request;
  const no = whyNotByPosition(replica, options);
  if (no !== undefined) return refused(no);
  const path = pathBetween(snapshot, replica, below);
  if (path === undefined)
    return refused(
      `${nameOf(replica)} and ${nameOf(below)} have no source in common: relocating turns out to be too complex`,
    );
  const stopped = [...path.up.slice(0, -1), ...path.down].filter((one) => !isBinlogServer(one));
  for (const one of stopped) {
    const why = whyNotByPosition(one, options) ?? whyNotHalted(snapshot, one);
    if (why !== undefined) return refused(why);
  }
  for (const one of [...path.up.slice(1), ...path.down]) {
    const why = whyCannotReplicateFrom(replica, one, options);
    if (why !== undefined) return refused(`on its way to ${nameOf(below)}: ${why}`);
  }
  const steps: MoveStep[] = [];
  path.up.slice(1).forEach((above, at) => {
    const source = path.up[at];
    if (source === undefined) return;
    const same = isBinlogServer(source);
    steps.push(...(same ? samePlaceSteps(replica, above) : upSteps(replica.key, source.key, above.key)));
  });
  for (const next of path.down) {
    const same = isBinlogServer(next);
    steps.push(...(same ? samePlaceSteps(replica, next) : belowSteps(replica.key, next.key)));
  }
  const hops = [...path.up.slice(1), ...path.down].map(nameOf).join(', ');
  const why = `by file and position one level at a time: ${hops}`;
  return move('file and position', why, [replica.key, ...stopped.map(({ key }) => key)], steps);
}

function whyNotHalted(snapshot: ClusterSnapshot, one: Instance): string | undefined {
  if (hasSeveralSources(one)) return `${nameOf(one)} replicates from several sources`;
  const writable = isCoPrimary(snapshot, one) && !one.readOnly;
  return writable ? `${nameOf(one)} takes writes, so that its log does not stand still` : undefined;
}

interface Path {
  /** From the present source of the replica up to the common ancestor. */
  readonly up: readonly Instance[];
  /** From below the ancestor down to the new source. */
  readonly down: readonly Instance[];
}

function pathBetween(snapshot: ClusterSnapshot, replica: Instance, below: Instance): Path | undefined {
  const up = lineage(snapshot, known(snapshot, sourceKey(replica)));
  const down = lineage(snapshot, below);
  const meeting = up.find((one) => down.some((other) => sameKey(one.key, other.key)));
  if (meeting === undefined) return undefined;
  const at = (line: readonly Instance[]) => line.findIndex(({ key }) => sameKey(key, meeting.key));
  return { up: up.slice(0, at(up) + 1), down: down.slice(0, at(down)).reverse() };
}

/** A server, its source, the source of that, and so on; a ring is walked once. */
function lineage(snapshot: ClusterSnapshot, from: Instance | undefined): readonly Instance[] {
  const line: Instance[] = [];
  let current = from;
  while (current !== undefined && !line.some(({ key }) => sameKey(key, current?.key))) {
    line.push(current);
    current = known(snapshot, sourceKey(current));
  }
  return line;
}

function upSteps(replica: InstanceKey, source: InstanceKey, above: InstanceKey): readonly MoveStep[] {
  return [
    { kind: 'halt', target: source },
    { kind: 'halt', target: replica },
    { kind: 'advance', target: replica, to: { kind: 'own', of: source } },
    { kind: 'follow', target: replica, source: above, start: { kind: 'executed', of: source } },
    { kind: 'resume', target: replica },
    { kind: 'resume', target: source },
  ];
}

function belowSteps(replica: InstanceKey, sibling: InstanceKey): readonly MoveStep[] {
  return [
    { kind: 'halt', target: replica },
    { kind: 'halt', target: sibling },
    { kind: 'level', target: replica, with: sibling },
    { kind: 'follow', target: replica, source: sibling, start: { kind: 'own', of: sibling } },
    { kind: 'resume', target: replica },
    { kind: 'resume', target: sibling },
  ];
}

function followSteps({ replica, below }: MoveRequest, start: Start): readonly MoveStep[] {
  return [
    { kind: 'follow', target: replica.key, source: below.key, start },
    { kind: 'resume', target: replica.key },
  ];
}

/** MariaDB takes no replica whose position it has not reached itself. */
function caughtUp(replica: Instance, below: Instance): readonly MoveStep[] {
  if (replica.family !== 'mariadb' || sourceKey(below) === undefined) return [];
  return [{ kind: 'await', target: below.key, holder: replica.key }];
}

function isGroupSecondary({ group }: Instance): boolean {
  return group?.role === 'SECONDARY';
}

function known(snapshot: ClusterSnapshot, key: InstanceKey | undefined): Instance | undefined {
  return key && memberOf(snapshot, key)?.instance;
}

function move(
  method: MovePlan['method'],
  why: string,
  locks: readonly InstanceKey[],
  steps: readonly MoveStep[],
): Plan {
  return { kind: 'move', method, why, locks, steps };
}

function refused(reason: string): NoMove {
  return { kind: 'refused', reason };
}

const nameOf = ({ key }: Instance) => keyText(key);
