import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatAddress } from '../../../../internal/raft/address.ts';
import { KubernetesFinder } from '../../../../internal/raft/discovery/kubernetes.ts';
import { OrchestratorError } from '../../../../internal/runtime/errors.ts';
import { ApiServer } from '../../../support/api-server.ts';
import { until } from '../../../support/daemon.ts';

const NEVER = new AbortController().signal;

describe('finding nodes by the Kubernetes API', () => {
  const folder = mkdtempSync(join(tmpdir(), 'finder-'));
  const tokenFile = join(folder, 'token');
  const namespaceFile = join(folder, 'namespace');
  writeFileSync(namespaceFile, 'db\n');
  let server: ApiServer;
  let finder: KubernetesFinder;

  function newFinder(byName = false): KubernetesFinder {
    const access = { apiServer: server.origin, namespace: '', namespaceFile, tokenFile, caFile: '' };
    return new KubernetesFinder({ ...access, labelSelector: 'app=manager', portName: 'raft', byName });
  }

  beforeEach(async () => {
    server = await ApiServer.start();
    writeFileSync(tokenFile, 'first\n');
    server.set('manager-0', { ip: '10.0.0.1' });
    finder = newFinder();
  });
  afterEach(async () => {
    await finder.release();
    await server.stop();
  });
  after(() => rmSync(folder, { recursive: true }));

  const found = async () => (await finder.find(NEVER)).addresses.map(formatAddress).toSorted();
  const watching = () => until('the pods are watched', async () => server.watches === 1);
  const becomes = (...expected: readonly string[]) =>
    until(`found are ${expected}`, async () => (await found()).join() === expected.join());
  const lists = () => server.asked.filter((line) => line.startsWith('list')).length;

  it('finds pods of the label that have an address, ready or not', async () => {
    server.set('manager-1', { ip: '10.0.0.2', ready: false, port: 7 });
    server.set('manager-2', { ip: 'fd00::3' });
    server.set('starting', { phase: 'Pending' });
    server.set('leaving', { ip: '10.0.0.4', leaving: true });
    server.set('done', { ip: '10.0.0.5', phase: 'Succeeded' });
    server.set('evicted', { ip: '10.0.0.6', phase: 'Failed' });
    server.set('other', { ip: '10.0.0.7', labels: { app: 'database' } });
    assert.deepEqual(await found(), ['10.0.0.1:10008', '10.0.0.2:7', '[fd00::3]:10008']);
  });

  it('says which pods lack the port', async () => {
    server.set('manager-1', { ip: '10.0.0.2', portName: 'peer' });
    assert.deepEqual((await finder.find(NEVER)).problems, ['pod manager-1 has no container port named raft']);
  });

  it('dials pods by the names of their headless service where certificates are compared with names', async () => {
    finder = newFinder(true);
    server.set('manager-0', { ip: '10.0.0.1', subdomain: 'managers' });
    server.set('manager-1', { ip: '10.0.0.2' });
    assert.deepEqual(await found(), ['10.0.0.2:10008', 'manager-0.managers.db.svc:10008']);
  });

  it('lists once and hears of changes by a watch', async () => {
    await found();
    await watching();
    const change = finder.changed(AbortSignal.timeout(30_000));
    server.set('manager-1', { ip: '10.0.0.2' });
    await change;
    assert.deepEqual(await found(), ['10.0.0.1:10008', '10.0.0.2:10008']);
    server.set('manager-1', { ip: '10.0.0.3' });
    await becomes('10.0.0.1:10008', '10.0.0.3:10008');
    server.set('manager-0', { ip: '10.0.0.1', leaving: true });
    await becomes('10.0.0.3:10008');
    server.remove('manager-0');
    server.set('manager-1', { ip: '10.0.0.3', ready: false });
    await becomes('10.0.0.3:10008');
    assert.equal(lists(), 1);
  });

  it('goes on from the last version that it heard of, bookmarks included', async () => {
    await found();
    await watching();
    server.bookmark();
    const last = () => server.asked.at(-1);
    server.set('manager-1', { ip: '10.0.0.2' });
    await becomes('10.0.0.1:10008', '10.0.0.2:10008');
    server.bookmark();
    server.compact(false);
    await until('the bookmark was heard', async () => {
      server.endWatches();
      return last() === 'watch pods 122 first';
    });
    await watching();
    server.set('manager-2', { ip: '10.0.0.3' });
    await becomes('10.0.0.1:10008', '10.0.0.2:10008', '10.0.0.3:10008');
    assert.equal(lists(), 1);
  });

  const BREAKS: readonly { readonly title: string; readonly happens: () => void }[] = [
    { title: 'the stream says that its version is gone', happens: () => server.compact(true) },
    {
      title: 'the version is refused with 410',
      happens: () => {
        server.bookmark();
        server.endWatches();
        server.compact(false);
        server.bookmark();
        server.compact(false);
      },
    },
    { title: 'the connection breaks', happens: () => server.breakWatches() },
    { title: 'something comes that is no event', happens: () => server.babble('{"type":"ADDED","object":{}}\n') },
    { title: 'something comes that is no JSON', happens: () => server.babble('<html>\n') },
    { title: 'a line does not end', happens: () => server.babble('x'.repeat(2 ** 20 + 1)) },
  ];
  for (const { title, happens } of BREAKS)
    it(`lists anew and watches again when ${title}`, async () => {
      await found();
      await watching();
      happens();
      server.set('manager-1', { ip: '10.0.0.2' });
      await becomes('10.0.0.1:10008', '10.0.0.2:10008');
      await watching();
      server.set('manager-2', { ip: '10.0.0.3' });
      await becomes('10.0.0.1:10008', '10.0.0.2:10008', '10.0.0.3:10008');
    });

  it('knows nothing while it may not list, and says why', async () => {
    server.forbidden.add('list');
    await assert.rejects(
      finder.find(NEVER),
      (err) =>
        err instanceof OrchestratorError &&
        err.code === 'UNAVAILABLE' &&
        /listing pods by "app=manager" answers 403: .*cannot list resource/.test(err.message),
    );
    server.forbidden.clear();
    assert.deepEqual(await found(), ['10.0.0.1:10008']);
  });

  it('lists at intervals where it may not watch, and says so', async () => {
    server.forbidden.add('watch');
    await found();
    const [over, calls] = [new AbortController(), [] as string[]];
    const changed = finder.changed(over.signal).then(() => calls.push('look again at once'));
    await until('it says that it may not', async () =>
      /not watched: .*403/.test((await finder.find(NEVER)).problems.join()),
    );
    assert.deepEqual(calls, []);
    over.abort();
    await changed;
    server.set('manager-1', { ip: '10.0.0.2' });
    await becomes('10.0.0.1:10008', '10.0.0.2:10008');
    server.forbidden.clear();
    await until('it is forgotten once it may', async () => (await finder.find(NEVER)).problems.length === 0);
  });

  it('takes the token from the file as it is then', async () => {
    await found();
    await watching();
    server.tokens = ['second'];
    server.breakWatches();
    await until('the old token is refused', async () =>
      finder.find(NEVER).then(
        () => false,
        (err) => /401/.test(err.message),
      ),
    );
    writeFileSync(tokenFile, 'second\n');
    await becomes('10.0.0.1:10008');
    assert(server.asked.at(-1)?.endsWith('second'));
  });

  it('ends its watch when it is released', async () => {
    await found();
    await watching();
    await finder.release();
    await until('nobody watches', async () => server.watches === 0);
  });
});
