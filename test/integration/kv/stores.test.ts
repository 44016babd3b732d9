// The stores that primaries are published in, against real servers of Consul, etcd and ZooKeeper: values, comparing before writing, transactions,
// several data centres, tokens.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { type AddressInfo, createServer } from 'node:net';
import { promisify } from 'node:util';
import zookeeper from 'node-zookeeper-client';
import { storesFrom } from '../../../internal/app/kv-stores.ts';
import type { Config } from '../../../internal/config/keys.ts';
import { defaultConfig } from '../../../internal/config/load.ts';
import type { KeyValueStore, PairGroup } from '../../../internal/kv/store.ts';
import { ZooKeeperStore } from '../../../internal/kv/zookeeper-store.ts';
import { primaryPairs } from '../../../internal/recovery/primary-pairs.ts';
import { systemClock } from '../../../internal/runtime/clock.ts';
import { Registry, type RegistryKind, registryProgram } from '../../../scripts/sandbox/registry.ts';
import { until } from '../../support/daemon.ts';
import { collectGarbage } from '../../support/garbage.ts';

const NEVER = new AbortController().signal;
const yes = () => {};
const TOKEN = '0d0c1a30-5f5f-4f0c-9a37-6f1f3a4b5c6d';

const group = (alias: string, hostname: string): PairGroup => ({
  name: alias,
  pairs: primaryPairs('mysql/master/', alias, { hostname, port: 3306 }).map(([key, value]) => ({ key, value })),
});

async function storeOn(registry: Registry, more: Partial<Config> = {}): Promise<KeyValueStore> {
  const places = {
    consul: { ConsulAddress: registry.address },
    etcd: { EtcdEndpoints: [`http://${registry.address}/`] },
    zookeeper: { ZkAddress: `localhost:1,${registry.address}` },
  };
  const [store] = await storesFrom({ ...defaultConfig(), ...places[registry.kind], ...more });
  assert(store !== undefined);
  return store;
}

interface Entry {
  readonly value: string;
  /** Of the last write. */
  readonly revision: string;
}

/** Read without our own code. */
async function readFrom(registry: Registry, key: string, query = ''): Promise<Entry | undefined> {
  if (registry.kind === 'consul') {
    const headers = { 'x-consul-token': TOKEN };
    const answer = await fetch(`http://${registry.address}/v1/kv/${encodeURI(key)}${query}`, { headers });
    if (answer.status !== 200) return undefined;
    const [found] = (await answer.json()) as { Value: string | null; ModifyIndex: number }[];
    const value = Buffer.from(found?.Value ?? '', 'base64').toString();
    return { value, revision: String(found?.ModifyIndex) };
  }
  if (registry.kind === 'zookeeper') return nodeIn(registry, `/${key}`);
  const body = JSON.stringify({ key: Buffer.from(key).toString('base64') });
  const answer = await fetch(`http://${registry.address}/v3/kv/range`, { method: 'POST', body });
  const [found] = ((await answer.json()) as { kvs?: { value?: string; mod_revision: string }[] }).kvs ?? [];
  if (found === undefined) return undefined;
  return { value: Buffer.from(found.value ?? '', 'base64').toString(), revision: found.mod_revision };
}

/** Its version, and the transaction that wrote it last. */
async function nodeIn(registry: Registry, path: string): Promise<Entry | undefined> {
  const client = zookeeper.createClient(registry.address, { sessionTimeout: 4_000 });
  client.connect();
  try {
    return await promisify<Entry | undefined>((done) =>
      client.getData(path, (error, data: Buffer | undefined, stat) => {
        if (error?.name === 'NO_NODE') done(null, undefined);
        else done(error, { value: data?.toString() ?? '', revision: stat?.mzxid.toString('hex') ?? '' });
      }),
    )();
  } finally {
    client.close();
  }
}

const PUT_NODE = `
  const client = require('node-zookeeper-client').createClient(process.argv[1]);
  const [path, data] = [process.argv[2], Buffer.from(process.argv[3])];
  const ended = (err) => process.exit(err ? 1 : 0);
  client.connect();
  client.exists(path, (err, stat) => {
    if (err) ended(err);
    else if (stat) client.setData(path, data, -1, ended);
    else client.create(path, data, ended);
  });`;

/** ZooKeeper's first session is its slowest: it is had without a limit. */
async function answers(registry: Registry): Promise<void> {
  if (registry.kind === 'zookeeper') await nodeIn(registry, '/');
}

/** The first time only: while it works, no session of this process is kept alive. */
function once(work: () => void): () => void {
  let done = false;
  return () => {
    if (!done) work();
    done = true;
  };
}

/** Done when it returns: between what a store reads and what it writes then. */
function putNow(registry: Registry, key: string, value: string): void {
  if (registry.kind === 'zookeeper') {
    assert.equal(spawnSync(process.execPath, ['-e', PUT_NODE, registry.address, `/${key}`, value]).status, 0);
    return;
  }
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const [path, options] =
    registry.kind === 'consul'
      ? [`/v1/kv/${encodeURI(key)}`, { method: 'PUT', body: value }]
      : ['/v3/kv/put', { method: 'POST', body: JSON.stringify({ key: base64(key), value: base64(value) }) }];
  const call = `fetch(${JSON.stringify(`http://${registry.address}${path}`)}, ${JSON.stringify(options)})`;
  const { status } = spawnSync(process.execPath, ['-e', `${call}.then((a) => process.exit(a.ok ? 0 : 1))`]);
  assert.equal(status, 0);
}

function requireProgram(context: Mocha.Context, kind: RegistryKind): void {
  if (registryProgram(kind) !== undefined) return;
  assert.ok(!process.env.CI, `${kind} must be there under CI`);
  console.log(`SKIPPED: no ${kind} on this machine`);
  context.skip();
}

const VARIANTS: readonly (readonly [title: string, kind: RegistryKind, more: Partial<Config>, atomic: boolean])[] = [
  ['Consul, one by one', 'consul', {}, false],
  ['Consul, in transactions', 'consul', { ConsulKVStoreProvider: 'consul-txn' }, true],
  ['etcd', 'etcd', {}, true],
  ['ZooKeeper', 'zookeeper', {}, true],
];

for (const kind of ['consul', 'etcd', 'zookeeper'] as const)
  describe(`publishing in a real ${kind}`, () => {
    let registry: Registry;

    before(async function () {
      requireProgram(this, kind);
      registry = await Registry.start(kind);
      await answers(registry);
    });
    after(() => registry?.remove());

    for (const [title, , more, atomic] of VARIANTS.filter(([, of]) => of === kind))
      describe(title, () => {
        const alias = `shop ${title}/ö`; // as an operator may call it
        const names = ['', '/hostname', '/port', '/ipv4', '/ipv6'].map((end) => `mysql/master/${alias}${end}`);
        let store: KeyValueStore;
        before(async () => {
          store = await storeOn(registry, more);
        });
        after(() => store?.close());
        const values = async () => Promise.all(names.map(async (name) => (await readFrom(registry, name))?.value));
        const revisions = async () =>
          Promise.all(names.map(async (name) => (await readFrom(registry, name))?.revision));

        it('writes all pairs, and nothing that is so already', async () => {
          await store.write([group(alias, 'db1')], yes, NEVER);
          assert.deepEqual(await values(), ['db1:3306', 'db1', '3306', '', '']);
          const before = await revisions();
          if (atomic) assert.equal(new Set(before).size, 1, 'written together');
          await store.write([group(alias, 'db1')], yes, NEVER);
          assert.deepEqual(await revisions(), before);
          await store.write([group(alias, 'db2')], yes, NEVER);
          assert.deepEqual(await values(), ['db2:3306', 'db2', '3306', '', '']);
          const changed = (await revisions()).map((revision, at) => revision !== before[at]);
          assert.deepEqual(changed, [true, true, false, false, false]);
        });

        it('does not overwrite what somebody wrote into what it had made', async () => {
          const name = `fresh ${title}`;
          const [first = ''] = group(name, 'db1').pairs.map(({ key }) => key);
          await store.write([group(name, 'db1')], yes, NEVER);
          const another = once(() => putNow(registry, first, 'other:1'));
          await assert.rejects(store.write([group(name, 'db2')], another, NEVER), /somebody else wrote/);
          assert.equal((await readFrom(registry, first))?.value, 'other:1');
          const taken = group(`taken ${title}`, 'db1');
          const sooner = once(() => putNow(registry, taken.pairs[0]?.key ?? '', 'other:2'));
          await assert.rejects(store.write([taken], sooner, NEVER), /somebody else wrote/);
          assert.equal((await readFrom(registry, taken.pairs[0]?.key ?? ''))?.value, 'other:2');
        });

        it('leaves neighbours whose names begin alike', async () => {
          putNow(registry, `mysql/master/${alias}er`, 'kept');
          await store.write([group(alias, 'db3')], yes, NEVER);
          assert.equal((await readFrom(registry, `mysql/master/${alias}er`))?.value, 'kept');
        });

        it('does not overwrite what somebody wrote after it had looked, and nothing once it may not', async () => {
          await store.write([group(alias, 'db4')], yes, NEVER);
          const another = once(() => putNow(registry, names[0] ?? '', 'other:1'));
          await assert.rejects(
            store.write([group(alias, 'db5')], another, NEVER),
            /somebody else wrote at the same moment/,
          );
          assert.equal((await values())[0], 'other:1');
          const lost = () => {
            throw new Error('another node leads');
          };
          const held = await values();
          await assert.rejects(store.write([group(alias, 'db6')], lost, NEVER), /another node leads/);
          assert.deepEqual(await values(), held);
          await store.write([group(alias, 'db7')], yes, NEVER);
          assert.deepEqual(await values(), ['db7:3306', 'db7', '3306', '', '']);
        });
      });

    it('says that it is not there, within the time it is given, and works again when it is back', async () => {
      const store = await storeOn(registry);
      await registry.kill();
      await assert.rejects(store.write([group('back', 'db1')], yes, NEVER), { code: 'UNAVAILABLE' });
      await registry.start();
      await answers(registry);
      await store.write([group('back', 'db1')], yes, NEVER);
      assert.equal((await readFrom(registry, 'mysql/master/back'))?.value, 'db1:3306');
      await store.close();
    });
  });

describe('publishing in Consul as it is run in production', () => {
  let near: Registry;
  let far: Registry;

  before(async function () {
    requireProgram(this, 'consul');
    near = await Registry.start('consul');
    const members = await (await fetch(`http://${near.address}/v1/agent/members?wan=1`)).json();
    const [{ Port }] = members as [{ readonly Port: number }];
    far = await Registry.start('consul', ['-datacenter=far', `-retry-join-wan=127.0.0.1:${Port}`]);
    await until('they know each other', async () => {
      const known = await fetch(`http://${near.address}/v1/kv/?keys&dc=far`);
      return known.status === 200 || known.status === 404;
    });
  });
  after(() => Promise.all([near?.remove(), far?.remove()]));

  it('writes in every data centre, and in the others while one is gone', async () => {
    const store = await storeOn(near, { ConsulCrossDataCenterDistribution: true, ConsulKVStoreProvider: 'consul_txn' });
    const at = async (name: string) => [
      (await readFrom(near, name))?.value,
      (await readFrom(near, name, '?dc=far').catch(() => undefined))?.value,
    ];
    await store.write([group('a', 'db1'), group('b', 'db2')], yes, NEVER);
    assert.deepEqual(await at('mysql/master/a'), ['db1:3306', 'db1:3306']);
    assert.deepEqual(await at('mysql/master/b/hostname'), ['db2', 'db2']);
    const revision = (await readFrom(near, 'mysql/master/a', '?dc=far'))?.revision;
    await store.write([group('a', 'db1')], yes, NEVER);
    assert.equal((await readFrom(near, 'mysql/master/a', '?dc=far'))?.revision, revision);
    await far.kill();
    await assert.rejects(
      store.write([group('a', 'db9')], yes, AbortSignal.timeout(30_000)),
      (err: Error) => /data centre far/.test(err.message) || err.name === 'TimeoutError',
    );
    assert.equal((await readFrom(near, 'mysql/master/a'))?.value, 'db9:3306');
    await store.close();
  });

  it('puts as many clusters into a transaction as may be, and never tears one apart', async () => {
    const most = { ConsulKVStoreProvider: 'consul-txn', ConsulMaxKVsPerTransaction: 12 };
    const store = await storeOn(near, most);
    await store.write(
      ['t1', 't2', 't3'].map((alias) => group(alias, 'db1')),
      yes,
      NEVER,
    );
    const revisions = await Promise.all(
      ['t1', 't1/port', 't2', 't2/ipv6', 't3', 't3/hostname'].map(
        async (name) => (await readFrom(near, `mysql/master/${name}`))?.revision,
      ),
    );
    const [first, , , , last] = revisions;
    assert.deepEqual(revisions, [first, first, first, first, last, last]);
    assert.notEqual(first, last);
    await store.close();
  });

  it('sends its token, which no error shows', async () => {
    const rules = `acl { enabled = true default_policy = "deny" tokens { master = "${TOKEN}" agent = "${TOKEN}" } }`;
    const registry = await Registry.start('consul', ['-hcl', rules]);
    try {
      const wrong = 'de6b9a52-0000-4000-8000-000000000000';
      const denied = await storeOn(registry, { ConsulAclToken: wrong });
      await assert.rejects(
        denied.write([group('a', 'db1')], yes, NEVER),
        (err: Error) => /403/.test(err.message) && !err.message.includes(wrong),
      );
      const store = await storeOn(registry, { ConsulAclToken: TOKEN });
      await until('the token counts', async () => {
        await store.write([group('a', 'db1')], yes, NEVER);
        return (await readFrom(registry, 'mysql/master/a'))?.value === 'db1:3306';
      });
      await Promise.all([denied.close(), store.close()]);
    } finally {
      await registry.remove();
    }
  });
});

describe('publishing in ZooKeeper', () => {
  let registry: Registry;
  before(async function () {
    requireProgram(this, 'zookeeper');
    registry = await Registry.start('zookeeper');
    await answers(registry);
  });
  after(() => registry?.remove());

  it('gives each key one slash in front, and makes what is above it', async () => {
    const store = await storeOn(registry);
    const pairs = [{ key: '//deep/below/key', value: 'ä' }];
    await store.write([{ name: 'deep', pairs }], yes, NEVER);
    assert.equal((await nodeIn(registry, '/deep/below/key'))?.value, 'ä');
  });

  it('writes the others where the name of one cluster cannot be that of a node', async () => {
    const store = await storeOn(registry);
    const odd = ['a/', 'b/../c', 'd\u0001', '.'].map((name) => group(name, 'db1'));
    await assert.rejects(store.write([...odd, group('fine', 'db1')], yes, NEVER), (err: Error) => {
      assert.equal(err.message.match(/cannot be the name of a node/g)?.length, odd.length, err.message);
      return true;
    });
    assert.equal((await nodeIn(registry, '/mysql/master/fine'))?.value, 'db1:3306');
  });

  it('is not held up by a server of the ensemble that takes connections and says nothing', async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    const alone = new ZooKeeperStore({ servers: `127.0.0.1:${port}`, clock: systemClock });
    const given = assert.rejects(alone.write([group('ensemble', 'db')], yes, NEVER), { code: 'UNAVAILABLE' });
    await new Promise((resolve) => silent.once('connection', resolve));
    collectGarbage(); // which may not take the limit along
    await given;
    const store = new ZooKeeperStore({ servers: `127.0.0.1:${port},${registry.address}`, clock: systemClock });
    let failures = 0;
    while (failures < 20) {
      const failed = await store.write([group('ensemble', `db${failures}`)], yes, NEVER).then(
        () => false,
        () => true,
      );
      if (!failed) break;
      failures += 1;
    }
    assert.equal((await nodeIn(registry, '/mysql/master/ensemble'))?.value, `db${failures}:3306`);
    silent.close();
  });

  it('ends when something else answers there, and leaves no session behind', async () => {
    const stranger = createServer((socket) =>
      socket.on('data', () => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')),
    );
    await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
    const { port } = stranger.address() as AddressInfo;
    const store = new ZooKeeperStore({ servers: `127.0.0.1:${port}`, clock: systemClock });
    await assert.rejects(store.write([group('a', 'db1')], yes, AbortSignal.timeout(300)), {
      code: 'UNAVAILABLE',
      message: 'connecting: it does not answer',
    });
    const connections = promisify((done: (err: Error | null, count: number) => void) => stranger.getConnections(done));
    await until('nothing holds it any more', async () => (await connections()) === 0);
    stranger.close();
  });
});
