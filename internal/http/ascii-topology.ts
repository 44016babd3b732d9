import { type ClusterSnapshot, replicasOf } from '../topology/cluster.ts';
import { lagSeconds, replicating, sourceKey, type WatchedInstance } from '../topology/instance.ts';
import { compareKeys, keyText } from '../topology/instance-key.ts';

export interface DrawingOptions {
  readonly nowMs: number;
  readonly pollSeconds: number;
  readonly maintenanceLagSeconds: number;
}

interface Line {
  readonly head: string;
  readonly tokens: readonly [lag: string, status: string, version: string, writability: string, binlog: string];
  readonly extras: readonly string[];
}

/** The tree as text, one line a server; the first bracket of all lines stands in one column. */
export function drawTopology(snapshot: ClusterSnapshot, options: DrawingOptions): string {
  const lines = treeLines(snapshot, options);
  const width = Math.max(0, ...lines.map(({ head }) => Buffer.byteLength(head)));
  return lines.map((one) => `${pad(one.head, width)} ${bracket(one)}`).join('\n');
}

/** The part in brackets of one server's line. */
export function drawStatus(snapshot: ClusterSnapshot, member: WatchedInstance, options: DrawingOptions): string {
  return bracket(line(snapshot, member, 0, options));
}

function bracket({ tokens, extras }: Line): string {
  return `[${[...tokens, ...extras].filter((one) => one !== '').join(',')}]`;
}

/** The same in columns separated by `|`. */
export function drawTabulated(snapshot: ClusterSnapshot, options: DrawingOptions): string {
  const rows = treeLines(snapshot, options).map(({ head, tokens, extras }) => [head, ...tokens, extras.join(',')]);
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => Buffer.byteLength(row[column] ?? ''))),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 1 ? cell.padStart(widths[column] ?? 0) : pad(cell, widths[column] ?? 0)))
        .join('|'),
    )
    .join('\n');
}

function treeLines(snapshot: ClusterSnapshot, options: DrawingOptions): readonly Line[] {
  const known = new Set(snapshot.members.map(({ instance }) => keyText(instance.key)));
  const sorted = [...snapshot.members].sort((a, b) => compareKeys(a.instance.key, b.instance.key));
  const roots = sorted.filter(({ instance }) => {
    const source = sourceKey(instance);
    return source === undefined || !known.has(keyText(source));
  });
  const root = roots.at(-1);
  if (root !== undefined) return branch(snapshot, root, 0, options, new Set());
  const seen = new Set<string>();
  return sorted.flatMap((member) =>
    seen.has(keyText(member.instance.key)) ? [] : branch(snapshot, member, 1, options, seen),
  );
}

function branch(
  snapshot: ClusterSnapshot,
  member: WatchedInstance,
  depth: number,
  options: DrawingOptions,
  seen: Set<string>,
): readonly Line[] {
  const text = keyText(member.instance.key);
  if (seen.has(text)) return [];
  seen.add(text);
  const below = replicasOf(snapshot, member.instance.key).flatMap((replica) =>
    branch(snapshot, replica, depth + 1, options, seen),
  );
  return [line(snapshot, member, depth, options), ...below];
}

function line(snapshot: ClusterSnapshot, member: WatchedInstance, depth: number, options: DrawingOptions): Line {
  const { instance } = member;
  const recent = options.nowMs - member.lastCheckedMs <= 5000 * options.pollSeconds;
  const fine = replicating(instance) && member.valid && recent;
  const prefix = depth === 0 ? '' : `${'  '.repeat(depth - 1)}${fine ? '+' : '-'} `;
  const alias = instance.instanceAlias === '' ? '' : ` (${instance.instanceAlias})`;
  const { semiSync } = instance;
  const usesGtid = instance.replication?.gtid === 'mysql' || instance.replication?.gtid === 'mariadb';
  const extras = [
    instance.binlogEnabled && instance.logReplicaUpdates ? '>>' : '',
    usesGtid || (instance.gtid.kind === 'mysql' && instance.gtid.mode.startsWith('ON')) ? 'GTID' : '',
    semiSync.sourceEnabled ? 'semi:master' : '',
    semiSync.replicaEnabled ? 'semi:replica' : '',
    snapshot.downtimes.has(keyText(instance.key)) ? 'downtimed' : '',
  ].filter((one) => one !== '');
  return {
    head: `${prefix}${keyText(instance.key)}${alias}`,
    tokens: [
      lagToken(member, recent),
      statusToken(member, recent, options),
      instance.version,
      instance.readOnly ? 'ro' : 'rw',
      instance.binlogEnabled ? instance.binlogFormat : 'nobinlog',
    ],
    extras,
  };
}

function lagToken({ instance, valid }: WatchedInstance, recent: boolean): string {
  if (!valid || !recent) return 'unknown';
  const lag = lagSeconds(instance);
  if (instance.replication === undefined) return '0s';
  return replicating(instance) && lag !== undefined ? `${lag}s` : 'null';
}

function statusToken({ instance, valid }: WatchedInstance, recent: boolean, options: DrawingOptions): string {
  if (!valid) return 'invalid';
  if (!recent) return 'unchecked';
  if (instance.replication === undefined) return 'ok';
  if (!replicating(instance)) return 'nonreplicating';
  const behind = Math.abs((instance.replication.lagSeconds ?? 0) - instance.replication.delaySeconds);
  return behind > options.maintenanceLagSeconds ? 'lag' : 'ok';
}

/** Widths count bytes, as clients have always seen them. */
function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - Buffer.byteLength(text)));
}
