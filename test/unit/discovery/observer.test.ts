import assert from 'node:assert/strict';
import { setMaxListeners } from 'node:events';
import { HostnameResolver } from '../../../internal/discovery/hostname-resolver.ts';
import { Inventory } from '../../../internal/discovery/inventory.ts';
import { Observer, type ObserverSettings, type ProbeEvent } from '../../../internal/discovery/observer.ts';
import type { Prober } from '../../../internal/discovery/ports.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import { TaskGroup } from '../../../internal/runtime/task-group.ts';
import type { Instance } from '../../../internal/topology/instance.ts';
import { type InstanceKey, keyText } from '../../../internal/topology/instance-key.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { anInstance, aReplication } from '../topology/builders.ts';

const HOUR_MS = 3_600_000;
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
  forgottenMs: 15_000,
  nameExpiryMs: HOUR_MS,
  ownName: 'none',
  logFailing: false,
};
const keyOf = (hostname: string): InstanceKey => ({ hostname, port: 3306 });

/** Servers that answer at once; what has no entry is silent until the deadline. */
class Fleet implements Prober {
  readonly answers = new Map<string, Instance>();
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
    if (answer !== undefined) return answer;
    await this.#clock.sleep(timeoutMs, signal);
    throw new Error('no answer');
  }

  forget(): void {}
}

function world(settings: Partial<ObserverSettings> = {}, cnames: Readonly<Record<string, string>> = {}) {
  const clock = new FakeClock();
  const fleet = new Fleet(clock);
  const inventory = new Inventory(undefined, () => 7_500);
  const probed: (ProbeEvent & { readonly atMs: number })[] = [];
  const warnings: string[] = [];
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
    log: { ...silentLog, warn: (_fields, text) => warnings.push(text) },
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
  return { clock, fleet, inventory, observer, probed, warnings, moved, names, state };
}

describe('the observer', function () {
  this.timeout(20_000);
  it('reads a living server each second, whatever 500 dead ones do', async () => {
    const { clock, fleet, observer, probed } = world({ maxConcurrency: 100 });
    for (let n = 0; n < 500; n += 1) observer.watch(keyOf(`dead${n}`));
    fleet.lives(anInstance(1));
    observer.watch(keyOf('h1'));
    await clock.advance(12_000); // every dead one was tried at least once
    const before = probed.length;
    await clock.advance(20_000);
    const reads = probed.slice(before).filter(({ key }) => key.hostname === 'h1');
    const gaps = reads.slice(1).map(({ atMs }, index) => atMs - (reads[index]?.atMs ?? 0));
    assert.ok(reads.length >= 19, `${reads.length} reads in 20 s`);
    assert.ok(Math.max(...gaps) <= 1_050, `a gap of ${Math.max(...gaps)} ms`);
    assert.ok(probed.slice(before).length > reads.length, 'the dead ones are tried as well');
  });

  it('reads a living server each second while 500 living ones die together', async () => {
    const { clock, fleet, observer, probed } = world({ maxConcurrency: 100 });
    for (let n = 1; n <= 501; n += 1) {
      fleet.lives(anInstance(n));
      observer.watch(keyOf(`h${n}`));
    }
    await clock.advance(5_000);
    for (let n = 1; n <= 500; n += 1) fleet.dies(keyOf(`h${n}`));
    const before = probed.length;
    await clock.advance(20_000);
    const reads = probed.slice(before).filter(({ key, ok }) => key.hostname === 'h501' && ok);
    assert.ok(reads.length >= 17, `${reads.length} reads in 20 s`);
  });

  it('reads its servers a quarter as often while this node can decide nothing', async () => {
    const { clock, fleet, observer, probed, state } = world();
    fleet.lives(anInstance(1));
    observer.watch(keyOf('h1'));
    const readsIn = async (ms: number) => {
      const before = probed.length;
      await clock.advance(ms);
      return probed.length - before;
    };
    assert.ok((await readsIn(20_000)) >= 19);
    state.idle = true;
    await clock.advance(1_050); // the next read was planned before
    const idle = await readsIn(20_000);
    assert.ok(idle >= 4 && idle <= 6, `${idle} reads in 20 s`);
  });

  it('does not call valid what was not read for long', async () => {
    const { clock, fleet, inventory, observer } = world();
    fleet.lives(anInstance(1));
    observer.watch(keyOf('h1'));
    await clock.advance(2_000);
    const valid = () => inventory.snapshot('h1:3306', clock.nowMs()).members[0]?.valid;
    assert.equal(valid(), true);
    observer.stop();
    await clock.advance(8_000);
    assert.equal(valid(), false);
  });

  it('leaves out, for a while and then anew, a server that is unwanted for what it is, known before or not', async () => {
    const { clock, fleet, observer, probed, names } = world();
    fleet.lives(anInstance(1, { replicaKeys: [keyOf('h2')] }));
    fleet.lives(anInstance(2, { replication: aReplication({ source: keyOf('h1') }) }));
    observer.watch(keyOf('h1'));
    await clock.advance(2_000);
    assert.deepEqual(names(), ['h1:3306', 'h2:3306']);
    fleet.lives(anInstance(2, { replication: aReplication({ source: keyOf('h1'), user: 'backup' }) }));
    await clock.advance(2_000);
    assert.deepEqual(names(), ['h1:3306']);
    const reads = probed.filter(({ key }) => key.hostname === 'h2').length;
    await clock.advance(20_000);
    assert.deepEqual(names(), ['h1:3306']);
    assert.equal(probed.filter(({ key }) => key.hostname === 'h2').length, reads, 'nobody hears of it');
    fleet.lives(anInstance(2, { replication: aReplication({ source: keyOf('h1') }) }));
    await clock.advance(20_000);
    assert.deepEqual(names(), ['h1:3306', 'h2:3306']);
  });

  it('lets go of a server unseen for too long, but not of one in downtime', async () => {
    const { clock, fleet, inventory, observer, names } = world({ forgetAfterMs: 100_000 });
    for (const n of [1, 2]) {
      fleet.lives(anInstance(n));
      observer.watch(keyOf(`h${n}`));
    }
    await clock.advance(2_000);
    const endMs = clock.nowMs() + 100 * HOUR_MS;
    inventory.setDowntime(keyOf('h2'), { owner: 'a', reason: 'b', beginMs: 0, endMs });
    for (const n of [1, 2]) fleet.dies(keyOf(`h${n}`));
    await clock.advance(200_000);
    assert.deepEqual(names(), ['h2:3306']);
  });

  it('does not find a forgotten server again at once through one that names it', async () => {
    const { clock, fleet, inventory, observer, names } = world();
    fleet.lives(anInstance(1, { replicaKeys: [keyOf('h2')] }));
    fleet.lives(anInstance(2, { replication: aReplication({ source: keyOf('h1') }) }));
    observer.watch(keyOf('h1'));
    await clock.advance(3_000);
    assert.deepEqual(names(), ['h1:3306', 'h2:3306']);
    observer.forget(keyOf('h2'));
    inventory.forget(keyOf('h2'));
    await clock.advance(14_000);
    assert.deepEqual(names(), ['h1:3306']);
    await clock.advance(3_000);
    assert.deepEqual(names(), ['h1:3306', 'h2:3306']);
  });

  it('stops looking for an address that never answered and that nobody names any more', async () => {
    const { clock, fleet, observer } = world();
    fleet.lives(anInstance(1, { replicaKeys: [keyOf('ghost')] }));
    observer.watch(keyOf('h1'));
    await clock.advance(61_000);
    assert.equal(observer.isWatched(keyOf('ghost')), true);
    fleet.lives(anInstance(1));
    await clock.advance(61_000);
    assert.equal(observer.isWatched(keyOf('ghost')), false);
  });
});

describe('a server that carries a known UUID', () => {
  const at = (hostname: string, more: Partial<Instance> = {}) => anInstance(1, { key: keyOf(hostname), ...more });

  it('is the known one under another address', async () => {
    const { clock, fleet, observer, names, warnings } = world();
    fleet.lives(at('h1'));
    observer.watch(keyOf('h1'));
    await clock.advance(1_000);
    fleet.lives(at('10.0.0.1'));
    observer.watch(keyOf('10.0.0.1'));
    await clock.advance(3_000);
    assert.deepEqual(names(), ['h1:3306']);
    assert.equal(observer.isWatched(keyOf('10.0.0.1')), true, 'the other address stands for the known one');
    assert.deepEqual(warnings, []);
  });

  it('has moved when the known address is gone and it started since; its downtime goes along', async () => {
    const { clock, fleet, inventory, observer, names, moved } = world();
    fleet.lives(at('h1'));
    observer.watch(keyOf('h1'));
    await clock.advance(2_000);
    inventory.setDowntime(keyOf('h1'), { owner: 'a', reason: 'b', beginMs: 0, endMs: clock.nowMs() + HOUR_MS });
    fleet.dies(keyOf('h1'));
    await clock.advance(10_000);
    fleet.lives(at('h9', { hostname: 'h9', uptimeSeconds: 3 }));
    observer.watch(keyOf('h9'));
    await clock.advance(2_000);
    assert.deepEqual(names(), ['h9:3306']);
    assert.deepEqual(moved, ['h1:3306 to h9:3306']);
    assert.notEqual(inventory.downtime(keyOf('h9'), clock.nowMs()), undefined);
  });

  for (const [title, more, knownDies] of [
    ['lives beside it', { hostname: 'h9' }, false],
    ['ran before the known one was gone', { hostname: 'h9', uptimeSeconds: 1_000 }, true],
    ['has another server id', { hostname: 'h9', serverId: 7, uptimeSeconds: 3 }, true],
  ] as const) {
    it(`is a copy when it ${title}: both stay, and the operator is told once`, async () => {
      const { clock, fleet, observer, names, warnings } = world();
      fleet.lives(at('h1'));
      observer.watch(keyOf('h1'));
      await clock.advance(2_000);
      if (knownDies) fleet.dies(keyOf('h1'));
      await clock.advance(10_000);
      fleet.lives(at('h9', more));
      observer.watch(keyOf('h9'));
      await clock.advance(5_000);
      assert.deepEqual(names(), ['h1:3306', 'h9:3306']);
      assert.equal(warnings.filter((text) => text.includes('same UUID')).length, 1);
    });
  }
});

describe('the name of a server', () => {
  it('is its canonical one, also where others name it by an alias', async () => {
    const { clock, fleet, observer, inventory, names } = world({}, { alias: 'h1' });
    fleet.lives(anInstance(1));
    fleet.lives(anInstance(2, { replication: aReplication({ source: keyOf('alias') }) }));
    observer.watch(keyOf('alias'));
    observer.watch(keyOf('h2'));
    await clock.advance(3_000);
    assert.deepEqual(names().sort(), ['h1:3306', 'h2:3306']);
    assert.equal(inventory.clusterName(keyOf('h2')), 'h1:3306');
  });

  it('is the one it gives itself, where it answers there', async () => {
    const { clock, fleet, observer, inventory, names } = world({ ownName: 'hostname' });
    fleet.lives(anInstance(1));
    fleet.lives(anInstance(1, { key: keyOf('10.0.0.1') }));
    fleet.lives(anInstance(2, { replication: aReplication({ source: keyOf('10.0.0.1') }) }));
    observer.watch(keyOf('10.0.0.1'));
    observer.watch(keyOf('h2'));
    await clock.advance(3_000);
    assert.deepEqual(names().sort(), ['h1:3306', 'h2:3306']);
    assert.equal(inventory.clusterName(keyOf('h2')), 'h1:3306');
  });

  for (const [title, other] of [
    ['nobody answers there', undefined],
    ['another server answers there', anInstance(7, { key: keyOf('h1') })],
  ] as const) {
    it(`stays the one it was found by when ${title}`, async () => {
      const { clock, fleet, observer, inventory, warnings } = world({ ownName: 'hostname' });
      fleet.lives(anInstance(1, { key: keyOf('10.0.0.1') }));
      if (other !== undefined) fleet.lives(other);
      observer.watch(keyOf('10.0.0.1'));
      await clock.advance(3_000);
      assert.equal(inventory.get(keyOf('10.0.0.1'))?.instance.serverId, 1);
      assert.equal(inventory.get(keyOf('h1')), undefined);
      assert.equal(warnings.filter((text) => text.includes('own name')).length, 1);
    });
  }
});
