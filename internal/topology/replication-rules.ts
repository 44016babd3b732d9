import { type ClusterSnapshot, memberOf } from './cluster.ts';
import { GtidSet } from './gtid-set.ts';
import { hasSeveralSources, type Instance, isBinlogServer, type MysqlGtidState, sourceKey } from './instance.ts';
import { keyText, sameKey } from './instance-key.ts';
import { mysqlReceived } from './received.ts';
import { compareMajor, majorVersionText, parseServerVersion } from './server-version.ts';

export interface ReplicationRuleOptions {
  /** Allow a replica of a lower major version than its source. */
  readonly lowerVersionAllowed: boolean;
  readonly verifyFilters: boolean;
  readonly reasonableMaintenanceLagSeconds: number;
  /** Given: a server is also refused a source that descends from it. */
  readonly snapshot?: ClusterSnapshot;
}

type Rule = (replica: Instance, source: Instance, options: ReplicationRuleOptions) => string | undefined;

const BINLOG_FORMATS: readonly string[] = ['STATEMENT', 'MIXED', 'ROW'];

/**
 * Why a replica that is only told of another source would not find its place there: MySQL by file and position begins at the first binary
 * log, and executes everything once more. MariaDB counts GTIDs however it replicates.
 */
export function whyNoPlace({ key, family, replication }: Instance, source: Instance): string | undefined {
  if (family !== 'mysql' || replication === undefined || replication.gtid !== 'none') return undefined;
  return `${keyText(key)} goes by file and position, and its place in the log of ${nameOf(source)} is not known`;
}

/** In this order; the first that refuses is named. */
const RULES: readonly Rule[] = [
  (replica, source) => refuse(sameKey(replica.key, source.key), 'a server cannot replicate from itself'),
  (replica, source) =>
    refuse(
      !passesLogsOn(replica, source) && replica.family !== source.family,
      `${nameOf(replica)} is ${replica.family} and ${nameOf(source)} is ${source.family}`,
    ),
  (replica) => refuse(hasSeveralSources(replica), `${nameOf(replica)} replicates from several sources`),
  (_replica, source) => refuse(!source.binlogEnabled, `${nameOf(source)} has no binary log`),
  (_replica, source) =>
    refuse(
      sourceKey(source) !== undefined && !source.logReplicaUpdates,
      `${nameOf(source)} does not log what it replicates`,
    ),
  lowerVersion,
  smallerFormat,
  (replica, source, { verifyFilters }) =>
    refuse(
      verifyFilters && source.replication?.hasFilters === true && replica.replication?.hasFilters !== true,
      `${nameOf(source)} has replication filters and ${nameOf(replica)} has none`,
    ),
  (replica, source) =>
    refuse(!isBinlogServer(replica) && replica.serverId === source.serverId, `both have server id ${replica.serverId}`),
  (replica, source) =>
    refuse(
      !isBinlogServer(replica) && replica.serverUuid !== '' && replica.serverUuid === source.serverUuid,
      `both have server UUID ${replica.serverUuid}`,
    ),
  longerDelay,
  gtidModes,
  purged,
  descends,
];

/** Why `replica` must not be put below `source`, in words for an operator; undefined if it may. */
export function whyCannotReplicateFrom(
  replica: Instance,
  source: Instance,
  options: ReplicationRuleOptions,
): string | undefined {
  for (const rule of RULES) {
    const reason = rule(replica, source, options);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

/** Position in `STATEMENT` < `MIXED` < `ROW`; a format not known counts as the largest. */
export function binlogFormatRank(format: string): number {
  const rank = BINLOG_FORMATS.indexOf(format.toUpperCase());
  return rank < 0 ? BINLOG_FORMATS.length - 1 : rank;
}

/** A binary log server hands on what another one wrote: family, version and format are those of that one. */
function passesLogsOn(replica: Instance, source: Instance): boolean {
  return isBinlogServer(replica) || isBinlogServer(source);
}

function lowerVersion(replica: Instance, source: Instance, options: ReplicationRuleOptions): string | undefined {
  if (options.lowerVersionAllowed || passesLogsOn(replica, source)) return undefined;
  const below = parseServerVersion(replica.version);
  const above = parseServerVersion(source.version);
  return refuse(
    compareMajor(below, above) < 0,
    `${nameOf(replica)} has version ${majorVersionText(below)}, lower than ${majorVersionText(above)} of ${nameOf(source)}`,
  );
}

function smallerFormat(replica: Instance, source: Instance): string | undefined {
  const logs = replica.binlogEnabled && replica.logReplicaUpdates;
  return refuse(
    logs && !isBinlogServer(source) && binlogFormatRank(replica.binlogFormat) < binlogFormatRank(source.binlogFormat),
    `${nameOf(replica)} logs in format ${replica.binlogFormat}, ${nameOf(source)} in ${source.binlogFormat}`,
  );
}

function longerDelay(replica: Instance, source: Instance, options: ReplicationRuleOptions): string | undefined {
  const below = replica.replication?.delaySeconds ?? 0;
  const above = source.replication?.delaySeconds ?? 0;
  return refuse(
    below < above && above > options.reasonableMaintenanceLagSeconds,
    `${nameOf(source)} is delayed by ${above} s, ${nameOf(replica)} by ${below} s`,
  );
}

function gtidModes(replica: Instance, source: Instance): string | undefined {
  if (replica.gtid.kind !== 'mysql' || source.gtid.kind !== 'mysql') return undefined;
  const below = replica.gtid.mode.toUpperCase();
  const above = source.gtid.mode.toUpperCase();
  const clash = (below === 'OFF' && above === 'ON') || (below === 'ON' && above === 'OFF');
  return refuse(clash, `gtid_mode is ${below} on ${nameOf(replica)} and ${above} on ${nameOf(source)}`);
}

/** What is only in the replica's relay log counts as present: relay logs are kept, or drained before a move. */
function purged(replica: Instance, source: Instance): string | undefined {
  if (source.gtid.kind !== 'mysql' || !followsByGtid(replica, source.gtid)) return undefined;
  if (source.gtid.purged === '') return undefined;
  const lost = GtidSet.parse(source.gtid.purged).subtract(mysqlReceived(replica));
  return refuse(!lost.isEmpty, `${nameOf(source)} has purged ${lost} which ${nameOf(replica)} still needs`);
}

function followsByGtid(replica: Instance, above: MysqlGtidState): boolean {
  if (replica.replication !== undefined) return replica.replication.gtid === 'mysql';
  return replica.gtid.kind === 'mysql' && replica.gtid.mode === 'ON' && above.mode === 'ON';
}

function descends(replica: Instance, source: Instance, { snapshot }: ReplicationRuleOptions): string | undefined {
  if (snapshot === undefined || sameKey(sourceKey(replica), source.key)) return undefined;
  const seen = new Set<string>();
  let above = sourceKey(source);
  while (above !== undefined && !seen.has(keyText(above))) {
    if (sameKey(above, replica.key)) return `${nameOf(source)} replicates from ${nameOf(replica)}`;
    seen.add(keyText(above));
    const member = memberOf(snapshot, above);
    above = member && sourceKey(member.instance);
  }
  return undefined;
}

function nameOf(instance: Instance): string {
  return keyText(instance.key);
}

function refuse(refused: boolean, reason: string): string | undefined {
  return refused ? reason : undefined;
}
