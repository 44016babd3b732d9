import {
  type GtidState,
  type Instance,
  type MariadbGtidState,
  type MysqlGtidState,
  NO_REPLICATION_TLS,
  type ReplicationStatus,
} from '../../../internal/topology/instance.ts';
import type { InstanceKey } from '../../../internal/topology/instance-key.ts';

export const PRIMARY_KEY: InstanceKey = { hostname: 'primary', port: 3306 };

/** `00000000-0000-0000-0000-00000000000N` */
export function uuid(n: number): string {
  return `00000000-0000-0000-0000-${String(n).padStart(12, '0')}`;
}

export function mysqlGtid(executed: string, more: Partial<MysqlGtidState> = {}): MysqlGtidState {
  return { kind: 'mysql', mode: 'ON', executed, purged: '', ...more };
}

export function mariadbGtid(slavePos: string, more: Partial<MariadbGtidState> = {}): MariadbGtidState {
  return {
    kind: 'mariadb',
    slavePos,
    currentPos: slavePos,
    binlogPos: slavePos,
    binlogState: slavePos,
    strictMode: false,
    domainId: 0,
    ...more,
  };
}

export function aReplication(more: Partial<ReplicationStatus> = {}): ReplicationStatus {
  return {
    channel: '',
    source: PRIMARY_KEY,
    sourceUuid: uuid(1),
    user: 'repl',
    receiver: 'stopped',
    applier: 'running',
    read: { file: 'binlog.000001', position: 100 },
    executed: { file: 'binlog.000001', position: 100 },
    relay: { file: 'relay.000001', position: 4 },
    receiverErrno: 0,
    receiverError: '',
    applierErrno: 0,
    applierError: '',
    gtid: 'mysql',
    mariadbGtidMode: '',
    received: '',
    lagSeconds: 0,
    delaySeconds: 0,
    hasFilters: false,
    tlsAllowed: false,
    tls: NO_REPLICATION_TLS,
    heartbeatSeconds: undefined,
    ...more,
  };
}

/** A healthy MySQL primary; its server id and UUID come from `n`, its host is `h<n>`. */
export function anInstance(n: number, more: Partial<Instance> = {}): Instance {
  return {
    key: { hostname: `h${n}`, port: 3306 },
    hostname: `h${n}`,
    reportHost: '',
    family: 'mysql',
    version: '8.4.3',
    versionComment: '',
    serverId: n,
    serverUuid: uuid(n),
    readOnly: true,
    superReadOnly: true,
    uptimeSeconds: 1000,
    binlogEnabled: true,
    logReplicaUpdates: true,
    binlogFormat: 'ROW',
    binlogRowImage: 'FULL',
    ownCoordinates: { file: 'binlog.000001', position: 4 },
    gtid: mysqlGtid(''),
    replication: undefined,
    otherChannels: [],
    replicaKeys: [],
    group: undefined,
    semiSync: {
      available: false,
      sourceEnabled: false,
      sourceActive: false,
      sourceTimeoutMs: 0,
      waitForReplicaCount: 0,
      sourceClients: 0,
      replicaEnabled: false,
      replicaActive: false,
      sourcePluginNew: false,
      replicaPluginNew: false,
    },
    dataCenter: 'dc1',
    region: 'r1',
    physicalEnvironment: 'prod',
    instanceAlias: '',
    suggestedClusterAlias: '',
    clusterDomain: '',
    promotionRule: 'neutral',
    detectedPromotionRule: undefined,
    semiSyncPriority: 0,
    measuredLagSeconds: undefined,
    usesPseudoGtid: false,
    hasReplicationCredentials: true,
    missingRights: [],
    ...more,
  };
}

interface ReplicaParts extends Omit<Partial<Instance>, 'replication' | 'gtid'> {
  readonly gtid?: GtidState;
  readonly replication?: Partial<ReplicationStatus>;
}

/** A replica of `primary:3306`: `executed` is a GTID set of MySQL, `received` what it retrieved beyond. */
export function aReplica(n: number, executed: string, received = '', parts: ReplicaParts = {}): Instance {
  const { replication, ...rest } = parts;
  return anInstance(n, { gtid: mysqlGtid(executed), ...rest, replication: aReplication({ received, ...replication }) });
}

/** A MariaDB replica of `primary:3306` that has applied `slavePos` and received `received`. */
export function aMariadbReplica(
  n: number,
  slavePos: string,
  received = '',
  more: Partial<MariadbGtidState> = {},
  parts: Partial<Instance> = {},
): Instance {
  return anInstance(n, {
    family: 'mariadb',
    version: '10.11.19-MariaDB-log',
    serverUuid: '',
    gtid: mariadbGtid(slavePos, more),
    replication: aReplication({ gtid: 'mariadb', mariadbGtidMode: 'Slave_Pos', sourceUuid: '', received }),
    ...parts,
  });
}
