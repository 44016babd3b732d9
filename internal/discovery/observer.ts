// Decides when to probe whom. Every watched server is read once per interval. A finding about one server (its connection
// broke, it refused, it timed out, a replica lost it) makes it and its neighbours *hot*: they are read at once, in
// parallel and with a short deadline, and again in quick succession until the matter is settled or the window closes.

import type { Clock } from '../runtime/clock.ts';
import { errorText, OrchestratorError } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import type { TaskGroup } from '../runtime/task-group.ts';
import { type Instance, sourceKey, type WatchedInstance } from '../topology/instance.ts';
import { type InstanceKey, isUsableKey, keyText, sameKey } from '../topology/instance-key.ts';
import type { Inventory } from './inventory.ts';
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
  readonly forgetAfterMs: number;
}

export interface ObserverDeps {
  readonly prober: Prober;
  readonly inventory: Inventory;
  readonly tasks: TaskGroup;
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: ObserverSettings;
  /** Whether a server found through another one is to be left alone. */
  readonly ignored: (key: InstanceKey, found: 'seed' | 'replica' | 'source') => boolean;
  readonly onProbed: (event: ProbeEvent) => void;
}

export interface ProbeEvent {
  readonly key: InstanceKey;
  readonly ok: boolean;
  readonly durationMs: number;
  readonly watched: WatchedInstance | undefined;
}

interface Entry {
  readonly key: InstanceKey;
  dueMs: number;
  hotUntilMs: number;
  running: boolean;
  /** Asked for while running: goes again at once. */
  again: boolean;
}

export class Observer {
  readonly #deps: ObserverDeps;
  readonly #entries = new Map<string, Entry>();
  readonly #names = new Map<string, string>();
  #running = 0;
  #runningDead = 0;
  #stopTicking: (() => void) | undefined;

  constructor(deps: ObserverDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#stopTicking = this.#deps.clock.every(Math.min(25, this.#deps.settings.hotIntervalMs), () => this.#tick());
  }

  stop(): void {
    this.#stopTicking?.();
  }

  get queueLength(): number {
    const nowMs = this.#deps.clock.nowMs();
    return [...this.#entries.values()].filter((entry) => !entry.running && entry.dueMs <= nowMs).length;
  }

  watch(key: InstanceKey, found: 'seed' | 'replica' | 'source' = 'seed'): void {
    const resolved = this.#resolve(key);
    if (!isUsableKey(resolved) || this.#entries.has(keyText(resolved))) return;
    if (this.#deps.ignored(resolved, found)) return;
    this.#entries.set(keyText(resolved), { key: resolved, dueMs: 0, hotUntilMs: 0, running: false, again: false });
    this.#tick();
  }

  unwatch(key: InstanceKey): void {
    this.#entries.delete(keyText(key));
    this.#deps.prober.forget(key);
  }

  isWatched(key: InstanceKey): boolean {
    return this.#entries.has(keyText(this.#resolve(key)));
  }

  /** One read now, whatever the schedule says. Its result is recorded like any other. */
  async probeNow(key: InstanceKey, signal: AbortSignal): Promise<Instance> {
    return this.#read(this.#resolve(key), this.#deps.settings.probeTimeoutMs, signal);
  }

  /** Something was heard about this server: it and its neighbours are read at once and in quick succession. */
  suspect(key: InstanceKey): void {
    const nowMs = this.#deps.clock.nowMs();
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

  #neighbourhood(key: InstanceKey): readonly InstanceKey[] {
    const replicas = this.#deps.inventory
      .all()
      .filter(({ instance }) => sameKey(sourceKey(instance), key))
      .map(({ instance }) => instance.key);
    return [key, ...replicas];
  }

  #tick(): void {
    const { clock, settings, inventory } = this.#deps;
    const nowMs = clock.nowMs();
    for (const entry of this.#entries.values()) {
      if (entry.running || entry.dueMs > nowMs) continue;
      const hot = entry.hotUntilMs > nowMs;
      const dead = !hot && inventory.health(entry.key).failures > 1;
      if (dead ? this.#runningDead >= settings.maxDeadConcurrency : !hot && this.#running >= settings.maxConcurrency)
        continue;
      this.#launch(entry, hot, dead);
    }
  }

  #launch(entry: Entry, hot: boolean, dead: boolean): void {
    const { tasks, settings } = this.#deps;
    entry.running = true;
    entry.again = false;
    if (dead) this.#runningDead += 1;
    else this.#running += 1;
    tasks.run(`probe ${keyText(entry.key)}`, async (signal) => {
      try {
        await this.#read(entry.key, hot ? settings.suspectTimeoutMs : settings.probeTimeoutMs, signal);
      } catch {
        signal.throwIfAborted(); // the failure itself was recorded by #read
      } finally {
        entry.running = false;
        if (dead) this.#runningDead -= 1;
        else this.#running -= 1;
        this.#plan(entry);
      }
    });
  }

  #plan(entry: Entry): void {
    const { clock, settings, inventory } = this.#deps;
    const nowMs = clock.nowMs();
    const { failures } = inventory.health(entry.key);
    if (entry.again) entry.dueMs = nowMs;
    else if (entry.hotUntilMs > nowMs) entry.dueMs = nowMs + settings.hotIntervalMs;
    else if (failures > 1) {
      const factor = settings.deadIntervalFactor ** Math.min(failures - 2, 30);
      entry.dueMs = nowMs + Math.min(settings.intervalMs * factor, settings.deadIntervalMaxMs);
    } else entry.dueMs = nowMs + settings.intervalMs;
    if (entry.again) this.#tick();
  }

  async #read(key: InstanceKey, timeoutMs: number, signal: AbortSignal): Promise<Instance> {
    const { prober, inventory, clock, onProbed, log } = this.#deps;
    const startedMs = clock.monotonicMs();
    const before = inventory.get(key);
    try {
      const raw = await prober.probe(key, timeoutMs, signal);
      const instance = this.#canonical(key, raw);
      const wasDead = inventory.health(key).failures > 0;
      const watched = inventory.recordSuccess(instance, clock.nowMs());
      this.#follow(key, instance);
      if (lostSource(before?.instance, instance) || wasDead) this.#suspectLater(sourceKey(instance));
      onProbed({ key: instance.key, ok: true, durationMs: clock.monotonicMs() - startedMs, watched });
      return instance;
    } catch (err) {
      signal.throwIfAborted();
      const refused = err instanceof OrchestratorError && err.context.refused === true;
      const first = inventory.health(key).failures === 0;
      const watched = inventory.recordFailure(key, clock.nowMs(), errorText(err), refused);
      if (first) {
        log.warn({ instance: keyText(key), err: errorText(err) }, 'server does not answer');
        this.suspect(key);
      }
      onProbed({ key, ok: false, durationMs: clock.monotonicMs() - startedMs, watched });
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
    const source = sourceKey(instance);
    if (source !== undefined) this.watch(source, 'source');
  }

  #canonical(probed: InstanceKey, raw: Instance): Instance {
    if (probed.hostname !== raw.key.hostname) this.#names.set(probed.hostname, raw.key.hostname);
    if (this.#names.size === 0) return raw;
    const { replication } = raw;
    return {
      ...raw,
      replicaKeys: raw.replicaKeys.map((key) => this.#resolve(key)),
      replication: replication && { ...replication, source: this.#resolve(replication.source) },
    };
  }

  #resolve(key: InstanceKey): InstanceKey {
    return { hostname: this.#names.get(key.hostname) ?? key.hostname, port: key.port };
  }
}

/** The receiver ran at the last read and does not any more, without anyone having stopped it. */
function lostSource(before: Instance | undefined, now: Instance): boolean {
  return before?.replication?.receiver === 'running' && now.replication?.receiver === 'other';
}
