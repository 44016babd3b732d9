import { type ClusterSnapshot, clusterNames, depthIn } from '../topology/cluster.ts';
import type { Downtime } from '../topology/downtime.ts';
import { errantGtids } from '../topology/errant.ts';
import { type Instance, sourceKey, type WatchedInstance } from '../topology/instance.ts';
import { type InstanceKey, keyText, sameKey } from '../topology/instance-key.ts';
import { type GroupPrimaries, groupOf, groupPrimaries } from '../topology/replication-group.ts';
import { aliasByName, clusterDomain, suggestedAlias } from './cluster-labels.ts';

/** By cluster name. */
export interface RememberedNames {
  readonly aliases: ReadonlyMap<string, string>;
  readonly domains: ReadonlyMap<string, string>;
}

/** What the observer of one server knows beyond its last good read. */
export interface Health {
  /** Finished probes that failed since the last good one. */
  readonly failures: number;
  readonly firstFailureMs: number;
  readonly lastFailureMs: number;
  /** The server's host said no (connection refused): the process is not there. */
  readonly refused: boolean;
}

/** By so much the beginning of a read may seem earlier than it was: both clocks count whole milliseconds. */
export const ROUNDING_MS = 2;

const HEALTHY: Health = { failures: 0, firstFailureMs: 0, lastFailureMs: 0, refused: false };

/** The working copy of the world: every known server, grouped into clusters. Answers are values, never live views. */
export class Inventory {
  readonly #members = new Map<string, WatchedInstance>();
  readonly #health = new Map<string, Health>();
  readonly #downtimes = new Map<string, Downtime & { readonly key: InstanceKey }>();
  /** By `host:port`: when the lock ends. */
  #maintenances: ReadonlyMap<string, number> = new Map();
  readonly #aliases = new Map<string, string>();
  #remembered: RememberedNames = { aliases: new Map(), domains: new Map() };
  readonly #aliasPatterns: () => Readonly<Record<string, string>>;
  #names: ReadonlyMap<string, string> = new Map();
  #primaries: GroupPrimaries = new Map();
  /** Members of each cluster as text keys, sorted. */
  #grouped: ReadonlyMap<string, readonly string[]> = new Map();
  /** The names are to be made anew. */
  #stale = true;

  readonly #freshForMs: () => number;

  /**
   * Both are read at each use, since a reload may change them. `freshForMs`: a server not read for longer is not valid,
   * whatever its last read said.
   */
  constructor(
    aliasPatterns: () => Readonly<Record<string, string>> = () => ({}),
    freshForMs: () => number = () => Number.POSITIVE_INFINITY,
  ) {
    this.#aliasPatterns = aliasPatterns;
    this.#freshForMs = freshForMs;
  }

  restore(members: readonly WatchedInstance[]): void {
    for (const member of members) this.#put(member);
  }

  /** Somebody has set the wall clock: what happened stays as long ago as it is. @param byMs negative: back */
  clockSet(byMs: number): void {
    const moved = (ms: number) => (ms === 0 ? 0 : Math.max(0, ms + byMs));
    for (const [text, member] of this.#members)
      this.#members.set(text, {
        ...member,
        lastCheckedMs: moved(member.lastCheckedMs),
        lastAttemptedMs: moved(member.lastAttemptedMs),
        lastSeenMs: moved(member.lastSeenMs),
      });
    for (const [text, health] of this.#health)
      this.#health.set(text, {
        ...health,
        firstFailureMs: moved(health.firstFailureMs),
        lastFailureMs: moved(health.lastFailureMs),
      });
  }

  #put(member: WatchedInstance): void {
    const text = keyText(member.instance.key);
    const before = this.#members.get(text);
    this.#members.set(text, member);
    this.#stale ||= before === undefined || !standsAlike(before.instance, member.instance);
  }

  recordSuccess(instance: Instance, nowMs: number, readTookMs = 0): WatchedInstance {
    const text = keyText(instance.key);
    const before = this.#members.get(text);
    const watched: WatchedInstance = {
      instance: before === undefined ? instance : keepClassification(instance, before.instance),
      lastCheckedMs: nowMs,
      lastAttemptedMs: nowMs,
      lastSeenMs: nowMs,
      readTookMs,
      valid: true,
      partialSuccess: true,
      lastError: '',
      errantGtid: before === undefined ? '' : this.#errantOf(before),
    };
    this.#put(watched);
    this.#health.delete(text);
    return watched;
  }

  recordFailure(
    key: InstanceKey,
    nowMs: number,
    error: string,
    refused: boolean,
    startedMs = nowMs,
  ): WatchedInstance | undefined {
    const text = keyText(key);
    const before = this.health(key);
    this.#health.set(text, {
      // reads of one server share a connection: one that had begun before the last failure broke off with it
      failures:
        before.failures === 0 || startedMs + ROUNDING_MS >= before.lastFailureMs
          ? before.failures + 1
          : before.failures,
      firstFailureMs: before.failures === 0 ? nowMs : before.firstFailureMs,
      lastFailureMs: nowMs,
      refused,
    });
    const known = this.#members.get(text);
    if (known === undefined) return undefined;
    const watched = {
      ...known,
      lastCheckedMs: nowMs,
      lastAttemptedMs: Math.max(known.lastAttemptedMs, startedMs),
      valid: false,
      partialSuccess: false,
      lastError: error,
    };
    this.#members.set(text, watched);
    return watched;
  }

  /** The server was made a primary, and may die before anybody has read it since. */
  promoted(key: InstanceKey): void {
    const known = this.#members.get(keyText(key));
    if (known === undefined) return;
    const instance = { ...known.instance, readOnly: false, superReadOnly: false, replication: undefined };
    this.#stale = true;
    this.#members.set(keyText(key), { ...known, instance });
  }

  forgetSilences(): void {
    this.#health.clear();
  }

  forget(key: InstanceKey): boolean {
    this.#stale = true;
    this.#health.delete(keyText(key));
    return this.#members.delete(keyText(key));
  }

  /** The server answers at another address: what was decided about it goes along. */
  move(from: InstanceKey, to: InstanceKey): void {
    const [old, fresh] = [keyText(from), keyText(to)];
    const downtime = this.#downtimes.get(old);
    const alias = this.#aliases.get(old);
    if (downtime !== undefined) this.#downtimes.set(fresh, downtime);
    if (alias !== undefined) this.#aliases.set(fresh, alias);
    this.#downtimes.delete(old);
    const known = this.#members.get(old);
    if (known !== undefined && !this.#members.has(fresh))
      this.#members.set(fresh, { ...known, instance: { ...known.instance, key: to } });
    this.forget(from);
  }

  get(key: InstanceKey): WatchedInstance | undefined {
    return this.byText(keyText(key));
  }

  byText(text: string): WatchedInstance | undefined {
    return this.#members.get(text);
  }

  health(key: InstanceKey): Health {
    return this.#health.get(keyText(key)) ?? HEALTHY;
  }

  all(): readonly WatchedInstance[] {
    return [...this.#members.values()];
  }

  setDowntime(key: InstanceKey, downtime: Downtime | undefined): void {
    if (downtime === undefined) this.#downtimes.delete(keyText(key));
    else this.#downtimes.set(keyText(key), { ...downtime, key });
  }

  downtime(key: InstanceKey, nowMs: number): Downtime | undefined {
    const downtime = this.#downtimes.get(keyText(key));
    return downtime !== undefined && downtime.endMs > nowMs ? downtime : undefined;
  }

  /** The locked servers, by `host:port`, each with the time its lock ends. */
  setMaintenances(ends: ReadonlyMap<string, number>): void {
    this.#maintenances = ends;
  }

  downtimes(): readonly (Downtime & { readonly key: InstanceKey })[] {
    return [...this.#downtimes.values()];
  }

  /** Forgets what people said; what servers say of themselves stays. */
  dropWishes(): void {
    this.#downtimes.clear();
    this.#aliases.clear();
  }

  /** Beats what the servers suggest; `undefined` gives it back to them. */
  setAlias(clusterName: string, alias: string | undefined): void {
    if (alias === undefined) this.#aliases.delete(clusterName);
    else this.#aliases.set(clusterName, alias);
  }

  /** What clusters were called before; counts where nothing newer is known. */
  rememberNames(names: RememberedNames): void {
    this.#remembered = names;
  }

  /** Counts until its servers say otherwise. */
  rememberDomain(clusterName: string, domain: string): void {
    const { aliases, domains } = this.#remembered;
    this.#remembered = { aliases, domains: new Map([...domains, [clusterName, domain]]) };
  }

  clusterName(key: InstanceKey): string {
    return this.#clusterNames().get(keyText(key)) ?? keyText(key);
  }

  /** How many known servers stand above this one. */
  depth({ instance }: WatchedInstance): number {
    const name = this.clusterName(instance.key);
    return depthIn(name, instance, (key) => this.get(key)?.instance, this.#primaries);
  }

  clusters(nowMs: number): readonly ClusterSnapshot[] {
    this.#clusterNames();
    return [...this.#grouped.keys()].sort().map((name) => this.snapshot(name, nowMs));
  }

  /** The named cluster at this moment; without members when there is no such cluster. */
  snapshot(name: string, nowMs: number): ClusterSnapshot {
    this.#clusterNames();
    const members = (this.#grouped.get(name) ?? [])
      .map((text) => this.#members.get(text))
      .filter((member) => member !== undefined)
      .map((member) => this.#judged(member, nowMs));
    const downtimes = [...this.#downtimes].filter(([, downtime]) => downtime.endMs > nowMs);
    return {
      name,
      alias: this.#aliasOf(name, members),
      domain: clusterDomain(members) || (this.#remembered.domains.get(name) ?? ''),
      takenAtMs: nowMs,
      members,
      downtimes: new Map(downtimes),
      maintenance: new Set([...this.#maintenances].filter(([, endMs]) => endMs > nowMs).map(([text]) => text)),
    };
  }

  #aliasOf(name: string, members: readonly WatchedInstance[]): string {
    return (
      this.#aliases.get(name) ??
      suggestedAlias(members) ??
      aliasByName(this.#aliasPatterns(), name) ??
      this.#remembered.aliases.get(name) ??
      name
    );
  }

  #judged(member: WatchedInstance, nowMs: number): WatchedInstance {
    if (!member.valid || nowMs - member.lastSeenMs <= this.#freshForMs()) return member;
    return { ...member, valid: false, lastError: member.lastError || 'not read for too long' };
  }

  /**
   * Judges the read before the present one, by a source that was read after it: whatever the replica had by then and the
   * source had not by now did not come from there. Without such a read the former judgement stands.
   */
  #errantOf(replica: WatchedInstance): string {
    const key = sourceKey(replica.instance);
    const source = key && this.get(key);
    if (source === undefined) return '';
    if (!source.valid || source.lastSeenMs <= replica.lastSeenMs) return replica.errantGtid;
    return errantGtids(replica.instance, source.instance, this.#writersAbove(source.instance), true);
  }

  /** UUIDs (MySQL) or server ids (MariaDB) of a server and everything above it. */
  #writersAbove(instance: Instance): readonly string[] {
    const above = new Map<string, Instance>();
    for (let current: Instance | undefined = instance; current !== undefined && !above.has(keyText(current.key)); ) {
      above.set(keyText(current.key), current);
      const key = sourceKey(current);
      current = key && this.get(key)?.instance;
    }
    return [...above.values()].map(({ gtid, serverUuid, serverId }) =>
      gtid.kind === 'mysql' ? serverUuid : `${serverId}`,
    );
  }

  #clusterNames(): ReadonlyMap<string, string> {
    if (this.#stale) {
      const instances = [...this.#members.values()].map(({ instance }) => instance);
      this.#primaries = groupPrimaries(instances);
      this.#names = clusterNames(instances);
      const grouped = new Map<string, string[]>();
      for (const [text, name] of [...this.#names].sort(([a], [b]) => (a < b ? -1 : 1))) {
        const members = grouped.get(name);
        if (members === undefined) grouped.set(name, [text]);
        else members.push(text);
      }
      this.#grouped = grouped;
      this.#stale = false;
    }
    return this.#names;
  }
}

/** Nothing that `clusterNames` looks at has changed. */
function standsAlike(before: Instance, now: Instance): boolean {
  const [former, source] = [sourceKey(before), sourceKey(now)];
  const [groupBefore, groupNow] = [groupOf(before), groupOf(now)];
  const sameGroup =
    groupBefore?.name === groupNow?.name &&
    (groupBefore?.primary === groupNow?.primary || sameKey(groupBefore?.primary, groupNow?.primary));
  return before.readOnly === now.readOnly && sameGroup && (former === source || sameKey(former, source));
}

/** A server that could not answer its detection queries has not moved and has not changed its name. */
function keepClassification(fresh: Instance, known: Instance): Instance {
  return {
    ...fresh,
    dataCenter: fresh.dataCenter || known.dataCenter,
    region: fresh.region || known.region,
    physicalEnvironment: fresh.physicalEnvironment || known.physicalEnvironment,
    instanceAlias: fresh.instanceAlias || known.instanceAlias,
    suggestedClusterAlias: fresh.suggestedClusterAlias || known.suggestedClusterAlias,
    clusterDomain: fresh.clusterDomain || known.clusterDomain,
  };
}
