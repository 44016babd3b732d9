import { belowOf, type ClusterSnapshot, memberOf, placeOf } from '../topology/cluster.ts';
import { type Instance, lagSeconds, replicating, type WatchedInstance } from '../topology/instance.ts';
import { compareKeys, isDetachedHost, keyText } from '../topology/instance-key.ts';
import type { Tag } from '../topology/tag-expression.ts';

export interface DrawingOptions {
  readonly nowMs: number;
  readonly pollSeconds: number;
  readonly maintenanceLagSeconds: number;
}

interface Line {
  readonly server: string;
  readonly head: string;
  readonly tokens: readonly [lag: string, status: string, version: string, writability: string, binlog: string];
  readonly extras: readonly string[];
}

/** Tags of servers by the text of their keys, each sorted, as `name` or `name=value`. */
type TagsByServer = ReadonlyMap<string, readonly string[]>;

/** The tree as text, one line a server; the first bracket of all lines stands in one column. With `tags` a second one follows. */
export function drawTopology(snapshot: ClusterSnapshot, options: DrawingOptions, tags?: TagsByServer): string {
  const lines = treeLines(snapshot, options);
  const width = Math.max(0, ...lines.map(({ head }) => Buffer.byteLength(head)));
  const tagged = ({ server }: Line) => (tags === undefined ? '' : ` [${(tags.get(server) ?? []).join(',')}]`);
  return lines.map((one) => `${pad(one.head, width)} ${bracket(one)}${tagged(one)}`).join('\n');
}

/** The tree of names alone. */
export function drawNames(snapshot: ClusterSnapshot): readonly string[] {
  return treeLines(snapshot, { nowMs: 0, pollSeconds: 0, maintenanceLagSeconds: 0 }).map(({ head }) => head);
}

/** As a drawing shows them: only the name of a tag without a value. */
export function tagsByServer(tags: readonly Tag[]): TagsByServer {
  const found = new Map<string, string[]>();
  for (const { key, name, value } of tags) {
    const text = value === '' ? name : `${name}=${value}`;
    found.set(keyText(key), [...(found.get(keyText(key)) ?? []), text].sort());
  }
  return found;
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

/** The last of the roots with its tree; without any, the servers of the ring side by side, each with what hangs below it. */
function treeLines(snapshot: ClusterSnapshot, options: DrawingOptions): readonly Line[] {
  const sorted = [...snapshot.members].sort((a, b) => compareKeys(a.instance.key, b.instance.key));
  const root = sorted.filter(({ instance }) => sourceOf(snapshot, instance) === undefined).at(-1);
  if (root !== undefined) return branch(snapshot, root, 0, options, new Set());
  const ring = sorted.filter((member) => isOnRing(snapshot, member));
  const elsewhere = new Set(ring.map(({ instance }) => keyText(instance.key)));
  return ring.flatMap((member) => branch(snapshot, member, 1, options, elsewhere));
}

/** A server and what hangs below it, down to the servers that are drawn elsewhere. */
function branch(
  snapshot: ClusterSnapshot,
  member: WatchedInstance,
  depth: number,
  options: DrawingOptions,
  elsewhere: ReadonlySet<string>,
): readonly Line[] {
  const below = belowOf(snapshot, member.instance.key)
    .filter(({ instance }) => !elsewhere.has(keyText(instance.key)))
    .flatMap((replica) => branch(snapshot, replica, depth + 1, options, elsewhere));
  return [line(snapshot, member, depth, options), ...below];
}

function isOnRing(snapshot: ClusterSnapshot, member: WatchedInstance): boolean {
  const seen = new Set<WatchedInstance>();
  let above = sourceOf(snapshot, member.instance);
  while (above !== undefined && !seen.has(above)) {
    if (above === member) return true;
    seen.add(above);
    above = sourceOf(snapshot, above.instance);
  }
  return false;
}

function sourceOf(snapshot: ClusterSnapshot, instance: Instance): WatchedInstance | undefined {
  const place = placeOf(snapshot, instance);
  return place && memberOf(snapshot, place);
}

function line(snapshot: ClusterSnapshot, member: WatchedInstance, depth: number, options: DrawingOptions): Line {
  const { instance } = member;
  const recent = options.nowMs - member.lastCheckedMs <= 5000 * options.pollSeconds;
  const prefix = depth === 0 ? '' : `${'  '.repeat(depth - 1)}${signOf(member, recent)} `;
  const alias = instance.instanceAlias === '' ? '' : ` (${instance.instanceAlias})`;
  const { semiSync } = instance;
  const extras = [
    instance.binlogEnabled && instance.logReplicaUpdates ? '>>' : '',
    gtidToken(member),
    instance.usesPseudoGtid ? 'P-GTID' : '',
    semiSync.sourceEnabled ? 'semi:master' : '',
    semiSync.replicaEnabled ? 'semi:replica' : '',
    snapshot.downtimes.has(keyText(instance.key)) ? 'downtimed' : '',
  ].filter((one) => one !== '');
  return {
    server: keyText(instance.key),
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

/** `‡` for one that follows the primary of its replication group, however well. */
function signOf({ instance, valid }: WatchedInstance, recent: boolean): '‡' | '+' | '-' {
  if (instance.group?.role === 'SECONDARY') return '‡';
  return replicating(instance) && valid && recent ? '+' : '-';
}

function gtidToken({ instance: { gtid, replication }, errantGtid }: WatchedInstance): string {
  const uses = replication?.gtid === 'mysql' || replication?.gtid === 'mariadb';
  const supports = gtid.kind === 'mysql' && gtid.mode.startsWith('ON');
  if (!uses && !supports) return '';
  return errantGtid === '' ? 'GTID' : 'GTID:errant';
}

function lagToken({ instance, valid }: WatchedInstance, recent: boolean): string {
  if (isDetachedHost(instance.replication?.source.hostname ?? '')) return 'detached';
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
