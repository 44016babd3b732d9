import type { Instance, MariadbGtidState } from './instance.ts';
import { type MariadbGtid, MariadbState, mariadbGtidText, parseMariadbGtids } from './mariadb-gtid.ts';

export type MariadbHolding = 'yes' | 'no' | 'unknown';

/** What one MariaDB server says about itself, read once. */
interface View {
  readonly serverId: number;
  readonly strict: boolean;
  /** The binlog state knows replicated transactions too. */
  readonly keepsState: boolean;
  /** Applied or written here. */
  readonly applied: MariadbState;
  readonly all: MariadbState;
  readonly binlogState: MariadbState;
  readonly slavePos: ReadonlyMap<number, MariadbGtid>;
  readonly binlogPos: ReadonlyMap<number, MariadbGtid>;
  readonly received: ReadonlyMap<number, MariadbGtid>;
}

/** Whether `a` has received all that `b` has received. Both must be MariaDB. */
export function mariadbHolds(a: Instance, b: Instance): MariadbHolding {
  const answers = claimsAgainst(a, b).map(({ answer }) => answer);
  if (answers.includes('no')) return 'no';
  return answers.includes('unknown') ? 'unknown' : 'yes';
}

/** GTIDs of `b` that `a` lacks or may lack, the last of each (domain, server). */
export function mariadbMissing(a: Instance, b: Instance): string {
  return claimsAgainst(a, b)
    .filter(({ answer }) => answer !== 'yes')
    .map(({ gtid }) => mariadbGtidText(gtid))
    .join(',');
}

export function mariadbHasUnapplied(instance: Instance): boolean {
  const view = viewOf(instance);
  return view !== undefined && [...view.received.values()].some((gtid) => isUnapplied(view, gtid));
}

/**
 * Every GTID `b` puts forward, with whether `a` has it. The last one of each domain decides. Older entries of the
 * binlog state count only where both servers kept a record of the writer: a server provisioned later has none, and
 * lacks nothing for that.
 */
function claimsAgainst(
  a: Instance,
  b: Instance,
): readonly { readonly gtid: MariadbGtid; readonly answer: MariadbHolding }[] {
  const mine = viewOf(a);
  const theirs = viewOf(b);
  if (mine === undefined || theirs === undefined) return [];
  const heads = headsOf(theirs).map((gtid) => ({ gtid, answer: holdsHead(mine, theirs, gtid) }));
  const older = theirs.binlogState
    .entries()
    .filter((gtid) => !heads.some(({ gtid: head }) => sameWriter(head, gtid)) && lacksForCertain(mine, gtid))
    .map((gtid) => ({ gtid, answer: 'no' as const }));
  return [...heads, ...older];
}

function holdsHead(mine: View, theirs: View, gtid: MariadbGtid): MariadbHolding {
  if (mine.all.holds(gtid)) return 'yes';
  const last = mine.received.get(gtid.domain);
  const pending = last !== undefined && isUnapplied(mine, last);
  // The relay log may hold it behind the last received one of another writer: only draining tells.
  if (pending && last.serverId !== gtid.serverId) return 'unknown';
  if (mine.keepsState || mine.all.sequenceOf(gtid.domain, gtid.serverId) !== undefined) return 'no';
  // No record of writers here: sequences decide, and mean something only where they never go down.
  if (replicatedUpTo(mine, gtid.domain) < gtid.sequence) return 'no';
  if (gtid.serverId === theirs.serverId) return 'unknown'; // it may have left the common history with this write
  return mine.strict && theirs.strict ? 'yes' : 'unknown';
}

/** Writes of its own do not count: their sequences say nothing of what others wrote. */
function replicatedUpTo({ slavePos, received }: View, domain: number): bigint {
  const [applied, read] = [slavePos, received].map((position) => position.get(domain)?.sequence ?? 0n);
  return (applied ?? 0n) > (read ?? 0n) ? (applied ?? 0n) : (read ?? 0n);
}

function lacksForCertain(mine: View, gtid: MariadbGtid): boolean {
  const known = mine.binlogState.sequenceOf(gtid.domain, gtid.serverId);
  if (!mine.keepsState || known === undefined || mine.all.holds(gtid)) return false;
  const last = mine.received.get(gtid.domain);
  return last === undefined || !isUnapplied(mine, last);
}

/** Per domain the last GTID received, and besides it the last one written here that replication has not passed since. */
function headsOf(view: View): readonly MariadbGtid[] {
  const heads: MariadbGtid[] = [];
  for (const domain of new Set([...view.slavePos.keys(), ...view.received.keys(), ...view.binlogPos.keys()])) {
    const received = view.received.get(domain);
    const replicated = received !== undefined && isUnapplied(view, received) ? received : view.slavePos.get(domain);
    if (replicated !== undefined) heads.push(replicated);
    const own = view.binlogPos.get(domain);
    if (own !== undefined && own.serverId === view.serverId && !isPassed(view, own)) heads.push(own);
  }
  return heads;
}

/** Own writes that replication has come back with, or (without log of replicated events) has gone beyond. */
function isPassed(view: View, own: MariadbGtid): boolean {
  const replicated = view.slavePos.get(own.domain);
  if (replicated === undefined) return false;
  const comparable = replicated.serverId === own.serverId || !view.keepsState;
  return comparable && replicated.sequence >= own.sequence;
}

function isUnapplied(view: View, received: MariadbGtid): boolean {
  if (view.applied.holds(received)) return false;
  const position = view.slavePos.get(received.domain);
  if (position === undefined || position.serverId === received.serverId || view.keepsState) return true;
  return received.sequence > position.sequence;
}

function viewOf(instance: Instance): View | undefined {
  const { gtid } = instance;
  if (gtid.kind !== 'mariadb') return undefined;
  const channels = instance.replication ? [instance.replication, ...instance.otherChannels] : instance.otherChannels;
  const received = byDomain(channels.flatMap((channel) => parseMariadbGtids(channel.received)));
  const applied = appliedState(gtid);
  return {
    serverId: instance.serverId,
    strict: gtid.strictMode,
    keepsState: instance.binlogEnabled && instance.logReplicaUpdates,
    applied,
    all: applied.merge(MariadbState.of(received.values())),
    binlogState: MariadbState.parse(gtid.binlogState),
    slavePos: byDomain(parseMariadbGtids(gtid.slavePos)),
    binlogPos: byDomain(parseMariadbGtids(gtid.binlogPos)),
    received,
  };
}

function appliedState(gtid: MariadbGtidState): MariadbState {
  return MariadbState.parse([gtid.binlogState, gtid.slavePos, gtid.binlogPos].join(','));
}

function byDomain(gtids: readonly MariadbGtid[]): ReadonlyMap<number, MariadbGtid> {
  const out = new Map<number, MariadbGtid>();
  for (const gtid of gtids) {
    const known = out.get(gtid.domain);
    if (known === undefined || known.sequence < gtid.sequence) out.set(gtid.domain, gtid);
  }
  return out;
}

function sameWriter(a: MariadbGtid, b: MariadbGtid): boolean {
  return a.domain === b.domain && a.serverId === b.serverId;
}
