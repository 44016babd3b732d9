import assert from 'node:assert/strict';
import { type Anchor, anchorFor } from '../../../../internal/raft/discovery/anchor.ts';
import { type FinderSettings, readFinderSettings } from '../../../../internal/raft/discovery/settings.ts';
import { OrchestratorError } from '../../../../internal/runtime/errors.ts';
import { ApiServer } from '../../../support/api-server.ts';

const NEVER = new AbortController().signal;

function read(given: Readonly<Record<string, unknown>>): FinderSettings {
  const settings = readFinderSettings(given, { defaultPort: 10_008, env: {} });
  assert(settings !== undefined);
  return settings;
}

describe('the record that says which group has the name, in Kubernetes', () => {
  let server: ApiServer;
  let anchor: Anchor;
  beforeEach(async () => {
    server = await ApiServer.start();
    server.tokens = ['-'];
    const made = anchorFor(
      read({ Type: 'kubernetes', ApiServer: server.origin, Namespace: 'db', LabelSelector: 'app=manager' }),
      'Orders EU',
    );
    assert(made !== undefined);
    anchor = made;
  });
  afterEach(async () => {
    await anchor.close();
    await server.stop();
  });

  it('is a Lease whose holder is the group, made once', async () => {
    assert.deepEqual(await anchor.claim('group-1', NEVER), { kind: 'ours' });
    assert.deepEqual(await anchor.claim('group-1', NEVER), { kind: 'ours' });
    assert.deepEqual(await anchor.claim('group-2', NEVER), {
      kind: 'taken',
      by: 'group-1',
      where: 'the Lease orders-eu',
    });
    assert.deepEqual([...server.leases.keys()], ['orders-eu']);
  });

  const unknown = (because: RegExp) => (err: unknown) =>
    err instanceof OrchestratorError && err.code === 'UNAVAILABLE' && because.test(err.message);

  it('is unknown where the right to make or to read it is missing', async () => {
    server.forbidden.add('create');
    await assert.rejects(anchor.claim('group-1', NEVER), unknown(/creating the Lease orders-eu answers 403/));
    server.forbidden.clear();
    await anchor.claim('group-1', NEVER);
    server.forbidden.add('get');
    await assert.rejects(anchor.claim('group-1', NEVER), unknown(/reading the Lease orders-eu answers 403/));
  });

  it('is unknown where somebody else has made something of that name', async () => {
    server.leases.set('orders-eu', { metadata: { name: 'orders-eu' }, spec: {} });
    await assert.rejects(
      anchor.claim('group-1', NEVER),
      unknown(/the Lease orders-eu exists but holds the id of no group/),
    );
  });

  it('is not to be had from a file or a name service', () =>
    assert.equal(anchorFor(read({ Type: 'file', Path: '/x' }), 'orders'), undefined));
});
