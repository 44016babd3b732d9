// Plans that change what a server is to its neighbours: places are swapped, a pair is made, a way of replicating is switched.

import { isCoPrimary, memberOf } from './cluster.ts';
import { hasSeveralSources, type Instance, isBinlogServer, replicating, sourceKey } from './instance.ts';
import { isDetachedHost, keyText, sameKey } from './instance-key.ts';
import type { MovePlan, MoveStep, NoMove, Start } from './move-steps.ts';
import { type MoveRequest, quiet, startOf } from './relocation-plan.ts';
import { whyCannotReplicateFrom } from './replication-rules.ts';

type Plan = MovePlan | NoMove;
type OneEnd = Omit<MoveRequest, 'below'>;

const DETACHED = '//';

/** Replica and source change places. The source must be a replica itself: a writable one is handed over by a takeover. */
export function planTakeSource({ snapshot, replica, options }: OneEnd): Plan {
  const source = memberOf(snapshot, sourceKey(replica) ?? replica.key)?.instance;
  if (source === undefined || source === replica) return refused(`the source of ${nameOf(replica)} is not known`);
  const relay = [replica, source].find(isBinlogServer);
  if (relay !== undefined) return refused(`${nameOf(relay)} is a binlog server: it holds no data`);
  if (isCoPrimary(snapshot, source)) return refused(`${nameOf(source)} is a co-primary`);
  const above = sourceKey(source);
  if (above === undefined) return refused(`${nameOf(source)} is no replica: use a graceful takeover`);
  const late = [replica, source].find((one) => !replicating(one));
  if (late !== undefined) return refused(`${nameOf(late)} is not replicating`);
  const top = memberOf(snapshot, above)?.instance;
  if (top === undefined) return refused(`${keyText(above)}, the source of ${nameOf(source)}, is not known`);
  const no =
    severalSources([replica, source]) ??
    whyCannotReplicateFrom(replica, top, options) ??
    whyCannotReplicateFrom(source, replica, options);
  if (no !== undefined) return refused(no);
  const byGtid = startOf(replica) === 'gtid' && startOf(source) === 'gtid';
  const upwards: Start = byGtid ? 'gtid' : { kind: 'executed', of: source.key };
  const downwards: Start = byGtid ? 'gtid' : { kind: 'own', of: replica.key };
  return move(
    `${nameOf(replica)} takes the place of ${nameOf(source)}`,
    byGtid,
    [replica, source],
    [
      { kind: 'halt', target: source.key },
      { kind: 'halt', target: replica.key },
      { kind: 'advance', target: replica.key, to: { kind: 'own', of: source.key } },
      { kind: 'follow', target: replica.key, source: above, start: upwards },
      { kind: 'follow', target: source.key, source: replica.key, start: downwards },
      { kind: 'resume', target: replica.key },
      { kind: 'resume', target: source.key },
    ],
  );
}

/** The source of a read-only replica replicates from it, too. */
export function planCoPrimary({ snapshot, replica, options }: OneEnd): Plan {
  const source = memberOf(snapshot, sourceKey(replica) ?? replica.key)?.instance;
  if (source === undefined || source === replica) return refused(`the source of ${nameOf(replica)} is not known`);
  const relay = [replica, source].find(isBinlogServer);
  if (relay !== undefined) return refused(`${nameOf(relay)} is a binlog server: it holds no data`);
  if (!replica.readOnly)
    return refused(`${nameOf(replica)} is not read-only: only a read-only server becomes a co-primary`);
  if (!replicating(replica)) return refused(`${nameOf(replica)} is not replicating`);
  const present = sourceKey(source);
  if (sameKey(present, replica.key)) return refused(`${nameOf(source)} replicates from ${nameOf(replica)} already`);
  const partner = present && memberOf(snapshot, present);
  const inPair = partner !== undefined && isCoPrimary(snapshot, source);
  if (present !== undefined && !(inPair && (!partner.valid || partner.instance.readOnly)))
    return refused(`${nameOf(source)} replicates from ${keyText(present)}`);
  const no = severalSources([replica, source]) ?? whyCannotReplicateFrom(source, replica, options);
  if (no !== undefined) return refused(no);
  const byGtid = startOf(replica) === 'gtid';
  const follow: MoveStep = {
    kind: 'follow',
    target: source.key,
    source: replica.key,
    start: byGtid ? 'gtid' : { kind: 'own', of: replica.key },
    ...(present === undefined ? { loginOf: replica.key } : {}),
  };
  return move(
    `${nameOf(source)} and ${nameOf(replica)} replicate from each other`,
    byGtid,
    [replica, source],
    [
      ...(present === undefined ? [] : quiet(source)),
      // a position of another server is only that of this one while it stands still
      ...(present === undefined || byGtid ? [] : [{ kind: 'halt', target: source.key } as const]),
      follow,
      { kind: 'resume', target: source.key },
    ],
  );
}

/** The same source, read by GTID or by file and position from where the replica stands. */
export function planGtidSwitch(replica: Instance, on: boolean): Plan {
  const source = sourceKey(replica);
  if (source === undefined) return refused(`instance is not a replica: ${nameOf(replica)}`);
  const uses = startOf(replica) === 'gtid';
  if (uses === on) return refused(on ? `${nameOf(replica)} uses GTID already` : `${nameOf(replica)} does not use GTID`);
  const { gtid } = replica;
  if (on && gtid.kind === 'mysql' && gtid.mode.toUpperCase() !== 'ON')
    return refused(`gtid_mode is ${gtid.mode || 'not there'} on ${nameOf(replica)}: it must be ON`);
  const no = severalSources([replica]);
  if (no !== undefined) return refused(no);
  const start: Start = on ? 'gtid' : { kind: 'executed', of: replica.key };
  return move(
    `${nameOf(replica)} ${on ? 'goes' : 'no longer goes'} by GTID`,
    on,
    [replica],
    [
      ...quiet(replica),
      { kind: 'follow', target: replica.key, source, start },
      { kind: 'resume', target: replica.key },
    ],
  );
}

/** Its source gets a name that nobody resolves, and can be given back later. */
export function planDetach(replica: Instance): Plan {
  const source = replica.replication?.source;
  if (source === undefined) return refused(`instance is not a replica: ${nameOf(replica)}`);
  if (isDetachedHost(source.hostname)) return refused(`instance already detached: ${nameOf(replica)}`);
  return renamedSource(replica, `${DETACHED}${source.hostname}`, true);
}

export function planReattach(replica: Instance): Plan {
  const source = replica.replication?.source;
  if (source === undefined || !isDetachedHost(source.hostname))
    return refused(`instance is not detached: ${nameOf(replica)}`);
  return renamedSource(replica, source.hostname.slice(DETACHED.length), false);
}

function renamedSource(replica: Instance, hostname: string, unheard: boolean): Plan {
  const no = severalSources([replica]);
  if (no !== undefined) return refused(no);
  const source = { hostname, port: replica.replication?.source.port ?? 0 };
  const start = startOf(replica);
  const runs = replica.replication?.receiver === 'running';
  return move(
    `${nameOf(replica)} ${unheard ? 'is detached' : 'is attached again'}`,
    start === 'gtid',
    [replica],
    [
      ...(runs ? quiet(replica) : []),
      { kind: 'follow', target: replica.key, source, start },
      { kind: 'resume', target: replica.key, ...(unheard ? { unheard } : {}) },
    ],
  );
}

function severalSources(all: readonly Instance[]): string | undefined {
  const one = all.find(hasSeveralSources);
  return one && `${nameOf(one)} replicates from several sources`;
}

function move(why: string, byGtid: boolean, changed: readonly Instance[], steps: readonly MoveStep[]): Plan {
  const locks = changed.map(({ key }) => key);
  return { kind: 'move', method: byGtid ? 'GTID' : 'file and position', why, locks, steps };
}

function refused(reason: string): NoMove {
  return { kind: 'refused', reason };
}

const nameOf = ({ key }: Instance) => keyText(key);
