import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { ADMIN_LOGIN, type SandboxServer } from '../../scripts/sandbox/sandbox.ts';
import { type Answer, until } from '../support/daemon.ts';
import { address, scenarios } from '../support/scenario.ts';
import { Writer } from '../support/writer.ts';

const CREDENTIALS = { ReplicationCredentialsQuery: "SELECT 'repl', 'repl_pw'" };

scenarios('a graceful takeover', { tree: [undefined, 0, 0, 0] }, (scenario, test) => {
  const wish = ({ key } = scenario.server(2)) =>
    `graceful-master-takeover-auto/${address(scenario.primary)}/${key.hostname}/${key.port}`;
  const takeOver = (target?: SandboxServer) => scenario.daemon.api<Answer>(wish(target));
  const takenOver = (target?: SandboxServer) => scenario.daemon.done(wish(target));

  const told = (what: string) => join(scenario.directory, what);
  const said = (what: string) => readFileSync(told(what), 'utf8').trim().split('\n');

  test('hands over with nothing lost, the old primary follows, and scripts are told before and after', async () => {
    const words = '{failedHost}:{failedPort} {successorHost}:{successorPort} {isSuccessful}';
    await scenario.watching({
      ...CREDENTIALS,
      PreGracefulTakeoverProcesses: [`echo before ${words} $ORC_RECOVERY_UID >> ${told('planned')}`],
      PostGracefulTakeoverProcesses: [
        `echo after ${words} {recoveryUID} {successorBinlogCoordinates} >> ${told('planned')}`,
      ],
    });
    await scenario.session(scenario.primary, ADMIN_LOGIN); // whom the daemon may not be allowed to end
    await takenOver();
    assert.equal(await scenario.healed(scenario.servers, [1]), scenario.server(2));
    const [{ UID } = { UID: '' }] = await scenario.recoveries();
    const pair = `${address(scenario.primary)} ${address(scenario.server(2))} true`;
    const [before, after = ''] = said('planned');
    assert.equal(before, `before ${pair}`);
    assert.match(after, new RegExp(`^after ${pair} ${UID} \\S+\\.\\d+:\\d+$`));
  });

  test('loses no acknowledged write of applications that go on writing', async () => {
    const target = scenario.server(2);
    await scenario.watching(CREDENTIALS);
    const writers = [0, 1, 2].map((at) => new Writer(scenario.servers, 1_000_000 * (at + 1)));
    scenario.onSettle(async () => void (await Promise.all(writers.map((writer) => writer.stop()))));
    const everyone = (moment: string, count: number, on: unknown) =>
      until(`every application wrote ${moment}`, async () =>
        writers.every((writer) => writer.acknowledged.filter(({ server }) => server === on).length >= count),
      );
    await everyone('before', 20, scenario.primary);
    await takenOver(target);
    await everyone('afterwards', 20, target);
    for (const writer of writers) await writer.stop();
    for (const { acknowledged } of writers) {
      const first = acknowledged.findIndex(({ server }) => server === target);
      assert.ok(
        acknowledged.slice(first).every(({ server }) => server === target),
        'no write went back',
      );
    }
    const held = new Set(await scenario.rows(target));
    const lost = writers.flatMap(({ ids }) => ids).filter((id) => !held.has(id));
    assert.deepEqual(lost, []);
    await scenario.healed(scenario.servers, [...held]);
    assert.equal(await scenario.history(scenario.primary), await scenario.history(target));
  });

  test('leaves a server that may lead again: it is not taken for one that came back by itself while it is promoted', async () => {
    const [former, frozen, target, other] = scenario.servers as [
      SandboxServer,
      SandboxServer,
      SandboxServer,
      SandboxServer,
    ];
    const { hostname, port } = former.key;
    const daemon = await scenario.watching({ ...CREDENTIALS, RecoverMasterClusterFilters: ['.*'] });
    await takenOver(target);
    await scenario.healed(scenario.servers, [1]);
    await daemon.done(`register-candidate/${hostname}/${port}/prefer`);
    await scenario.freeze(frozen); // attaching it takes a while, in which the promoted one is read again and again
    scenario.onSettle(() => scenario.thaw(frozen));
    await scenario.kill(target);
    assert.equal(await scenario.healed([former, other], [1, 1_001]), former);
    await scenario.recoveries(2);
    assert.deepEqual(await scenario.writable([former, other]), [former]);
    assert.doesNotMatch(daemon.log(), /takes writes again/);
  });

  test('is refused before anything changes when the target does not replicate', async () => {
    const target = scenario.server(2);
    await scenario.watching(CREDENTIALS);
    await target.query(scenario.words.stopApplier);
    const answer = await takeOver(target);
    assert.equal(answer.Code, 'ERROR', answer.Message);
    assert.deepEqual(await scenario.writable(scenario.servers), [scenario.primary]);
  });

  test('is refused before anything changes when a replica would be left behind, unless it is in downtime', async () => {
    const [target, another, dead] = scenario.replicas;
    assert.ok(target && another && dead);
    await scenario.watching(CREDENTIALS);
    scenario.expectsDeath(dead);
    await scenario.kill(dead);
    await until('the dead replica is seen', async () => {
      const { hostname, port } = dead.key;
      return (
        (await scenario.daemon.api<{ IsLastCheckValid: boolean }>(`instance/${hostname}/${port}`)).IsLastCheckValid ===
        false
      );
    });
    const answer = await takeOver(target);
    assert.equal(answer.Code, 'ERROR');
    assert.match(answer.Message, new RegExp(`${address(dead)} would be left behind: unreachable`));
    assert.deepEqual(await scenario.writable([scenario.primary, target, another]), [scenario.primary]);
    await scenario.daemon.api(`begin-downtime/${dead.key.hostname}/${dead.key.port}/test/gone/1h`);
    await takenOver(target);
    assert.equal(await scenario.healed([scenario.primary, target, another], [1]), target);
  });

  test('is undone for good when the primary cannot be made read-only in time', async () => {
    const unsuccessful = `echo {isSuccessful} {failedHost}:{failedPort} {successorHost} >> ${told('undone')}`;
    const keys = { RecoveryStepTimeoutMilliseconds: 1_000, PostUnsuccessfulFailoverProcesses: [unsuccessful] };
    const daemon = await scenario.watching({ ...CREDENTIALS, ...keys });
    const { primary } = scenario;
    const { hostname: host, port } = primary.key;
    const application = await createConnection({ host, port, ...ADMIN_LOGIN });
    scenario.onSettle(() => application.destroy());
    await application.query('LOCK TABLES app.t WRITE');
    const answer = await takeOver();
    assert.equal(answer.Code, 'ERROR');
    assert.match(answer.Message, /takeover undone/);
    await until('the script has ended', async () => existsSync(told('undone')) && said('undone')[0] !== '');
    assert.deepEqual(said('undone'), [`false ${address(primary)} {successorHost}`]);
    await until('no statement of ours is waiting', async () => {
      const sessions = await primary.query('SHOW PROCESSLIST');
      return !sessions.some(({ Info }) => /^SET GLOBAL/.test(String(Info)));
    });
    await application.query('UNLOCK TABLES');
    assert.deepEqual(await scenario.writable(scenario.servers), [primary]);
    daemon.reconfigure({ RecoveryStepTimeoutMilliseconds: 10_000 }); // a second was for the lock alone
    await daemon.logged('configuration reloaded');
    await takenOver(); // the next one finds nothing in its way
    await scenario.healed(scenario.servers, [1]);
  });

  test('is undone by a daemon that died in it and is started again', async () => {
    const daemon = await scenario.watching({ AuditToBackendDB: true });
    const release = await scenario.stuckTakeover();
    await daemon.kill();
    release();
    await daemon.launch();
    assert.equal(await scenario.healed(scenario.servers, [1]), scenario.primary);
    assert.match(await scenario.audited('resume-recovery'), /^let go: .* takes writes again$/);
  });

  test('is finished by a daemon that died behind the promotion, and the old primary follows', async () => {
    const daemon = await scenario.watching(CREDENTIALS);
    void takeOver().catch(() => undefined); // the daemon dies over it
    await scenario.begun(`demote ${address(scenario.primary)}`);
    await daemon.kill();
    await daemon.launch();
    assert.equal(await scenario.healed(scenario.servers, [1]), scenario.server(2));
  });

  test('is refused by a daemon started with -noop, as is everything else that changes a server', async () => {
    await scenario.watching(CREDENTIALS, undefined, ['-noop']);
    const answer = await takeOver();
    assert.match(answer.Message, /may change servers: started with --noop/);
    assert.deepEqual(await scenario.writable(scenario.servers), [scenario.primary]);
    scenario.expectsDeath(scenario.primary);
    await scenario.kill(scenario.primary);
    await scenario.daemon.logged('"name":"may change servers"');
    const { hostname, port } = scenario.primary.key;
    const forced = await scenario.daemon.api<{ Code: string }>(`force-master-failover/${hostname}/${port}`);
    assert.equal(forced.Code, 'ERROR');
    assert.deepEqual(await scenario.writable(scenario.replicas), []);
  });
});
