import { type ClusterSnapshot, depthOf, isCoPrimary, replicasOf } from '../topology/cluster.ts';
import {
  type Instance,
  isBinlogServer,
  lagSeconds,
  replicating,
  sourceKey,
  type WatchedInstance,
} from '../topology/instance.ts';
import { type InstanceKey, keyText } from '../topology/instance-key.ts';
import { groupOf } from '../topology/replication-group.ts';

export interface AnalysisOptions {
  readonly reasonableLagSeconds: number;
  readonly enforceExactSemiSync: boolean;
  readonly recoverNonWriteablePrimary: boolean;
  /** The primary's own coordinates have not moved for long enough to call a semi-sync wait a lock. */
  readonly staleCoordinates: (key: InstanceKey) => boolean;
}

/** What the rules look at: one server, its replicas, and how they know of each other. */
export interface Facts {
  readonly instance: Instance;
  readonly isPrimary: boolean;
  readonly isCoPrimary: boolean;
  /** In a replication group and not `OFFLINE`; its members are judged by one row of their own. */
  readonly isGroupMember: boolean;
  readonly valid: boolean;
  readonly partialSuccess: boolean;
  readonly depth: number;
  readonly failingToConnect: boolean;
  readonly replicas: {
    readonly keys: readonly InstanceKey[];
    readonly total: number;
    readonly valid: number;
    /** Valid, both threads running. */
    readonly replicating: number;
    /** Valid, receiver running: witnesses that the source lives, whatever their appliers do. */
    readonly connected: number;
    readonly failingToConnect: number;
    readonly downtimed: number;
    readonly lagging: number;
    readonly delayed: number;
    readonly logging: number;
    readonly statementBased: number;
    readonly mixedBased: number;
    readonly rowBased: number;
    readonly majorVersions: number;
    readonly semiSyncEnabled: number;
    readonly allMysqlGtid: boolean;
    readonly allMariadbGtid: boolean;
    readonly allBinlogServers: boolean;
    readonly minGtidMode: string;
    readonly maxGtidMode: string;
    readonly errant: string;
  };
  readonly downtimed: boolean;
  readonly downtimeEndMs: number;
  readonly maintenance: boolean;
  readonly stale: boolean;
  readonly options: AnalysisOptions;
}

/** Client error numbers of a receiver that cannot reach or enter its source (MySQL and MariaDB error references). */
const CONNECTION_ERRORS = new Set([
  1040, 1045, 1129, 1130, 1158, 1159, 1160, 1161, 1184, 1203, 2002, 2003, 2005, 2006, 2012, 2013, 2026, 2055,
]);

export function isFailingToConnect(instance: Instance): boolean {
  const { replication } = instance;
  if (replication === undefined || replication.applier !== 'running' || replication.receiver === 'running')
    return false;
  if (replication.receiverErrno !== 0) return CONNECTION_ERRORS.has(replication.receiverErrno);
  return /error .*connecting to (master|source)/i.test(replication.receiverError); // rows of a backend hold no number
}

export function factsOf(snapshot: ClusterSnapshot, member: WatchedInstance, options: AnalysisOptions): Facts {
  const { instance } = member;
  const replicas = replicasOf(snapshot, instance.key);
  const valid = replicas.filter((replica) => replica.valid);
  const logging = replicas.filter((replica) => replica.instance.binlogEnabled && replica.instance.logReplicaUpdates);
  const count = (among: readonly WatchedInstance[], test: (one: Instance) => boolean) =>
    among.filter((one) => test(one.instance)).length;
  const gtidModes = replicas.map((replica) => gtidMode(replica.instance)).sort();
  const errants = replicas
    .filter((replica) => !snapshot.downtimes.has(keyText(replica.instance.key)))
    .map((replica) => replica.errantGtid)
    .sort();
  const downtime = snapshot.downtimes.get(keyText(instance.key));
  const coPrimary =
    isCoPrimary(snapshot, instance) || replicas.some((replica) => isCoPrimary(snapshot, replica.instance));
  return {
    instance,
    isPrimary: sourceKey(instance) === undefined && (instance.group === undefined || instance.group.role === 'PRIMARY'),
    isGroupMember: groupOf(instance) !== undefined,
    isCoPrimary: coPrimary,
    valid: member.valid,
    partialSuccess: member.partialSuccess,
    depth: depthOf(snapshot, instance),
    failingToConnect: isFailingToConnect(instance),
    replicas: {
      keys: replicas.map((replica) => replica.instance.key),
      total: replicas.length,
      valid: valid.length,
      replicating: count(valid, replicating),
      connected: count(valid, (one) => one.replication?.receiver === 'running'),
      failingToConnect: count(valid, isFailingToConnect),
      downtimed: replicas.filter((replica) => snapshot.downtimes.has(keyText(replica.instance.key))).length,
      lagging: count(valid, (one) => (lagSeconds(one) ?? 0) > options.reasonableLagSeconds),
      delayed: count(valid, (one) => (one.replication?.delaySeconds ?? 0) > 0),
      logging: logging.length,
      statementBased: count(logging, (one) => one.binlogFormat === 'STATEMENT'),
      mixedBased: count(logging, (one) => one.binlogFormat === 'MIXED'),
      rowBased: count(logging, (one) => one.binlogFormat === 'ROW'),
      majorVersions: new Set(logging.map((replica) => majorVersion(replica.instance))).size,
      semiSyncEnabled: count(replicas, (one) => one.semiSync.replicaEnabled),
      allMysqlGtid: valid.length > 0 && valid.every((one) => one.instance.replication?.gtid === 'mysql'),
      allMariadbGtid: valid.length > 0 && valid.every((one) => one.instance.replication?.gtid === 'mariadb'),
      allBinlogServers: valid.length > 0 && valid.every((one) => isBinlogServer(one.instance)),
      minGtidMode: gtidModes[0] ?? '',
      maxGtidMode: gtidModes.at(-1) ?? '',
      errant: errants.at(-1) ?? '',
    },
    downtimed: downtime !== undefined,
    downtimeEndMs: downtime?.endMs ?? 0,
    maintenance: snapshot.maintenance.has(keyText(instance.key)),
    stale: options.staleCoordinates(instance.key),
    options,
  };
}

export function gtidMode(instance: Instance): string {
  return instance.gtid.kind === 'mysql' ? instance.gtid.mode : '';
}

function majorVersion(instance: Instance): string {
  return instance.version.split('.').slice(0, 2).join('.');
}
