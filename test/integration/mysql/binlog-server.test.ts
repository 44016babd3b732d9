// A binlog server whose source is dead, over a real socket; the double of one plays it.

import assert from 'node:assert/strict';
import type { Executor } from '../../../internal/mysql/change-lock.ts';
import { MysqlServers } from '../../../internal/mysql/servers.ts';
import { systemClock } from '../../../internal/runtime/clock.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import { isBinlogServer } from '../../../internal/topology/instance.ts';
import { TOPOLOGY_LOGIN } from '../../../scripts/sandbox/sandbox.ts';
import { BinlogServer } from '../../support/binlog-server/binlog-server.ts';
import { freePort } from '../../support/daemon.ts';

const LIMIT_MS = 5_000;
const never = new AbortController().signal;

describe('a binlog server over its own protocol', () => {
  let relay: BinlogServer;
  const open: MysqlServers[] = [];

  beforeEach(async () => {
    relay = await BinlogServer.start({ hostname: '127.0.0.1', port: await freePort() }, 101);
  });
  afterEach(async () => {
    for (const one of open.splice(0)) one.stop();
    await relay.stop();
  });

  function servers(more: { asksForProxy?: boolean; executor?: Executor } = {}): MysqlServers {
    const one = new MysqlServers({
      ...{ clock: systemClock, log: silentLog, whyNoChange: () => undefined, leads: () => true },
      ...{ executor: () => more.executor, virtualName: () => undefined, onDisconnect: () => undefined },
      settings: {
        ...{ login: TOPOLOGY_LOGIN, replicationCredentialsQuery: '', sweepTimeoutMs: 1_000, eventsChunk: 100 },
        ...{ rareIntervalMs: 5_000, refusedRetryMs: 60_000, asksForProxy: more.asksForProxy ?? false },
        tls: { when: 'never', cacheMs: 0, options: { rejectUnauthorized: false, minVersion: 'TLSv1.2' } },
        detection: { queries: {}, patterns: { dataCenter: '', region: '', physicalEnvironment: '' } },
        replicas: { registeredFirst: false, ignoredUsers: [], logIgnored: false },
      },
    });
    open.push(one);
    return one;
  }

  it('is known by its version', async () => {
    const found = await servers().probe(relay.key, LIMIT_MS, never);
    assert.ok(isBinlogServer(found));
    assert.deepEqual([found.replication?.receiver, found.replication?.source], ['other', relay.source]);
    assert.ok(!relay.statements.some((sql) => sql.includes('maxscale')), 'nobody asked');
  });

  it('is known by its variables where its version says nothing, if it is asked for them', async () => {
    relay.tellsItsKind = false;
    assert.ok(isBinlogServer(await servers({ asksForProxy: true }).probe(relay.key, LIMIT_MS, never)));
    await assert.rejects(servers().probe(relay.key, LIMIT_MS, never), { code: 'PROBE_FAILED' });
  });

  it('is stopped and started without a lock, and again without harm', async () => {
    const one = servers();
    await one.probe(relay.key, LIMIT_MS, never);
    await one.change(relay.key, LIMIT_MS, never, async (session) => {
      await session.stopReceiver();
      await session.stopReplication();
      assert.equal((await session.read()).replication?.receiver, 'stopped');
      assert.equal(await session.drain(1_000), true);
      await session.startReplication();
      await session.restartReceiver();
      await session.startReplication();
    });
    const changes = relay.statements.filter((sql) => /^(STOP|START)/.test(sql));
    assert.deepEqual(changes, ['STOP SLAVE', 'STOP SLAVE', 'START SLAVE', 'STOP SLAVE', 'START SLAVE', 'START SLAVE']);
    assert.ok(!relay.statements.some((sql) => sql.includes('LOCK')));
  });

  it('tells nobody whose sessions it has: the last step of a former leader is waited for', async () => {
    const executor = { group: 'g', node: 'n2', term: 2, confirm: async () => undefined };
    const one = servers({ executor });
    await one.probe(relay.key, LIMIT_MS, never);
    await assert.rejects(one.expel(relay.key, LIMIT_MS, never), { code: 'CONFLICT' });
  });

  it('takes another source only where it stands, or at the beginning of the next log', async () => {
    const one = servers();
    await one.probe(relay.key, LIMIT_MS, never);
    const point = (file: string, position: number) =>
      one.operate(relay.key, LIMIT_MS, never, (session) =>
        session.follow({ hostname: 'db2', port: 3306 }, { file, position }),
      );
    await assert.rejects(point('bin.000009', 4), { code: 'STATEMENT_FAILED' });
    assert.notEqual(relay.source.hostname, 'db2');
  });
});
