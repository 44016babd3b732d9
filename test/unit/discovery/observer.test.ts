import assert from 'node:assert/strict';
import type { Instance } from '../../../internal/topology/instance.ts';
import { HOUR_MS, keyOf, NAME_EXPIRY_MS, observedWorld } from '../../support/observed-world.ts';
import { anInstance, aReplication } from '../topology/builders.ts';

describe('the observer', () => {
  it('reads a living server each second, whatever 500 dead ones do', async () => {
    const { clock, fleet, observer, probed } = observedWorld({ maxConcurrency: 100 });
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
    const { clock, fleet, observer, probed } = observedWorld({ maxConcurrency: 100 });
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
    const { clock, fleet, observer, probed, state } = observedWorld();
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

  it('takes reads that fail together for one, and no server for silent that answers another read meanwhile', async () => {
    const { clock, fleet, inventory, observer } = observedWorld({ intervalMs: 10_000, hotWindowMs: 0 });
    fleet.lives(anInstance(1));
    observer.watch(keyOf('h1'));
    await clock.advance(100);
    fleet.dies(keyOf('h1'));
    const reads = [1_000, 1_000, 3_000].map((timeoutMs) =>
      observer.probeNow(keyOf('h1'), new AbortController().signal, timeoutMs).catch(() => undefined),
    );
    await clock.advance(1_000);
    assert.equal(inventory.health(keyOf('h1')).failures, 1);
    await clock.advance(50);
    fleet.lives(anInstance(1));
    await observer.probeNow(keyOf('h1'), new AbortController().signal);
    await clock.advance(2_000);
    await Promise.all(reads);
    assert.deepEqual([inventory.health(keyOf('h1')).failures, inventory.get(keyOf('h1'))?.valid], [0, true]);
  });

  it('reads one that was silent for long in quick succession where a decision waits for it', async () => {
    const { clock, fleet, observer, probed } = observedWorld({ deadIntervalFactor: 2 });
    fleet.lives(anInstance(1));
    observer.watch(keyOf('h1'));
    await clock.advance(100);
    fleet.dies(keyOf('h1'));
    await clock.advance(300_000);
    const before = probed.length;
    observer.hurry(keyOf('h1'));
    await clock.advance(1_000);
    assert.equal(probed.length - before, 2); // 50 ms apart, and 400 ms each
  });

  it('knows nothing of former silences when it goes on after another node has watched', async () => {
    const { clock, fleet, inventory, observer } = observedWorld();
    fleet.lives(anInstance(1));
    observer.watch(keyOf('h1'));
    await clock.advance(100);
    fleet.dies(keyOf('h1'));
    await clock.advance(10_000);
    observer.pause();
    assert.ok(inventory.health(keyOf('h1')).failures > 5);
    await clock.advance(HOUR_MS);
    observer.resume();
    await clock.advance(1_500);
    assert.equal(inventory.health(keyOf('h1')).failures, 1);
  });

  it('goes on reading when the wall clock is set back by hours, and finds who dies then', async () => {
    const { clock, fleet, inventory, observer, probed } = observedWorld();
    fleet.lives(anInstance(1));
    observer.watch(keyOf('h1'));
    await clock.advance(2_000);
    clock.setBy(-5 * HOUR_MS);
    const before = probed.length;
    await clock.advance(5_000);
    assert.ok(probed.length - before >= 4, `${probed.length - before} reads in 5 s`);
    fleet.dies(keyOf('h1'));
    await clock.advance(5_000);
    assert.equal(inventory.snapshot('h1:3306', clock.nowMs()).members[0]?.valid, false);
  });

  it('does not call valid what was not read for long', async () => {
    const { clock, fleet, inventory, observer } = observedWorld();
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
    const { clock, fleet, observer, probed, names } = observedWorld();
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
    const { clock, fleet, inventory, observer, names } = observedWorld({ forgetAfterMs: 100_000 });
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
    const { clock, fleet, inventory, observer, names } = observedWorld();
    fleet.lives(anInstance(1, { replicaKeys: [keyOf('h2')] }));
    fleet.lives(anInstance(2, { replication: aReplication({ source: keyOf('h1') }) }));
    observer.watch(keyOf('h1'));
    await clock.advance(3_000);
    assert.deepEqual(names(), ['h1:3306', 'h2:3306']);
    observer.forget(keyOf('h2'));
    inventory.forget(keyOf('h2'));
    await clock.advance(11_000);
    assert.deepEqual(names(), ['h1:3306']);
    await clock.advance(3_000);
    assert.deepEqual(names(), ['h1:3306', 'h2:3306']);
  });

  it('stops looking for an address that never answered and that nobody names any more', async () => {
    const { clock, fleet, observer } = observedWorld();
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
    const { clock, fleet, observer, names, warnings } = observedWorld();
    fleet.lives(at('h1'));
    observer.watch(keyOf('h1'));
    await clock.advance(1_000);
    fleet.lives(at('10.0.0.1'));
    observer.watch(keyOf('10.0.0.1'));
    await clock.advance(3_000);
    assert.deepEqual(names(), ['h1:3306']);
    assert.equal(observer.isWatched(keyOf('10.0.0.1')), true, 'the other address stands for the known one');
    assert.deepEqual(warnings, []);
    await clock.advance(NAME_EXPIRY_MS);
    assert.equal(observer.isWatched(keyOf('10.0.0.1')), false, 'nobody has used it for long');
  });

  it('has moved when the known address is gone and it started since; its downtime goes along', async () => {
    const { clock, fleet, inventory, observer, names, moved } = observedWorld();
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
      const { clock, fleet, observer, names, warnings } = observedWorld();
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
    const { clock, fleet, observer, inventory, names } = observedWorld({}, { alias: 'h1' });
    fleet.lives(anInstance(1));
    fleet.lives(anInstance(2, { replication: aReplication({ source: keyOf('alias') }) }));
    observer.watch(keyOf('alias'));
    observer.watch(keyOf('h2'));
    await clock.advance(3_000);
    assert.deepEqual(names().sort(), ['h1:3306', 'h2:3306']);
    assert.equal(inventory.clusterName(keyOf('h2')), 'h1:3306');
    const readElsewhere = observer.named(anInstance(2, { replication: aReplication({ source: keyOf('alias') }) }));
    assert.deepEqual(readElsewhere.replication?.source, keyOf('h1'));
  });

  it('is the one it gives itself, where it answers there', async () => {
    const { clock, fleet, observer, inventory, names } = observedWorld({ ownName: 'hostname' });
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
      const { clock, fleet, observer, inventory, warnings } = observedWorld({ ownName: 'hostname' });
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
