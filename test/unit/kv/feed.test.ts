import assert from 'node:assert/strict';
import { Publisher } from '../../../internal/kv/publisher.ts';
import type { KeyValueStore, PairGroup } from '../../../internal/kv/store.ts';
import type { Log } from '../../../internal/runtime/log.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const group = (name: string, value: string): PairGroup => ({ name, pairs: [{ key: `mysql/master/${name}`, value }] });

/** Holds what it is given, unless it is told to fail or to hang. */
class FakeStore implements KeyValueStore {
  readonly name: string;
  readonly held = new Map<string, string>();
  attempts = 0;
  mode: 'works' | 'fails' | 'hangs' = 'works';
  /** Runs between reading and writing. */
  between = () => {};

  constructor(name = 'Fake') {
    this.name = name;
  }

  async write(groups: readonly PairGroup[], confirm: () => void, signal: AbortSignal): Promise<void> {
    this.attempts += 1;
    if (this.mode === 'fails') throw new Error('no route');
    if (this.mode === 'hangs')
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    this.between();
    confirm();
    for (const { key, value } of groups.flatMap(({ pairs }) => pairs)) this.held.set(key, value);
  }

  async close(): Promise<void> {}
}

describe('publishing in stores outside', () => {
  let clock: FakeClock;
  let leads: boolean;
  let told: string[];
  const log: Log = {
    ...silentLog,
    warn: (_: unknown, text?: string) => void told.push(`warn ${text}`),
    info: (_: unknown, text?: string) => void told.push(`info ${text}`),
  } as Log;
  const publisherTo = (...stores: readonly KeyValueStore[]) =>
    new Publisher({ stores, mayWrite: () => leads, clock, log });

  beforeEach(() => {
    clock = new FakeClock();
    leads = true;
    told = [];
  });

  it('writes at once, in every store, whatever the others do', async () => {
    const [good, bad, slow] = [new FakeStore('good'), new FakeStore('bad'), new FakeStore('slow')];
    bad.mode = 'fails';
    slow.mode = 'hangs';
    const publisher = publisherTo(bad, slow, good);
    publisher.publish([group('shop', 'a:1'), group('stock', 'b:1')], { urgent: true });
    await clock.advance(0);
    assert.deepEqual([...good.held.values()], ['a:1', 'b:1']);
    assert.deepEqual(publisher.states(), [
      { store: 'bad', failure: 'no route', waiting: 2 },
      { store: 'slow', failure: undefined, waiting: 2 },
      { store: 'good', failure: undefined, waiting: 0 },
    ]);
    await publisher.stop();
  });

  it('catches up with the newest value when a store is back, and tells of it once on both ends', async () => {
    const store = new FakeStore();
    store.mode = 'fails';
    const publisher = publisherTo(store);
    publisher.publish([group('shop', 'old:1')], { urgent: true });
    await clock.advance(20_000);
    assert.ok(store.attempts > 3, `${store.attempts} attempts`);
    assert.ok(store.attempts < 12, `${store.attempts} attempts: pauses grow`);
    publisher.publish([group('shop', 'new:1')], { urgent: false });
    store.mode = 'works';
    await clock.advance(5_000);
    assert.deepEqual([...store.held], [['mysql/master/shop', 'new:1']]);
    assert.deepEqual(told, [
      'warn primaries cannot be published there: kept, and tried again',
      'info primaries are published there again',
    ]);
    assert.deepEqual(await publisher.settled(0), []);
    await publisher.stop();
  });

  it('does not let something urgent wait for an attempt that hangs, nor for a pause', async () => {
    const store = new FakeStore();
    store.mode = 'hangs';
    const publisher = publisherTo(store);
    publisher.publish([group('shop', 'a:1')], { urgent: false });
    await clock.advance(1_000);
    store.mode = 'fails';
    publisher.publish([group('shop', 'b:1')], { urgent: true });
    await clock.advance(1);
    store.mode = 'works';
    publisher.publish([group('shop', 'c:1')], { urgent: true });
    await clock.advance(0);
    assert.deepEqual([...store.held.values()], ['c:1']);
    await publisher.stop();
  });

  it('gives up an attempt that hangs, and says that it does not answer', async () => {
    const store = new FakeStore();
    store.mode = 'hangs';
    const publisher = publisherTo(store);
    publisher.publish([group('shop', 'a:1')], { urgent: false });
    await clock.advance(12_001);
    assert.match(publisher.states()[0]?.failure ?? '', /no end within/);
    store.mode = 'works';
    await clock.advance(5_000);
    assert.deepEqual([...store.held.values()], ['a:1']);
    await publisher.stop();
  });

  it('writes nothing where another node leads, also when that changed while it was reading', async () => {
    const store = new FakeStore();
    const publisher = publisherTo(store);
    leads = false;
    publisher.publish([group('shop', 'a:1')], { urgent: true });
    await clock.advance(10_000);
    leads = true;
    store.between = () => {
      leads = false;
    };
    publisher.publish([group('shop', 'b:1')], { urgent: true });
    await clock.advance(60_000);
    assert.deepEqual([...store.held], []);
    assert.equal(store.attempts, 1);
    assert.deepEqual(await publisher.settled(0), []);
    await publisher.stop();
  });

  it('forgets what it did not come to when it is told that another node leads', async () => {
    const store = new FakeStore();
    store.mode = 'hangs';
    const publisher = publisherTo(store);
    publisher.publish([group('shop', 'a:1')], { urgent: true });
    await clock.advance(100);
    publisher.drop();
    store.mode = 'works';
    await clock.advance(60_000);
    assert.deepEqual([...store.held], []);
    publisher.publish([group('shop', 'b:1')], { urgent: false });
    await clock.advance(0);
    assert.deepEqual([...store.held.values()], ['b:1']);
    await publisher.stop();
  });
});
