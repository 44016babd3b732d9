import assert from 'node:assert/strict';
import { HostAddressBook } from '../../../internal/app/host-addresses.ts';
import { Publishing } from '../../../internal/app/publishing.ts';
import { Publisher } from '../../../internal/kv/publisher.ts';
import type { PairGroup } from '../../../internal/kv/store.ts';
import type { RecoveryRecord } from '../../../internal/recovery/book.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import type { ClusterSnapshot } from '../../../internal/topology/cluster.ts';
import { keyText } from '../../../internal/topology/instance-key.ts';
import { aSnapshot } from '../../support/a-cluster.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { anInstance } from '../topology/builders.ts';

const at = (hostname: string) => ({ hostname, port: 3306 });
const PREFIX = 'mysql/master/';

/** One cluster, `shop`, and whoever is at its top; another one, `till`, where a test wants it. */
class World {
  readonly clock = new FakeClock();
  readonly stored = new Map<string, string>();
  readonly outside = new Map<string, string>();
  readonly said: string[] = [];
  /** Whom the store outside was told to be the primary, one after the other. */
  readonly shops: string[] = [];
  readonly notes: string[] = [];
  records: RecoveryRecord[] = [];
  primary = 'a';
  /** Of `till`. */
  second: string | undefined;
  /** Primaries of further clusters, by alias. */
  others: Readonly<Record<string, string>> = {};
  /** How often all clusters were looked at. */
  looks = 0;
  /** While a pair is agreed on, before it is kept. */
  meanwhile: (pair: string) => void = () => {};
  leads = true;
  fails = false;
  /** The name service does not answer. */
  mute = false;
  readonly publishing: Publishing;

  constructor() {
    const { clock, stored, outside, said, shops } = this;
    const store = {
      name: 'Fake',
      write: async (groups: readonly PairGroup[], confirm: () => void) => {
        if (this.fails) throw new Error('no route');
        confirm();
        for (const { key, value } of groups.flatMap(({ pairs }) => pairs)) {
          outside.set(key, value);
          if (key === `${PREFIX}shop`) shops.push(value);
        }
      },
      close: async () => {},
    };
    this.publishing = new Publishing({
      world: () => ({
        snapshots: () => {
          this.looks += 1;
          return this.#snapshots();
        },
        inventory: {
          clusterName: keyText,
          snapshot: (name) => this.#snapshots().find((one) => one.name === name) ?? aSnapshot([], [], name),
        },
        agreement: {
          mayAct: this.leads,
          decide: async (command) => {
            assert(command.op === 'put-key-value');
            said.push(command.name.slice(PREFIX.length));
            await Promise.resolve();
            this.meanwhile(command.name.slice(PREFIX.length));
            stored.set(command.name, command.value);
          },
        },
        recovery: { book: { list: () => this.records, replaced: () => undefined } },
      }),
      publisher: new Publisher({ stores: [store], mayWrite: () => this.leads, clock, log: silentLog }),
      addresses: new HostAddressBook({
        lookUp: async (host) => {
          if (this.mute) return new Promise(() => undefined);
          return host === 'a' ? ['10.0.0.9', '10.0.0.1', 'fd00::1'] : Promise.reject(new Error(host));
        },
        clock,
      }),
      note: (uid, message) => void this.notes.push(`${uid} ${message}`),
      stored: async () => stored,
      settings: { kvPrefix: PREFIX },
      clock,
      log: silentLog,
    });
  }

  shop(): string | undefined {
    return this.outside.get(`${PREFIX}shop`);
  }

  #snapshots(): readonly ClusterSnapshot[] {
    return Object.entries({ shop: this.primary, till: this.second, ...this.others }).flatMap(([alias, host]) => {
      if (host === undefined) return [];
      const instance = anInstance(1, { key: at(host), readOnly: false });
      return [{ ...aSnapshot([instance], [], keyText(at(host))), alias }];
    });
  }
}

const recovery = (more: Partial<RecoveryRecord> = {}): RecoveryRecord => ({
  ...{ uid: 'u', kind: 'primary', code: 'DeadMaster', failed: at('a'), cluster: 'a:3306', alias: 'shop', startedMs: 0 },
  ...{ successful: true, lost: [], participants: [], errors: [], harmless: false, successor: at('b') },
  ...more,
});

describe('telling others of primaries', () => {
  let world: World;
  beforeEach(() => {
    world = new World();
  });
  afterEach(() => world.publishing.stop());

  it('tells what all nodes keep of it, and nothing else that they keep', async () => {
    const world = new World();
    await world.publishing.submit();
    world.stored.set('another/key', 'x');
    const kept = await world.publishing.kept();
    assert.deepEqual(
      kept.map(({ key }) => key),
      ['shop', 'shop/hostname', 'shop/ipv4', 'shop/ipv6', 'shop/port'].map((name) => `${PREFIX}${name}`),
    );
    assert.equal(kept[0]?.value, 'a:3306');
  });

  it('says all five pairs within a second of taking office, with the last address of each kind', async () => {
    world.publishing.start();
    await world.clock.advance(1_000);
    const pairs = [...world.outside].map(([key, value]) => [key.slice(PREFIX.length), value]);
    assert.deepEqual(pairs, [
      ['shop', 'a:3306'],
      ['shop/hostname', 'a'],
      ['shop/port', '3306'],
      ['shop/ipv4', '10.0.0.1'],
      ['shop/ipv6', 'fd00::1'],
    ]);
    assert.deepEqual([...world.stored], [...world.outside]);
  });

  it('says it anew each minute outside, and to the nodes only what they do not hold', async () => {
    world.publishing.start();
    await world.clock.advance(1_000);
    world.outside.clear(); // somebody emptied it
    world.stored.set(`${PREFIX}shop/port`, '1');
    world.said.length = 0;
    await world.clock.advance(59_000);
    assert.equal(world.shop(), undefined);
    await world.clock.advance(1_000);
    assert.equal(world.shop(), 'a:3306');
    assert.deepEqual(world.said, ['shop/port']);
  });

  it('says within a second that a primary is another one, without a word about the others', async () => {
    world.publishing.start();
    await world.clock.advance(1_000);
    world.said.length = 0;
    world.primary = 'c';
    await world.clock.advance(1_000);
    assert.equal(world.shop(), 'c:3306');
    assert.deepEqual(world.said, ['shop', 'shop/hostname', 'shop/ipv4', 'shop/ipv6']);
  });

  it('tells of a promotion at once, and of nothing else that ended', async () => {
    for (const record of [
      recovery({ successful: false }),
      recovery({ kind: 'intermediatePrimary' }),
      recovery({ alias: 'stock' }),
    ])
      world.publishing.recovered(record);
    await world.clock.advance(0);
    assert.deepEqual(world.outside.get(`${PREFIX}stock`), 'b:3306');
    assert.equal(world.shop(), undefined);
  });

  it('writes down in the course of the recovery which pairs are where, and where not yet', async () => {
    world.publishing.recovered(recovery());
    await world.clock.advance(100);
    const pairs = ['shop=b:3306', 'shop/hostname=b', 'shop/port=3306', 'shop/ipv4=', 'shop/ipv6='];
    const published = `published ${pairs.map((pair) => `${PREFIX}${pair}`).join(' ')}`;
    assert.deepEqual(world.notes, [`u ${published} in our own store, Fake`]);
    world.fails = true;
    world.publishing.recovered(recovery({ uid: 'v', successor: at('c') }));
    await world.clock.advance(9_000);
    assert.equal(world.notes.length, 1);
    await world.clock.advance(2_000);
    assert.equal(world.notes[1], `v ${published.replaceAll('=b', '=c')} in our own store; not yet in Fake: no route`);
    world.publishing.recovered(recovery({ uid: 'w' }));
    await world.publishing.stop();
    assert.match(world.notes[2] ?? '', /^w .*; not yet in Fake: no route$/, 'a process that ends says what it knows');
  });

  it('has no age of what a store holds where another node leads', async () => {
    world.publishing.recovered(recovery());
    await world.clock.advance(2_500);
    const figures = { store: 'Fake', written: 1, failed: 0, waiting: 0 };
    assert.deepEqual(world.publishing.figures(), [{ ...figures, sinceMs: 2_500 }]);
    world.leads = false;
    assert.deepEqual(world.publishing.figures(), [{ ...figures, sinceMs: undefined }]);
  });

  it('leaves it to the node that leads', async () => {
    world.leads = false;
    world.publishing.start();
    world.publishing.recovered(recovery());
    await world.clock.advance(120_000);
    assert.deepEqual([...world.outside, ...world.stored], []);
    await assert.rejects(world.publishing.submit(), { code: 'NOT_LEADER' });
  });

  it('tells of what its predecessor promoted, though it has not seen it yet', async () => {
    world.primary = 'elsewhere';
    world.leads = false;
    world.publishing.start();
    await world.clock.advance(5_000);
    const endedMs = world.clock.nowMs() - 1_000;
    world.records = [
      recovery({ uid: 'new', alias: 'stock', endedMs, successor: at('c') }),
      recovery({ uid: 'old', alias: 'stock', endedMs: endedMs - 1_000 }),
      recovery({ uid: 'long ago', alias: 'past', endedMs: endedMs - 3_600_000 }),
    ];
    world.leads = true;
    await world.clock.advance(1_000);
    assert.equal(world.outside.get(`${PREFIX}stock`), 'c:3306');
    assert.equal(world.outside.get(`${PREFIX}past`), undefined);
  });

  it('submits on request whatever is held, and says where that failed', async () => {
    world.stored.set(`${PREFIX}shop`, 'a:3306');
    const submitted = world.publishing.submit();
    await world.clock.advance(100);
    assert.equal((await submitted).length, 5);
    assert.equal(world.said.length, 5);
    assert.equal(world.shop(), 'a:3306');
    world.fails = true;
    const failing = assert.rejects(world.publishing.submit(), /not everything was published: Fake: no route/);
    await world.clock.advance(6_000);
    await failing;
  });

  for (const [title, ask] of [
    ['by itself', ({ publishing }: World) => publishing.start()],
    ['on request', ({ publishing }: World) => void publishing.submit().catch(() => undefined)],
  ] as const)
    it(`does not put the former primary back that it was about to tell of ${title} when a failover came`, async () => {
      world.mute = true;
      ask(world);
      await world.clock.advance(1_000);
      world.primary = 'b';
      world.publishing.recovered(recovery());
      await world.clock.advance(30_000);
      assert.deepEqual(new Set(world.shops), new Set(['b:3306']));
    });

  for (const [title, ask] of [
    ['by itself', ({ publishing }: World) => publishing.start()],
    ['on request', ({ publishing }: World) => void publishing.submit().catch(() => undefined)],
  ] as const)
    it(`does not put back what a failover said while the nodes agreed on other pairs ${title}`, async () => {
      world.second = 'x';
      world.meanwhile = (pair) => {
        if (pair !== 'shop' || world.second === 'y') return;
        world.second = 'y';
        world.stored.set(`${PREFIX}till`, 'y:3306'); // by the aftermath of the recovery
      };
      ask(world);
      await world.clock.advance(1_000);
      assert.equal(world.stored.get(`${PREFIX}shop/hostname`), 'a');
      assert.equal(world.stored.get(`${PREFIX}till`), 'y:3306');
    });

  it('does not say the rest of a primary whose failover ended while the nodes agreed on its first pair', async () => {
    world.meanwhile = (pair) => {
      if (pair === 'shop') world.primary = 'b';
    };
    assert.deepEqual(await world.publishing.submit(), []);
    assert.deepEqual(world.said, ['shop']);
  });

  it('looks at all clusters as often for a hundred as for one, however many pairs the nodes agree on', async () => {
    await world.publishing.submit();
    const { looks } = world;
    world.others = Object.fromEntries(Array.from({ length: 99 }, (_, n) => [`cluster${n}`, `host${n}`]));
    assert.equal((await world.publishing.submit()).length, 500);
    assert.equal(world.looks - looks, looks);
  });

  it('says a primary anew within a second where its failover ended while the former one was agreed on', async () => {
    world.publishing.start();
    world.meanwhile = (pair) => {
      if (pair === 'shop') world.primary = 'b';
    };
    await world.clock.advance(1_000);
    assert.equal(world.stored.get(`${PREFIX}shop`), 'a:3306', 'the word of the former one came last');
    await world.clock.advance(1_000);
    assert.equal(world.stored.get(`${PREFIX}shop`), 'b:3306');
  });
});
