// An observer in virtual time over servers that answer at once, or not at all.

import { setMaxListeners } from 'node:events';
import { HostnameResolver } from '../../internal/discovery/hostname-resolver.ts';
import { Inventory } from '../../internal/discovery/inventory.ts';
import { Observer, type ObserverSettings, type ProbeEvent } from '../../internal/discovery/observer.ts';
import type { Prober } from '../../internal/discovery/ports.ts';
import { silentLog } from '../../internal/runtime/log.ts';
import { TaskGroup } from '../../internal/runtime/task-group.ts';
import type { Instance } from '../../internal/topology/instance.ts';
import { type InstanceKey, keyText } from '../../internal/topology/instance-key.ts';
import { FakeClock } from './fake-clock.ts';

export const HOUR_MS = 3_600_000;
export const NAME_EXPIRY_MS = 30_000;
const SETTINGS: ObserverSettings = {
  intervalMs: 1_000,
  probeTimeoutMs: 1_500,
  suspectTimeoutMs: 400,
  hotIntervalMs: 50,
  hotWindowMs: 5_000,
  maxConcurrency: 10,
  maxDeadConcurrency: 5,
  deadIntervalFactor: 1,
  deadIntervalMaxMs: 300_000,
  forgetAfterMs: 240 * HOUR_MS,
  forgottenMs: 12_000,
  nameExpiryMs: NAME_EXPIRY_MS,
  ownName: 'none',
  logFailing: false,
};
export const keyOf = (hostname: string): InstanceKey => ({ hostname, port: 3306 });

/** Servers that answer at once; what has no entry is silent until the deadline. */
class Fleet implements Prober {
  readonly answers = new Map<string, Instance>();
  /** Of every probe, when it began, ms, and how long it was given. */
  readonly asked: { readonly key: InstanceKey; readonly atMs: number; readonly timeoutMs: number }[] = [];
  /** Probes that wait for an answer, at the same time, at most. */
  most = 0;
  #waiting = 0;
  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  lives(instance: Instance): void {
    this.answers.set(keyText(instance.key), instance);
  }

  dies(key: InstanceKey): void {
    this.answers.delete(keyText(key));
  }

  async probe(key: InstanceKey, timeoutMs: number, signal: AbortSignal): Promise<Instance> {
    const answer = this.answers.get(keyText(key));
    this.asked.push({ key, atMs: this.#clock.nowMs(), timeoutMs });
    if (answer !== undefined) return answer;
    this.#waiting += 1;
    this.most = Math.max(this.most, this.#waiting);
    try {
      await this.#clock.sleep(timeoutMs, signal);
    } finally {
      this.#waiting -= 1;
    }
    throw new Error('no answer');
  }

  forget(): void {}
}

export function observedWorld(settings: Partial<ObserverSettings> = {}, cnames: Readonly<Record<string, string>> = {}) {
  const clock = new FakeClock();
  const fleet = new Fleet(clock);
  const inventory = new Inventory(undefined, () => 7_500);
  const probed: (ProbeEvent & { readonly atMs: number })[] = [];
  const warnings: string[] = [];
  const debugged: string[] = [];
  const moved: string[] = [];
  const state = { idle: false };
  const hostnames = new HostnameResolver({
    clock,
    log: silentLog,
    names: { canonicalName: async (name) => cnames[name] ?? name, address: async (name) => name },
    settings: { method: 'cname', rejectPattern: '', expiryMs: HOUR_MS },
  });
  const tasks = new TaskGroup(silentLog);
  setMaxListeners(0, tasks.signal);
  const observer: Observer = new Observer({
    prober: fleet,
    inventory,
    hostnames,
    tasks,
    clock,
    log: {
      ...silentLog,
      warn: (_fields, text) => warnings.push(text),
      debug: (_fields, text) => debugged.push(text),
    },
    settings: { ...SETTINGS, ...settings },
    idle: () => state.idle,
    ignored: () => false,
    unwanted: ({ replication }) => replication?.user === 'backup',
    onProbed: (event) => probed.push({ ...event, atMs: clock.nowMs() }),
    onMoved: (from, to) => moved.push(`${keyText(from)} to ${keyText(to)}`),
    onUnseen: (key) => {
      observer.forget(key);
      inventory.forget(key);
    },
  });
  observer.start();
  const names = () => inventory.all().map(({ instance }) => keyText(instance.key));
  return { clock, fleet, inventory, observer, probed, warnings, debugged, moved, names, state };
}
