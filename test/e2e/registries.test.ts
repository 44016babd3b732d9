import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatAddress, parseAddress } from '../../internal/raft/address.ts';
import { type Anchor, anchorFor } from '../../internal/raft/discovery/anchor.ts';
import type { Finder } from '../../internal/raft/discovery/finder.ts';
import { finderFor } from '../../internal/raft/discovery/finder-for.ts';
import { type FinderSettings, readFinderSettings } from '../../internal/raft/discovery/settings.ts';
import { systemClock } from '../../internal/runtime/clock.ts';
import { OrchestratorError } from '../../internal/runtime/errors.ts';
import { Registry, type RegistryKind, registryProgram } from '../../scripts/sandbox/registry.ts';
import { Authority } from '../support/certificates.ts';
import { freePort, until } from '../support/daemon.ts';
import { DaemonGroup } from '../support/daemon-group.ts';

const NEVER = new AbortController().signal;
const folder = mkdtempSync(join(tmpdir(), 'registries-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function settings(registry: Registry, more: Readonly<Record<string, unknown>> = {}): FinderSettings {
  const place =
    registry.kind === 'consul' ? { Address: registry.address } : { Endpoints: [`http://${registry.address}`] };
  const given = { Type: registry.kind, ServiceName: 'managers', ...place, ...more };
  const read = readFinderSettings(given, { defaultPort: 10_008, env: {} });
  assert(read !== undefined);
  return read;
}

function address(text: string) {
  return parseAddress(text, 'a test', 10_008);
}

function newFinder(self: string, read: FinderSettings): Promise<Finder> {
  return finderFor(read, { self: address(self), namesChecked: false, clock: systemClock });
}

async function found(finder: Finder): Promise<string> {
  return (await finder.find(NEVER)).addresses.map(formatAddress).toSorted().join();
}

const unknown = (because: RegExp) => (err: unknown) =>
  err instanceof OrchestratorError && err.code === 'UNAVAILABLE' && because.test(err.message);

function requireProgram(context: Mocha.Context, kind: RegistryKind): void {
  if (registryProgram(kind) !== undefined) return;
  assert.ok(!process.env.CI, `${kind} must be there under CI`);
  console.log(`SKIPPED: no ${kind} on this machine`);
  context.skip();
}

for (const kind of ['consul', 'etcd'] as const)
  describe(`finding nodes by a real ${kind}`, () => {
    let registry: Registry;

    before(async function () {
      requireProgram(this, kind);
      registry = await Registry.start(kind);
    });
    after(() => registry?.remove());

    it('finds each node from when it registers to when it is released', async () => {
      const [one, two] = await Promise.all(['10.0.0.1', 'fd00::2'].map((self) => newFinder(self, settings(registry))));
      assert(one?.register !== undefined && two?.register !== undefined);
      assert.equal(await found(one), '');
      await one.register(address('10.0.0.1'), NEVER);
      await two.register(address('fd00::2'), NEVER);
      await one.register(address('10.0.0.1'), NEVER);
      const both = '10.0.0.1:10008,[fd00::2]:10008';
      assert.deepEqual([await found(one), await found(two)], [both, both]);
      await one.release?.(NEVER);
      assert.equal(await found(two), '[fd00::2]:10008');
      await two.release?.(NEVER);
    });

    it('keeps services of another name apart', async () => {
      const ours = await newFinder('10.0.0.1', settings(registry));
      const theirs = await newFinder('10.0.0.9', settings(registry, { ServiceName: 'managers-2' }));
      await ours.register?.(address('10.0.0.1'), NEVER);
      await theirs.register?.(address('10.0.0.9'), NEVER);
      assert.equal(await found(ours), '10.0.0.1:10008');
      await Promise.all([ours, theirs].map((finder) => finder.release?.(NEVER)));
    });

    it('knows nothing while the service is gone, and registers again when it is back', async () => {
      const own = await Registry.start(kind);
      const finder = await newFinder('10.0.0.1', settings(own));
      try {
        await finder.register?.(address('10.0.0.1'), NEVER);
        await own.kill();
        await assert.rejects(finder.find(NEVER), unknown(/does not answer/));
        await own.start();
        await until('it is found again', async () => {
          await finder.register?.(address('10.0.0.1'), NEVER);
          return (await found(finder)) === '10.0.0.1:10008';
        });
        await finder.release?.(NEVER);
      } finally {
        await own.remove();
      }
    });

    it('lets one group have the name, however many claim it at once', async () => {
      const anchors = Array.from({ length: 5 }, () => anchorFor(settings(registry), 'orders'));
      assert(anchors.every((anchor): anchor is Anchor => anchor !== undefined));
      const claims = await Promise.all(anchors.map((anchor, at) => anchor.claim(`group-${at}`, NEVER)));
      const winner = claims.findIndex((claim) => claim.kind === 'ours');
      assert.equal(claims.filter((claim) => claim.kind === 'ours').length, 1);
      for (const claim of claims)
        if (claim.kind === 'taken') {
          assert.equal(claim.by, `group-${winner}`);
          assert.match(claim.where, /^the key \S*managers\S*orders\S* in (Consul|etcd)$/);
        }
      assert.deepEqual(await anchors[0]?.claim(`group-${winner}`, NEVER), { kind: 'ours' });
      const other = anchorFor(settings(registry), 'stock');
      assert.deepEqual(await other?.claim('group-x', NEVER), { kind: 'ours' });
      await Promise.all([...anchors, other].map((anchor) => anchor?.close()));
    });
  });

describe('Consul as it is run in production', () => {
  let registry: Registry;
  const tokenFile = join(folder, 'token');
  const MASTER = '0d0c1a30-5f5f-4f0c-9a37-6f1f3a4b5c6d';

  before(async function () {
    requireProgram(this, 'consul');
    const rules = `acl { enabled = true default_policy = "deny" tokens { master = "${MASTER}" agent = "${MASTER}" } }`;
    registry = await Registry.start('consul', ['-hcl', rules]);
  });
  after(() => registry?.remove());

  it('asks for a token, which may be exchanged', async () => {
    writeFileSync(tokenFile, 'de6b9a52-0000-0000-0000-000000000000\n');
    const finder = await newFinder('10.0.0.1', settings(registry, { TokenFile: tokenFile }));
    await assert.rejects(
      finder.find(NEVER),
      (err) =>
        unknown(/Consul, asked for managers, answers 403: ACL not found/)(err) && !String(err).includes('de6b9a52'),
    );
    writeFileSync(tokenFile, `${MASTER}\n`);
    await until('the token counts', async () => {
      await finder.register?.(address('10.0.0.1'), NEVER);
      return (await found(finder)) === '10.0.0.1:10008';
    });
    await finder.release?.(NEVER);
  });

  it('lists nodes whatever their health, of all named data centres, and says which one has no answer', async () => {
    writeFileSync(tokenFile, MASTER);
    const port = await freePort();
    const node = createServer().listen(port, '127.0.0.1');
    const self = `127.0.0.1:${port}`;
    const more = { TokenFile: tokenFile, Datacenters: ['dc1', 'dc9'], CheckIntervalSeconds: 1 };
    const finder = await newFinder(self, settings(registry, more));
    const health = async () => {
      const answer = await fetch(`http://${registry.address}/v1/health/checks/managers`, {
        headers: { 'x-consul-token': MASTER },
      });
      const [check] = (await answer.json()) as { readonly Status: string }[];
      return check?.Status;
    };
    await until('it is registered', async () => {
      await finder.register?.(address(self), NEVER);
      return true;
    });
    await until('the check has met the node', async () => (await health()) === 'passing');
    await finder.register?.(address(self), NEVER);
    assert.equal(await health(), 'passing', 'registering again must not make it critical');
    await new Promise((resolve) => node.close(resolve));
    await until('the check misses the node', async () => (await health()) === 'critical');
    const { addresses, problems } = await finder.find(NEVER);
    assert.deepEqual(addresses.map(formatAddress), [self]);
    assert.equal(problems.length, 1);
    assert.match(problems[0] ?? '', /asked for managers in dc9, answers 500/);
    await finder.release?.(NEVER);
  });

  it('leaves the registration to others where it is told to', async () => {
    writeFileSync(tokenFile, MASTER);
    const finder = await newFinder('10.0.0.1', settings(registry, { TokenFile: tokenFile, RegisterSelf: false }));
    await finder.register?.(address('10.0.0.1'), NEVER);
    assert.equal(await found(finder), '');
    await finder.release?.(NEVER);
  });
});

describe('etcd as it is run in production', () => {
  before(function () {
    requireProgram(this, 'etcd');
  });

  it('speaks TLS with certificates on both sides, at whichever endpoint answers', async () => {
    const authority = new Authority(folder, 'ca');
    const server = authority.issue('etcd', 'IP:127.0.0.1');
    const client = authority.issue('client', 'DNS:manager');
    const port = await freePort();
    const registry = await Registry.start('etcd', [
      ...['--listen-client-urls', `https://127.0.0.1:${port}`, '--advertise-client-urls', `https://127.0.0.1:${port}`],
      ...['--cert-file', server.certFile, '--key-file', server.keyFile],
      ...['--trusted-ca-file', authority.self.certFile, '--client-cert-auth'],
    ]);
    try {
      const endpoints = { Endpoints: [`https://127.0.0.1:${await freePort()}`, `https://127.0.0.1:${port}`] };
      const trust = { CAFile: authority.self.certFile };
      const keys = { CertFile: client.certFile, PrivateKeyFile: client.keyFile };
      const [bare, blind, whole] = await Promise.all(
        [
          { ...endpoints, ...trust },
          { ...endpoints, ...keys },
          { ...endpoints, ...trust, ...keys },
        ].map((more) => newFinder('10.0.0.1', settings(registry, more))),
      );
      assert(bare !== undefined && blind !== undefined && whole !== undefined);
      await assert.rejects(bare.find(NEVER), unknown(/does not answer/));
      await assert.rejects(blind.find(NEVER), unknown(/certificate/));
      await whole.register?.(address('10.0.0.1'), NEVER);
      assert.equal(await found(whole), '10.0.0.1:10008');
      await Promise.all([bare, blind, whole].map((finder) => finder.release?.(NEVER)));
    } finally {
      await registry.remove();
    }
  });

  it('asks for a login, and again once its token has run out', async () => {
    const registry = await Registry.start('etcd', ['--auth-token-ttl', '2']);
    const userFile = join(folder, 'user');
    const post = async (path: string, body: object) => {
      const answer = await fetch(`http://${registry.address}${path}`, { method: 'POST', body: JSON.stringify(body) });
      assert.equal(answer.status, 200, path);
    };
    try {
      await post('/v3/auth/user/add', { name: 'root', password: 'first:secret' });
      await post('/v3/auth/role/add', { name: 'root' });
      await post('/v3/auth/user/grant', { user: 'root', role: 'root' });
      await post('/v3/auth/enable', {});
      writeFileSync(userFile, 'root:wrong\n');
      const finder = await newFinder('10.0.0.1', settings(registry, { UserFile: userFile }));
      await assert.rejects(
        finder.find(NEVER),
        (err) => unknown(/login of root, answers 400: .*authentication failed/)(err) && !String(err).includes('wrong'),
      );
      writeFileSync(userFile, 'root:first:secret\n');
      await finder.register?.(address('10.0.0.1'), NEVER);
      assert.equal(await found(finder), '10.0.0.1:10008');
      await registry.kill(); // simple tokens live in the memory of the server
      await registry.start();
      assert.equal(await found(finder), '10.0.0.1:10008');
      await finder.release?.(NEVER);
    } finally {
      await registry.remove();
    }
  });

  it('brings three daemons together that know nothing of each other', async () => {
    const registry = await Registry.start('etcd');
    let group: DaemonGroup | undefined;
    try {
      const discovery = { Type: 'etcd', ServiceName: 'managers', Endpoints: [`http://${registry.address}`] };
      const config = { RaftNodes: [], RaftDiscovery: discovery, RaftBootstrapExpect: 3, RaftClusterName: 'orders' };
      group = await DaemonGroup.start({ seeds: [], config });
      const { daemons } = group;
      const ids = () =>
        daemons.map(
          ({ directory }) => JSON.parse(readFileSync(join(directory, 'raft/identity.json'), 'utf8')).clusterId,
        );
      await until('all are of one group', async () => ids().every((id) => id !== null && id === ids()[0]));
      const [founded] = ids();
      const anchor = anchorFor(settings(registry), 'orders');
      const claim = await anchor?.claim('another', NEVER);
      await anchor?.close();
      assert(claim?.kind === 'taken');
      assert.equal(claim.by, founded);

      await registry.kill(); // needed for nothing once there is a group (F-22)
      const [lost] = daemons;
      await lost?.kill();
      await lost?.launch();
      await until('one of them leads', async () => (await group?.leaders())?.length === 1);
      assert.deepEqual(ids(), [founded, founded, founded]);
    } finally {
      await group?.stop();
      await registry.remove();
    }
  });

  it('forgets a node that died once its lease is over, and one that lives never', async () => {
    const registry = await Registry.start('etcd');
    let nowMs = 0;
    const clock = { ...systemClock, monotonicMs: () => nowMs };
    try {
      const read = settings(registry);
      const finder = await finderFor(read, { self: address('10.0.0.1'), namesChecked: false, clock });
      await finder.register?.(address('10.0.0.1'), NEVER);
      const leases = async (path: string, body: object) => {
        const answer = await fetch(`http://${registry.address}/v3/lease/${path}`, {
          method: 'POST',
          body: JSON.stringify(body),
        });
        return (await answer.json()) as { readonly leases?: readonly { readonly ID: string }[]; readonly TTL?: string };
      };
      const id = (await leases('leases', {})).leases?.[0]?.ID;
      const remaining = async () => Number((await leases('timetolive', { ID: id })).TTL);
      await until('some of the lease is used up', async () => (await remaining()) < 59);
      await until('it is renewed', async () => {
        nowMs += 20_000;
        await finder.register?.(address('10.0.0.1'), NEVER);
        return (await remaining()) >= 59;
      });
      await leases('revoke', { ID: id }); // as if it had run out
      assert.equal(await found(finder), '');
      nowMs += 20_000;
      await finder.register?.(address('10.0.0.1'), NEVER);
      assert.equal(await found(finder), '10.0.0.1:10008');
      await finder.release?.(NEVER);
    } finally {
      await registry.remove();
    }
  });
});
