import { z } from 'zod';
import { depthOf, isCoPrimary } from '../../../topology/cluster.ts';
import { type Instance, lagSeconds, type ReplicationStatus, sourceKey } from '../../../topology/instance.ts';
import { keyText } from '../../../topology/instance-key.ts';
import type { Listed } from '../../../topology/listing.ts';
import { type InstanceProblem, problemsOf } from '../../wire/instance.ts';
import {
  Coordinates,
  Count,
  coordinatesOf,
  Milliseconds,
  momentOf,
  named,
  Server,
  ServerList,
  serverOf,
  serverOrNull,
  serversOf,
  Time,
  textOrNull,
  timeOf,
} from '../schema.ts';
import { PROMOTION_RULE_WORDS, PromotionRuleWord } from './promotion-rule.ts';

const ThreadState = z.enum(['none', 'stopped', 'running', 'other']);

const PROBLEMS: Readonly<Record<InstanceProblem, string>> = {
  last_check_invalid: 'unreachable',
  not_recently_checked: 'notRecentlyChecked',
  not_replicating: 'notReplicating',
  replication_lag: 'lagging',
  errant_gtid: 'errantGtid',
  group_replication_member_not_online: 'groupMemberNotOnline',
};
export const InstanceProblemWord = z.enum(Object.values(PROBLEMS) as [string, ...string[]]);

const Replication = named(
  'Replication',
  z.strictObject({
    channel: z.string(),
    source: Server.nullable().describe('Null where it was detached'),
    receiver: ThreadState,
    applier: ThreadState,
    lagSeconds: z.number().nullable(),
    delaySeconds: z.number().min(0),
    method: z.enum(['fileAndPosition', 'mysqlGtid', 'mariadbGtid']),
    receivedGtid: z.string().nullable(),
    readCoordinates: Coordinates,
    executedCoordinates: Coordinates,
    relayLogCoordinates: Coordinates,
    receiverError: z.string().nullable(),
    applierError: z.string().nullable(),
    filtered: z.boolean(),
    encrypted: z.boolean(),
  }),
);

const Gtid = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('mysql'), mode: z.string(), executed: z.string(), purged: z.string() }),
  z.strictObject({
    kind: z.literal('mariadb'),
    currentPosition: z.string(),
    binaryLogPosition: z.string(),
    binaryLogState: z.string(),
    replicaPosition: z.string(),
    domainId: z.int(),
    strictMode: z.boolean(),
  }),
]);

const SemiSync = z.strictObject({
  available: z.boolean(),
  sourceEnabled: z.boolean(),
  sourceActive: z.boolean(),
  sourceTimeoutMilliseconds: Milliseconds,
  waitsForReplicas: Count,
  connectedReplicas: Count,
  replicaEnabled: z.boolean(),
  replicaActive: z.boolean(),
  priority: z.int(),
});

export const InstanceForm = named(
  'Instance',
  z
    .strictObject({
      server: Server,
      hostname: z.string(),
      port: z.int(),
      alias: z.string().nullable(),
      cluster: z.string().describe('Name of its cluster'),
      role: z.enum(['primary', 'coPrimary', 'intermediatePrimary', 'replica']),
      depth: Count.describe('How many known servers stand above it'),
      source: Server.nullable(),
      replicas: ServerList,
      reachable: z.boolean().describe('The newest read of it was good, and is fresh'),
      lastError: z.string().nullable(),
      lastCheckedAt: Time.nullable(),
      lastSeenAt: Time.nullable(),
      readMilliseconds: Milliseconds.nullable(),
      problems: z.array(InstanceProblemWord),
      family: z.enum(['mysql', 'mariadb']),
      version: z.string(),
      versionComment: z.string(),
      serverId: z.int(),
      serverUuid: z.string().nullable(),
      uptimeSeconds: z.number().min(0),
      readOnly: z.boolean(),
      superReadOnly: z.boolean(),
      dataCenter: z.string().nullable(),
      region: z.string().nullable(),
      physicalEnvironment: z.string().nullable(),
      promotionRule: PromotionRuleWord,
      binaryLog: z.strictObject({
        enabled: z.boolean(),
        format: z.string(),
        rowImage: z.string(),
        logsReplicaUpdates: z.boolean(),
        coordinates: Coordinates,
      }),
      gtid: Gtid,
      errantGtid: z.string().nullable().describe('Transactions that did not come from above'),
      replication: Replication.nullable(),
      otherChannels: z.array(Replication),
      semiSync: SemiSync,
      group: z
        .strictObject({
          name: z.string(),
          state: z.string(),
          role: z.string(),
          members: ServerList,
          primary: Server.nullable(),
        })
        .nullable()
        .describe('The replication group that it belongs to'),
      downtime: z
        .strictObject({ owner: z.string(), reason: z.string(), beganAt: Time, endsAt: Time })
        .nullable()
        .describe('While it lasts the server is left alone'),
      underMaintenance: z.boolean(),
      missingRights: z.array(z.strictObject({ right: z.string(), purpose: z.enum(['replicate', 'promote', 'fence']) })),
    })
    .describe('One server as it was last read'),
);
export type InstanceBody = z.infer<typeof InstanceForm>;

export interface InstanceContext {
  readonly nowMs: number;
  readonly pollSeconds: number;
  readonly reasonableLagSeconds: number;
}

export function instanceOf({ snapshot, watched }: Listed, context: InstanceContext): InstanceBody {
  const { instance } = watched;
  const { key, group } = instance;
  const downtime = snapshot.downtimes.get(keyText(key));
  return {
    server: serverOf(key),
    hostname: key.hostname,
    port: key.port,
    alias: textOrNull(instance.instanceAlias),
    cluster: snapshot.name,
    role: roleOf({ snapshot, watched }),
    depth: depthOf(snapshot, instance),
    source: serverOrNull(sourceKey(instance)),
    replicas: serversOf(instance.replicaKeys),
    reachable: watched.valid,
    lastError: textOrNull(watched.lastError),
    lastCheckedAt: timeOf(watched.lastCheckedMs),
    lastSeenAt: timeOf(watched.lastSeenMs),
    readMilliseconds: watched.readTookMs ?? null,
    problems: problemsOf(watched, { ...context, snapshot }).map((problem) => PROBLEMS[problem]),
    family: instance.family,
    version: instance.version,
    versionComment: instance.versionComment,
    serverId: instance.serverId,
    serverUuid: textOrNull(instance.serverUuid),
    uptimeSeconds: instance.uptimeSeconds,
    readOnly: instance.readOnly,
    superReadOnly: instance.superReadOnly,
    dataCenter: textOrNull(instance.dataCenter),
    region: textOrNull(instance.region),
    physicalEnvironment: textOrNull(instance.physicalEnvironment),
    promotionRule: PROMOTION_RULE_WORDS[instance.promotionRule],
    binaryLog: {
      enabled: instance.binlogEnabled,
      format: instance.binlogFormat,
      rowImage: instance.binlogRowImage,
      logsReplicaUpdates: instance.logReplicaUpdates,
      coordinates: coordinatesOf(instance.ownCoordinates),
    },
    gtid: gtidOf(instance),
    errantGtid: textOrNull(watched.errantGtid),
    replication: instance.replication === undefined ? null : replicationOf(instance.replication, lagSeconds(instance)),
    otherChannels: instance.otherChannels.map((channel) => replicationOf(channel, channel.lagSeconds)),
    semiSync: semiSyncOf(instance),
    group:
      group === undefined
        ? null
        : {
            name: group.name,
            state: group.state,
            role: group.role,
            members: serversOf(group.members),
            primary: serverOrNull(group.primary),
          },
    downtime:
      downtime === undefined
        ? null
        : {
            owner: downtime.owner,
            reason: downtime.reason,
            beganAt: momentOf(downtime.beginMs),
            endsAt: momentOf(downtime.endMs),
          },
    underMaintenance: snapshot.maintenance.has(keyText(key)),
    missingRights: instance.missingRights.map(({ right, purpose }) => ({ right, purpose })),
  };
}

export function roleOf({ snapshot, watched: { instance } }: Listed): InstanceBody['role'] {
  if (isCoPrimary(snapshot, instance)) return 'coPrimary';
  if (depthOf(snapshot, instance) === 0) return 'primary';
  return instance.replicaKeys.length > 0 ? 'intermediatePrimary' : 'replica';
}

function replicationOf(status: ReplicationStatus, lag: number | undefined): z.infer<typeof Replication> {
  const { source } = status;
  const follows = sourceKey({ replication: status } as Instance);
  return {
    channel: status.channel,
    source: follows === undefined ? null : serverOf(source),
    receiver: status.receiver,
    applier: status.applier,
    lagSeconds: lag ?? null,
    delaySeconds: status.delaySeconds,
    method: METHODS[status.gtid],
    receivedGtid: textOrNull(status.received),
    readCoordinates: coordinatesOf(status.read),
    executedCoordinates: coordinatesOf(status.executed),
    relayLogCoordinates: coordinatesOf(status.relay),
    receiverError: textOrNull(status.receiverError),
    applierError: textOrNull(status.applierError),
    filtered: status.hasFilters,
    encrypted: status.tlsAllowed,
  };
}

const METHODS = { none: 'fileAndPosition', mysql: 'mysqlGtid', mariadb: 'mariadbGtid' } as const;

function gtidOf({ gtid }: Instance): InstanceBody['gtid'] {
  if (gtid.kind === 'mysql') return { kind: 'mysql', mode: gtid.mode, executed: gtid.executed, purged: gtid.purged };
  return {
    kind: 'mariadb',
    currentPosition: gtid.currentPos,
    binaryLogPosition: gtid.binlogPos,
    binaryLogState: gtid.binlogState,
    replicaPosition: gtid.slavePos,
    domainId: gtid.domainId,
    strictMode: gtid.strictMode,
  };
}

function semiSyncOf({ semiSync, semiSyncPriority }: Instance): InstanceBody['semiSync'] {
  return {
    available: semiSync.available,
    sourceEnabled: semiSync.sourceEnabled,
    sourceActive: semiSync.sourceActive,
    sourceTimeoutMilliseconds: semiSync.sourceTimeoutMs,
    waitsForReplicas: semiSync.waitForReplicaCount,
    connectedReplicas: semiSync.sourceClients,
    replicaEnabled: semiSync.replicaEnabled,
    replicaActive: semiSync.replicaActive,
    priority: semiSyncPriority,
  };
}
