import assert from 'node:assert/strict';
import { HostnameResolver, type HostnameSettings } from '../../../internal/discovery/hostname-resolver.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const HOUR_MS = 3_600_000;

function resolver(settings: Partial<HostnameSettings>) {
  const clock = new FakeClock();
  const asked: string[] = [];
  const learnt: string[] = [];
  const world = { canonical: 'db1.example.com.', address: '10.0.0.1', down: false, delay: Promise.resolve() };
  const answer = async (hostname: string, text: string) => {
    asked.push(hostname);
    await world.delay;
    if (world.down) throw new Error('SERVFAIL');
    return text;
  };
  const hostnames = new HostnameResolver({
    clock,
    log: silentLog,
    names: {
      canonicalName: (hostname) => answer(hostname, world.canonical),
      address: (hostname) => answer(hostname, world.address),
    },
    onLearnt: (given, resolved) => learnt.push(`${given} ${resolved}`),
    settings: { method: 'cname', rejectPattern: '', expiryMs: HOUR_MS, ...settings },
  });
  return { hostnames, clock, world, asked, learnt };
}

describe('resolving host names', () => {
  for (const [method, expected] of [
    ['cname', 'db1.example.com'],
    ['ip', '10.0.0.1'],
  ] as const) {
    it(`${method}: looked up once, then known`, async () => {
      const { hostnames, asked } = resolver({ method });
      assert.equal(hostnames.known('db1'), undefined);
      const both = await Promise.all([hostnames.resolve('db1'), hostnames.resolve('db1')]);
      assert.deepEqual(both, [expected, expected]);
      assert.equal(hostnames.known('db1'), expected);
      assert.deepEqual(asked, ['db1']);
    });
  }

  for (const method of ['none', 'default'] as const) {
    it(`${method}: a name stands for itself until a server says otherwise`, () => {
      const { hostnames, asked } = resolver({ method });
      assert.equal(hostnames.known('10.0.0.1'), '10.0.0.1');
      hostnames.learn('10.0.0.1', 'db1');
      assert.equal(hostnames.known('10.0.0.1'), 'db1');
      assert.deepEqual(asked, []);
    });
  }

  it('never looks up a detached name', () => assert.equal(resolver({}).hostnames.known('//db1'), '//db1'));

  it('uses an expired name until the newer one has come', async () => {
    const { hostnames, clock, world } = resolver({});
    await hostnames.resolve('db1');
    await clock.advance(HOUR_MS + 1);
    world.canonical = 'db2.example.com';
    assert.equal(hostnames.known('db1'), 'db1.example.com');
    await clock.advance(1);
    assert.equal(hostnames.known('db1'), 'db2.example.com');
  });

  it('keeps the last good name while the name service fails, and asks again after a minute', async () => {
    const { hostnames, clock, world, asked } = resolver({});
    await hostnames.resolve('db1');
    await clock.advance(HOUR_MS + 1);
    world.down = true;
    for (let round = 0; round < 5; round += 1) {
      assert.equal(hostnames.known('db1'), 'db1.example.com');
      await clock.advance(1_000);
    }
    assert.equal(asked.length, 2);
    assert.equal(await resolver({}).hostnames.resolve('x'), 'db1.example.com');
    world.down = false;
    await clock.advance(60_000);
    hostnames.known('db1');
    await clock.advance(1);
    assert.equal(asked.length, 3);
  });

  it('asks for the names that nobody has asked for yet, once each, and waits for what they are', async () => {
    const { hostnames, asked } = resolver({});
    await hostnames.introduce(['db1', 'db1', '//gone'], 1_000);
    assert.equal(hostnames.known('db1'), 'db1.example.com');
    await hostnames.introduce(['db1'], 1_000);
    assert.deepEqual(asked, ['db1']);
  });

  it('waits no longer than it may for a name service that says nothing, and keeps what that says later', async () => {
    const { hostnames, clock, world } = resolver({});
    let answer = (): void => assert.fail('nobody was asked');
    world.delay = new Promise((resolve) => {
      answer = resolve;
    });
    let over = false;
    const introduced = hostnames.introduce(['db1'], 1_000).then(() => {
      over = true;
    });
    await clock.advance(999);
    assert.equal(over, false);
    await clock.advance(1);
    await introduced;
    assert.equal(hostnames.known('db1'), undefined);
    answer();
    await hostnames.resolve('db1');
    assert.equal(hostnames.known('db1'), 'db1.example.com');
  });

  it('a name that cannot be resolved stands for itself', async () => {
    const { hostnames, world } = resolver({});
    world.down = true;
    assert.equal(await hostnames.resolve('db1'), 'db1');
    assert.equal(hostnames.known('db1'), 'db1');
  });

  it('does not believe a rejected name and caches nothing', async () => {
    const { hostnames } = resolver({ rejectPattern: 'example[.]com$' });
    assert.equal(await hostnames.resolve('db1'), 'db1');
    hostnames.learn('db1', 'x.example.com');
    assert.deepEqual(hostnames.entries(), []);
  });

  it('starts with what a former process knew, and looks it up again', async () => {
    const { hostnames, clock, asked } = resolver({ rejectPattern: 'bad' });
    hostnames.restore(
      new Map([
        ['db1', 'old.example.com'],
        ['db2', 'bad'],
      ]),
    );
    assert.deepEqual([hostnames.known('db1'), hostnames.known('db2')], ['old.example.com', undefined]);
    await clock.advance(1);
    assert.deepEqual([hostnames.known('db1'), asked], ['db1.example.com', ['db1']]);
  });

  it('tells of a name once, and again only when it stands for another one', async () => {
    const { hostnames, learnt, world } = resolver({});
    await hostnames.resolve('db1');
    await hostnames.resolve('db1');
    await hostnames.resolve('db1.example.com');
    world.canonical = 'db2.example.com';
    await hostnames.resolve('db1');
    hostnames.learn('10.0.0.1', 'db9');
    assert.deepEqual(learnt, ['db1 db1.example.com', 'db1 db2.example.com', '10.0.0.1 db9']);
  });

  it('tells anew of the word of a server that is used after its time', async () => {
    const { hostnames, learnt, clock } = resolver({ method: 'default' });
    hostnames.learn('vip', 'db9');
    await clock.advance(HOUR_MS);
    assert.deepEqual([hostnames.known('vip'), hostnames.known('vip')], ['db9', 'db9']);
    assert.deepEqual(learnt, ['vip db9', 'vip db9']);
  });

  it('keeps nothing beyond its process with method none', () => {
    const { hostnames, learnt } = resolver({ method: 'none' });
    hostnames.restore(new Map([['db1', 'old']]));
    hostnames.learn('vip', 'db9');
    assert.deepEqual([hostnames.known('db1'), hostnames.known('vip'), learnt], ['db1', 'db9', []]);
  });

  it('knows the host behind a virtual name, until the name is gone', () => {
    const { hostnames } = resolver({ method: 'none' });
    hostnames.setVirtualNames(new Map([['db1', 'db1-repl']]));
    const state = () => [hostnames.virtualName('db1'), hostnames.known('db1-repl'), hostnames.virtualName('db2')];
    assert.deepEqual(state(), ['db1-repl', 'db1', undefined]);
    hostnames.setVirtualNames(new Map());
    assert.deepEqual(state(), [undefined, 'db1-repl', undefined]);
  });

  it('lists what it knows, and forgets it on request', async () => {
    const { hostnames, clock } = resolver({});
    await hostnames.resolve('db1');
    const expiresMs = clock.nowMs() + HOUR_MS;
    assert.deepEqual(hostnames.entries(), [{ given: 'db1', resolved: 'db1.example.com', expiresMs }]);
    hostnames.reset();
    assert.deepEqual(hostnames.entries(), []);
  });
});

describe('a name of which nobody can say what it stands for', () => {
  it('is one that was looked up in vain, or not yet; and no longer when there is an answer', async () => {
    const { hostnames, world, clock } = resolver({});
    assert.equal(hostnames.isUnresolved('db1'), true);
    world.down = true;
    await hostnames.resolve('db1');
    assert.equal(hostnames.isUnresolved('db1'), true);
    world.down = false;
    await clock.advance(HOUR_MS);
    await hostnames.resolve('db1');
    assert.equal(hostnames.isUnresolved('db1'), false);
    world.down = true;
    await hostnames.resolve('db1');
    assert.equal(hostnames.isUnresolved('db1'), false, 'the last good answer counts');
  });

  for (const [title, settings, answer] of [
    ['an alias', { method: 'cname' }, 'db1.example.com'],
    ['an address', { method: 'ip' }, '10.0.0.1'],
  ] as const)
    it(`is not what ${title} was found to stand for, as long as that is remembered`, async () => {
      const { hostnames } = resolver(settings);
      assert.equal(hostnames.isUnresolved(answer), true);
      await hostnames.introduce(['db1'], 1_000);
      assert.equal(hostnames.isUnresolved(answer), false);
      hostnames.reset();
      assert.equal(hostnames.isUnresolved(answer), true);
    });

  for (const [title, canonical] of [
    ['an answer that is not believed', 'bad.example.com'],
    ['an empty answer', '.'],
  ] as const)
    it(`is not one that got ${title}, until a lookup fails or names are forgotten`, async () => {
      const { hostnames, world } = resolver({ rejectPattern: '^bad' });
      world.canonical = canonical;
      await hostnames.introduce(['db1'], 1_000);
      assert.deepEqual([hostnames.known('db1'), hostnames.isUnresolved('db1')], [undefined, false]);
      hostnames.reset();
      assert.equal(hostnames.isUnresolved('db1'), true, 'forgotten');
      await hostnames.resolve('db1');
      assert.equal(hostnames.isUnresolved('db1'), false);
      world.down = true;
      await hostnames.resolve('db1');
      assert.equal(hostnames.isUnresolved('db1'), true, 'nobody can look it up today');
    });

  for (const [title, believe] of [
    ['was learnt from its server', (hostnames: HostnameResolver) => hostnames.learn('db1', 'db1')],
    ['was believed', (hostnames: HostnameResolver) => hostnames.resolve('db1')],
  ] as const)
    it(`is one whose lookup fails after its name ${title}, whatever was not believed before`, async () => {
      const { hostnames, world } = resolver({ rejectPattern: '^bad' });
      world.canonical = 'bad.example.com';
      await hostnames.resolve('db1');
      world.canonical = 'db1';
      await believe(hostnames);
      assert.equal(hostnames.isUnresolved('db1'), false);
      world.down = true;
      await hostnames.resolve('db1');
      assert.equal(hostnames.isUnresolved('db1'), true);
    });

  it('is not the host behind a virtual name', () => {
    const { hostnames } = resolver({});
    hostnames.setVirtualName('db1', 'db1-repl');
    assert.equal(hostnames.isUnresolved('db1'), false);
  });

  it('is none where names are not looked up', () => {
    for (const method of ['none', 'default'] as const)
      assert.equal(resolver({ method }).hostnames.isUnresolved('db1'), false);
  });
});
