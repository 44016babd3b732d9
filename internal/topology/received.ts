import { compareCoordinates } from './binlog-position.ts';
import { GtidSet } from './gtid-set.ts';
import { type Instance, type MysqlGtidState, type ReplicationStatus, sourceKey } from './instance.ts';
import { sameKey } from './instance-key.ts';
import { type MariadbHolding, mariadbHasUnapplied, mariadbHolds, mariadbMissing } from './received-mariadb.ts';

/** What the first server has received in terms of the second. The order is partial. */
export type Comparison = 'equal' | 'ahead' | 'behind' | 'diverged' | 'unknown';

/** `unknown`: what the servers report does not decide it. */
type Holding = MariadbHolding;

export function compareReceived(a: Instance, b: Instance): Comparison {
  const forth = holding(a, b);
  const back = holding(b, a);
  if (forth === 'unknown' || back === 'unknown') return 'unknown';
  if (forth === 'yes') return back === 'yes' ? 'equal' : 'ahead';
  return back === 'yes' ? 'behind' : 'diverged';
}

/** Whether `a` is known to have received everything `b` has received. What cannot be known is answered with no. */
export function holdsAllReceived(a: Instance, b: Instance): boolean {
  return sameKey(a.key, b.key) || holding(a, b) === 'yes';
}

/**
 * Transactions `b` has received and `a` has not, or may not have: a GTID set, a list of MariaDB GTIDs, or the
 * coordinates that `b` has read up to. Empty if there are none, or if the two servers cannot be compared at all.
 */
export function missingFrom(a: Instance, b: Instance): string {
  switch (yardstick(a, b)) {
    case 'mysql':
      return mysqlReceived(b).subtract(mysqlReceived(a)).toString();
    case 'mariadb':
      return mariadbMissing(a, b);
    case 'coordinates':
      return holding(a, b) === 'no' ? `${b.replication?.read.file}:${b.replication?.read.position}` : '';
    case 'none':
      return '';
  }
}

/**
 * Peels off, layer by layer, the servers that nobody left strictly contains; members of one layer are equal, diverged or
 * not comparable. Grouping does not depend on input order, which is kept within a layer.
 */
export function layersByReceived(instances: readonly Instance[]): readonly (readonly Instance[])[] {
  const sets = new Map(instances.map((one) => [one, mysqlReceived(one)]));
  const setOf = (one: Instance) => sets.get(one) ?? mysqlReceived(one);
  const above = new Map(
    instances.map((one) => [one, instances.filter((other) => strictlyContains(other, one, setOf))]),
  );
  const layers: (readonly Instance[])[] = [];
  let rest = instances;
  while (rest.length > 0) {
    const pool = new Set(rest);
    const top = rest.filter((one) => !above.get(one)?.some((other) => pool.has(other)));
    const layer = top.length > 0 ? top : rest; // contradictory reports: no order among these
    layers.push(layer);
    rest = rest.filter((one) => !layer.includes(one));
  }
  return layers;
}

function strictlyContains(a: Instance, b: Instance, setOf: (instance: Instance) => GtidSet): boolean {
  return a !== b && holding(a, b, setOf) === 'yes' && holding(b, a, setOf) !== 'yes';
}

/** Whether events lie in the relay log that are not applied yet. By GTID where it is in use, else by coordinates. */
export function hasUnapplied(instance: Instance): boolean {
  const { gtid } = instance;
  if (gtid.kind === 'mysql' && countsByGtid(instance)) {
    return !GtidSet.parse(gtid.executed).contains(mysqlRetrieved(instance));
  }
  if (gtid.kind === 'mariadb' && countsByGtid(instance)) return mariadbHasUnapplied(instance);
  return channelsOf(instance).some(({ read, executed }) => {
    if (read.file === '') return false;
    return compareCoordinates(read, executed) !== 0;
  });
}

/** Executed and retrieved GTIDs of a MySQL server; empty for any other. */
export function mysqlReceived(instance: Instance): GtidSet {
  if (instance.gtid.kind !== 'mysql') return GtidSet.EMPTY;
  return GtidSet.parse(instance.gtid.executed).union(mysqlRetrieved(instance));
}

function mysqlRetrieved(instance: Instance): GtidSet {
  return channelsOf(instance).reduce((set, channel) => set.union(GtidSet.parse(channel.received)), GtidSet.EMPTY);
}

export function channelsOf(instance: Instance): readonly ReplicationStatus[] {
  return instance.replication === undefined
    ? instance.otherChannels
    : [instance.replication, ...instance.otherChannels];
}

function holding(a: Instance, b: Instance, setOf = mysqlReceived): Holding {
  switch (yardstick(a, b)) {
    case 'mysql':
      return setOf(a).contains(setOf(b)) ? 'yes' : 'no';
    case 'mariadb':
      return mariadbHolds(a, b);
    case 'coordinates':
      return coordinatesHold(a, b);
    case 'none':
      return 'unknown';
  }
}

function coordinatesHold(a: Instance, b: Instance): Holding {
  if (a.replication === undefined || b.replication === undefined) return 'unknown';
  const order = compareCoordinates(a.replication.read, b.replication.read);
  if (order === undefined) return 'unknown';
  return order >= 0 ? 'yes' : 'no';
}

function yardstick(a: Instance, b: Instance): 'mysql' | 'mariadb' | 'coordinates' | 'none' {
  if (a.gtid.kind !== b.gtid.kind) return 'none';
  if (countsByGtid(a) && countsByGtid(b)) return a.gtid.kind;
  const source = sourceKey(a);
  return source !== undefined && sameKey(source, sourceKey(b)) ? 'coordinates' : 'none';
}

/** Whether the GTIDs of a server tell all it has: no anonymous transactions, and received ones are reported as GTIDs. */
function countsByGtid(instance: Instance): boolean {
  const { gtid, replication } = instance;
  if (gtid.kind === 'mariadb') return replication === undefined || replication.gtid === 'mariadb';
  return mysqlCountsByGtid(gtid, replication);
}

function mysqlCountsByGtid(gtid: MysqlGtidState, replication: ReplicationStatus | undefined): boolean {
  const mode = gtid.mode.toUpperCase();
  if (replication?.gtid === 'mysql' || mode === 'ON') return true;
  return replication === undefined && mode === 'ON_PERMISSIVE';
}
