// Decides when to probe whom. Every watched server is read once per interval. A finding about one server (its connection
// broke, it refused, it timed out, a replica lost it) makes it and its neighbours *hot*: they are read at once, in
// parallel and with a short deadline, and again in quick succession until the matter is settled or the window closes.

import type { Clock } from '../runtime/clock.ts';
import { errorText, OrchestratorError } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import type { TaskGroup } from '../runtime/task-group.ts';
import { wallTimeOf } from '../runtime/wall-clock.ts';
import { type Instance, sourceKey, type WatchedInstance } from '../topology/instance.ts';
import { type InstanceKey, isUsableKey, keyText, sameKey } from '../topology/instance-key.ts';
import { groupOf } from '../topology/replication-group.ts';
import { isSteady } from '../topology/steady.ts';
import { longUnseen, unnamed } from './forgetting.ts';
import type { HostnameResolver } from './hostname-resolver.ts';
import { Identification } from './identification.ts';
import { type Inventory, ROUNDING_MS } from './inventory.ts';
import type { Prober } from './ports.ts';

export interface ObserverSettings {
  readonly intervalMs: number;
  readonly probeTimeoutMs: number;
  readonly suspectTimeoutMs: number;
  readonly hotIntervalMs: number;
  readonly hotWindowMs: number;
  readonly maxConcurrency: number;
  /** Servers that do not answer have places of their own, so that many dead never delay one living. */
  readonly maxDeadConcurrency: number;
  readonly deadIntervalFactor: number;
  readonly deadIntervalMaxMs: number;
  /** How long a server may be unseen before it is let go. */
  readonly forgetAfterMs: number;
  /** For how long a server that was forgotten is not found again through another one. */
  readonly forgottenMs: number;
  /** How long another address of a server is remembered. */
  readonly nameExpiryMs: number;
  /** Under which of its own names a server is filed; `none`: under the one it was found by. */
  readonly ownName: 'none' | 'hostname' | 'reportHost';
  /** Tells, for debugging, when a server that does not answer is tried again. */
  readonly logFailing: boolean;
}

const FORGET_EVERY_MS = 60_000;
/** A node that can decide nothing reads its servers so many times as seldom. */
export const IDLE_FACTOR = 4;

export interface ObserverDeps {
  readonly prober: Prober;
  readonly inventory: Inventory;
  readonly hostnames: Pick<HostnameResolver, 'known' | 'resolve' | 'learn'>;
  readonly tasks: TaskGroup;
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: ObserverSettings;
  /** This node cannot decide anything now: it only keeps an eye on its servers (C-126). */
  readonly idle: () => boolean;
  /** Whether a server found through another one is to be left alone. */
  readonly ignored: (key: InstanceKey, found: 'seed' | 'replica' | 'source') => boolean;
  /** Whether a server is to be left alone for what it turned out to be. */
  readonly unwanted: (instance: Instance) => boolean;
  readonly onProbed: (event: ProbeEvent) => void;
  /** A server answers at another address than before; the former one is no longer watched. */
  readonly onMoved: (from: InstanceKey, to: InstanceKey) => void;
  /** A server was not seen for too long. */
  readonly onUnseen: (key: InstanceKey) => void;
}

export interface ProbeEvent {
  readonly key: InstanceKey;
  readonly ok: boolean;
  readonly durationMs: number;
  readonly watched: WatchedInstance | undefined;
  /** Read again and as before, apart from what always moves. */
  readonly steady: boolean;
}

/** Each kind of server has places of its own: neither the dead nor the unknown ones delay one that lives. */
type Lane = 'hot' | 'living' | 'newcomer' | 'failing';

/** Times are those of the clock that never goes back: a corrected wall clock must not keep a server from being read. */
interface Entry {
  readonly key: InstanceKey;
  readonly seed: boolean;
  dueMs: number;
  hotUntilMs: number;
  running: boolean;
  /** Where and since when it runs. */
  lane: Lane;
  startedMs: number;
  /** Asked for while running: goes again at once. */
  again: boolean;
}

export class Observer {
  readonly #deps: ObserverDeps;
  readonly #entries = new Map<string, Entry>();
  readonly #identification: Identification;
  readonly #forgottenUntilMs = new Map<string, number>();
  #timers: readonly (() => void)[] = [];
  #paused = false;

  constructor(deps: ObserverDeps) {
    this.#deps = deps;
    this.#identification = new Identification({
      ...deps,
      get settings() {
        return deps.settings;
      },
      onMoved: (from, to) => this.#moved(from, to),
    });
  }

  start(): void {
    const { clock, settings } = this.#deps;
    this.#timers = [
      clock.every(Math.min(25, settings.hotIntervalMs), () => this.#tick()),
      clock.every(FORGET_EVERY_MS, () => this.#letGo()),
    ];
  }

  stop(): void {
    for (const stop of this.#timers) stop();
  }

  /** From here on only what is asked for by `probeNow` is read: another node watches. */
  pause(): void {
    this.#paused = true;
  }

  /** Everything is due at once. What was missed before another node watched says nothing now. */
  resume(): void {
    this.#paused = false;
    this.#deps.inventory.forgetSilences();
    const nowMs = this.#deps.clock.monotonicMs();
    for (const entry of this.#entries.values()) entry.dueMs = nowMs;
    this.#tick();
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** How many servers are read now, and how many wait for a place; `failing` have places of their own. */
  load(): Readonly<Record<'failing' | 'others', { active: number; queued: number }>> {
    const nowMs = this.#deps.clock.monotonicMs();
    const load = { failing: { active: 0, queued: 0 }, others: { active: 0, queued: 0 } };
    for (const entry of this.#entries.values()) {
      if (!entry.running && entry.dueMs > nowMs) continue;
      const lane = entry.running ? entry.lane : this.#laneOf(entry, nowMs);
      load[lane === 'failing' ? 'failing' : 'others'][entry.running ? 'active' : 'queued'] += 1;
    }
    return load;
  }

  get queueLength(): number {
    const nowMs = this.#deps.clock.monotonicMs();
    return [...this.#entries.values()].filter((entry) => !entry.running && entry.dueMs <= nowMs).length;
  }

  watch(key: InstanceKey, found: 'seed' | 'replica' | 'source' = 'seed'): void {
    const { hostnames, tasks } = this.#deps;
    if (hostnames.known(key.hostname) !== undefined || this.#entries.has(keyText(key)))
      this.#watch(this.#identification.resolve(key), found);
    else
      tasks.run(`resolve ${key.hostname}`, async () => {
        this.#watch({ hostname: await hostnames.resolve(key.hostname), port: key.port }, found);
      });
  }

  #watch(resolved: InstanceKey, found: 'seed' | 'replica' | 'source'): void {
    const text = keyText(resolved);
    const seed = found === 'seed';
    if (seed) this.#forgottenUntilMs.delete(text);
    if (!isUsableKey(resolved) || this.#entries.has(text) || this.#isForgotten(resolved)) return;
    if (this.#deps.ignored(resolved, found)) return;
    this.#entries.set(text, {
      ...{ key: resolved, seed, dueMs: 0, hotUntilMs: 0, running: false, again: false },
      ...{ lane: 'newcomer', startedMs: 0 },
    });
    this.#tick();
  }

  /** Like `unwatch`, and other servers that name it do not bring it back at once. */
  forget(key: InstanceKey): void {
    const { clock, settings } = this.#deps;
    this.#forgottenUntilMs.set(keyText(key), clock.monotonicMs() + settings.forgottenMs);
    this.unwatch(key);
  }

  unwatch(key: InstanceKey): void {
    this.#entries.delete(keyText(key));
    this.#deps.prober.forget(key);
  }

  isWatched(key: InstanceKey): boolean {
    return this.#entries.has(keyText(this.#identification.resolve(key)));
  }

  /** The key under which a server at this address is filed; itself, where nothing else is known of it. */
  canonical(key: InstanceKey): InstanceKey {
    return this.#identification.resolve(key);
  }

  /** Of a server that was read elsewhere: the addresses that it names, each as the key under which that server is filed. */
  named(raw: Instance): Instance {
    return this.#identification.named(raw);
  }

  /** One read now, whatever the schedule says. Its result is recorded like any other. */
  async probeNow(
    key: InstanceKey,
    signal: AbortSignal,
    timeoutMs = this.#deps.settings.probeTimeoutMs,
  ): Promise<Instance> {
    return this.#read(this.#identification.resolve(key), timeoutMs, signal);
  }

  /** Something was heard about this server: it and its neighbours are read at once and in quick succession. */
  suspect(key: InstanceKey): void {
    const nowMs = this.#deps.clock.monotonicMs();
    const until = nowMs + this.#deps.settings.hotWindowMs;
    for (const neighbour of this.#neighbourhood(key)) {
      const entry = this.#entries.get(keyText(neighbour));
      if (entry === undefined) continue;
      entry.hotUntilMs = Math.max(entry.hotUntilMs, until);
      entry.dueMs = nowMs;
      if (entry.running) entry.again = true;
    }
    this.#tick();
  }

  /** A decision waits for this server: it is read in quick succession for a while, however long it did not answer before. */
  hurry(key: InstanceKey): void {
    const { clock, settings } = this.#deps;
    const entry = this.#entries.get(keyText(this.#identification.resolve(key)));
    if (entry === undefined) return;
    const nowMs = clock.monotonicMs();
    entry.hotUntilMs = Math.max(entry.hotUntilMs, nowMs + settings.hotWindowMs);
    entry.dueMs = Math.min(entry.dueMs, nowMs + settings.hotIntervalMs);
  }

  #neighbourhood(key: InstanceKey): readonly InstanceKey[] {
    const replicas = this.#deps.inventory
      .all()
      .filter(({ instance }) => sameKey(sourceKey(instance), key))
      .map(({ instance }) => instance.key);
    return [key, ...replicas];
  }

  #tick(): void {
    if (this.#paused) return;
    const { clock, settings } = this.#deps;
    const nowMs = clock.monotonicMs();
    const places: Record<Lane, number> = {
      hot: Number.POSITIVE_INFINITY,
      living: settings.maxConcurrency,
      newcomer: settings.maxConcurrency,
      failing: settings.maxDeadConcurrency,
    };
    const due: Entry[] = [];
    for (const entry of this.#entries.values()) {
      if (!entry.running && entry.dueMs <= nowMs) due.push(entry);
      // one that takes long to answer gives its place back: it may be about to turn out dead
      if (entry.running && (entry.lane !== 'living' || nowMs - entry.startedMs < settings.suspectTimeoutMs))
        places[entry.lane] -= 1;
    }
    for (const entry of due.sort((a, b) => a.dueMs - b.dueMs)) {
      const lane = this.#laneOf(entry, nowMs);
      if (places[lane] <= 0) continue;
      places[lane] -= 1;
      this.#launch(entry, lane);
    }
  }

  #laneOf(entry: Entry, nowMs: number): Lane {
    const { inventory } = this.#deps;
    if (entry.hotUntilMs > nowMs) return 'hot';
    const { failures } = inventory.health(entry.key);
    const known = inventory.get(entry.key);
    if (failures > (known === undefined ? 0 : 1)) return 'failing';
    return known?.valid === true ? 'living' : 'newcomer';
  }

  #launch(entry: Entry, lane: Lane): void {
    const { tasks, settings, clock } = this.#deps;
    Object.assign(entry, { running: true, again: false, lane, startedMs: clock.monotonicMs() });
    tasks.run(`probe ${keyText(entry.key)}`, async (signal) => {
      try {
        await this.#read(entry.key, lane === 'hot' ? settings.suspectTimeoutMs : settings.probeTimeoutMs, signal);
      } catch {
        signal.throwIfAborted(); // the failure itself was recorded by #read
      } finally {
        entry.running = false;
        this.#plan(entry);
      }
    });
  }

  #plan(entry: Entry): void {
    const { clock, settings, inventory, log } = this.#deps;
    const nowMs = clock.monotonicMs();
    const { failures } = inventory.health(entry.key);
    if (entry.again) entry.dueMs = nowMs;
    else if (entry.hotUntilMs > nowMs) entry.dueMs = nowMs + settings.hotIntervalMs;
    else if (failures > 1) {
      const factor = settings.deadIntervalFactor ** Math.min(failures - 2, 30);
      entry.dueMs = nowMs + Math.min(settings.intervalMs * factor, settings.deadIntervalMaxMs);
    } else entry.dueMs = nowMs + settings.intervalMs * (this.#deps.idle() ? IDLE_FACTOR : 1);
    if (settings.logFailing && failures > 0)
      log.debug(
        { instance: keyText(entry.key), failures, inMs: entry.dueMs - nowMs },
        'failed server will be tried again',
      );
    if (entry.again) this.#tick();
  }

  async #read(key: InstanceKey, timeoutMs: number, signal: AbortSignal): Promise<Instance> {
    const { prober, inventory, clock, onProbed, log } = this.#deps;
    const startedMs = clock.monotonicMs();
    const before = inventory.get(key);
    try {
      const raw = await prober.probe(key, timeoutMs, signal);
      if (this.#isForgotten(key)) return raw;
      if (this.#deps.unwanted(raw)) {
        this.#deps.onUnseen(key);
        return raw;
      }
      const filed = before === undefined ? await this.#identification.underOwnName(key, raw, signal) : raw;
      const instance = this.#identification.identified(filed);
      const wasDead = inventory.health(key).failures > 0;
      const last = inventory.get(instance.key);
      const watched = inventory.recordSuccess(instance, clock.nowMs(), clock.monotonicMs() - startedMs);
      this.#follow(key, instance);
      if (lostSource(before?.instance, instance) || wasDead) this.#suspectLater(sourceKey(instance));
      const durationMs = clock.monotonicMs() - startedMs;
      onProbed({ key: instance.key, ok: true, durationMs, watched, steady: isSteady(last, watched) });
      return instance;
    } catch (err) {
      signal.throwIfAborted();
      const began = wallTimeOf(startedMs, clock);
      const known = inventory.get(key);
      if (known?.valid === true && known.lastSeenMs > began + ROUNDING_MS) throw err; // it has answered another read meanwhile
      const refused = err instanceof OrchestratorError && err.context.refused === true;
      const first = inventory.health(key).failures === 0;
      if (this.#isForgotten(key)) throw err;
      const watched = inventory.recordFailure(key, clock.nowMs(), errorText(err), refused, began);
      if (first) {
        log.warn({ instance: keyText(key), err: errorText(err) }, 'server does not answer');
        if (mattersAtOnce(before)) this.suspect(key);
      }
      onProbed({ key, ok: false, durationMs: clock.monotonicMs() - startedMs, watched, steady: false });
      throw err;
    }
  }

  #suspectLater(key: InstanceKey | undefined): void {
    if (key !== undefined) this.suspect(key);
  }

  /** Watches what a server points at, and takes over the name by which it knows itself. */
  #follow(probed: InstanceKey, instance: Instance): void {
    if (!sameKey(probed, instance.key)) {
      this.unwatch(probed);
      this.watch(instance.key);
    }
    for (const replica of instance.replicaKeys) this.watch(replica, 'replica');
    for (const member of groupOf(instance)?.members ?? []) this.watch(member, 'replica');
    const source = sourceKey(instance);
    if (source !== undefined) this.watch(source, 'source');
  }

  /** It answers elsewhere now. */
  #moved(from: InstanceKey, to: InstanceKey): void {
    this.#forgottenUntilMs.delete(keyText(to));
    this.unwatch(from);
    this.#deps.inventory.move(from, to);
    this.#deps.onMoved(from, to);
  }

  #isForgotten(key: InstanceKey): boolean {
    return (this.#forgottenUntilMs.get(keyText(key)) ?? 0) > this.#deps.clock.monotonicMs();
  }

  #letGo(): void {
    if (this.#paused) return;
    const { clock, inventory, settings, onUnseen, log } = this.#deps;
    const nowMs = clock.nowMs();
    const clusters = inventory.clusters(nowMs);
    for (const key of longUnseen(clusters, nowMs, settings.forgetAfterMs)) {
      log.info({ instance: keyText(key) }, 'not seen for too long: forgotten');
      onUnseen(key);
    }
    const ghosts = [...this.#entries.values()].filter(({ key, seed }) => !seed && inventory.get(key) === undefined);
    for (const key of unnamed(
      ghosts.map(({ key }) => key),
      clusters,
    ))
      this.unwatch(key);
    for (const [text, untilMs] of this.#forgottenUntilMs)
      if (untilMs <= clock.monotonicMs()) this.#forgottenUntilMs.delete(text);
  }
}

/** One that was alive, or that others follow. Of the rest nothing was lost: they wait for their turn. */
function mattersAtOnce(before: WatchedInstance | undefined): boolean {
  return before !== undefined && (before.valid || before.instance.replicaKeys.length > 0);
}

/** The receiver ran at the last read and does not any more, without anyone having stopped it. */
function lostSource(before: Instance | undefined, now: Instance): boolean {
  return before?.replication?.receiver === 'running' && now.replication?.receiver === 'other';
}
