import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { REPLICATION_LOGIN } from '../../scripts/sandbox/sandbox.ts';
import { until } from '../support/daemon.ts';
import { inSession } from '../support/dialect.ts';
import { address, scenarios } from '../support/scenario.ts';

// 0 leads; 1, 2 and 3 follow it; 4 and 5 follow 1.
scenarios('an intermediate primary', { tree: [undefined, 0, 0, 0, 1, 1] }, (scenario, test) => {
  const middle = () => scenario.server(1);
  const orphans = () => [scenario.server(4), scenario.server(5)];
  const others = () => [scenario.server(2), scenario.server(3)];

  /** Every orphan runs below a living server, and what the primary writes now reaches it. */
  async function adopted(row: number, rows: readonly number[]): Promise<void> {
    const [recovery] = await scenario.recoveries();
    assert.equal(recovery?.IsSuccessful, true, recovery?.AllErrors.join());
    const home = scenario.servers.find(({ key }) => key.port === recovery.SuccessorKey.Port);
    assert.ok(home !== undefined && home !== middle());
    for (const orphan of orphans()) await scenario.follows(orphan, home);
    await scenario.insert(row);
    for (const server of [...others(), ...orphans()]) await scenario.holds(server, [...rows, row]);
    assert.deepEqual(await scenario.writable(scenario.servers.filter((server) => server !== middle())), [
      scenario.primary,
    ]);
  }

  test('that is killed: its replicas go on below another server, and scripts are told', async () => {
    const told = join(scenario.directory, 'told');
    const tell = `echo {instanceType} {failedHost}:{failedPort} {successorHost}:{successorPort} > ${told}`;
    await scenario.watching({ PostIntermediateMasterFailoverProcesses: [tell] });
    await scenario.kill(middle());
    await adopted(2, [1]);
    const [recovery] = await scenario.recoveries();
    const home = scenario.servers.find(({ key }) => key.port === recovery?.SuccessorKey.Port);
    assert.ok(home);
    await until('the script has ended', async () => existsSync(told) && readFileSync(told, 'utf8') !== '');
    assert.equal(readFileSync(told, 'utf8'), `intermediate-master ${address(middle())} ${address(home)}\n`);
  });

  test('that is killed, and that its replicas call by another name: they go on below another server', async () => {
    const alias = { hostname: 'LOCALHOST', port: middle().key.port }; // in small letters a client takes it for a socket
    for (const orphan of orphans()) {
      await orphan.query(scenario.words.stopReplication);
      await orphan.follow(alias);
    }
    await scenario.watching({ HostnameResolveMethod: 'ip' });
    for (const { key } of orphans())
      await until('it is known to be below it', async () => {
        const { MasterKey } = await scenario.daemon.api<{ MasterKey: object }>(`instance/127.0.0.1/${key.port}`);
        return isDeepStrictEqual(MasterKey, { Hostname: '127.0.0.1', Port: alias.port });
      });
    await scenario.kill(middle());
    await adopted(2, [1]);
  });

  test('that freezes: its replicas go on below another server', async () => {
    await scenario.watching();
    await scenario.freeze(middle());
    await adopted(2, [1]);
  });

  test('that is killed while its replicas have not applied what they received: nothing is lost', async () => {
    await scenario.watching();
    for (const orphan of orphans()) await orphan.query(scenario.words.stopApplier);
    await scenario.replicated(7, scenario.primary, [middle(), ...others()]);
    await scenario.received(others());
    await scenario.receivedFrom(middle(), orphans());
    await scenario.kill(middle());
    await Promise.all(orphans().map((orphan) => orphan.query(scenario.words.startReplication)));
    await adopted(8, [1, 7]);
  });

  test('that is killed while its siblings lag behind its replicas: they catch up first', async () => {
    await scenario.watching();
    for (const sibling of others()) await sibling.query(scenario.words.stopReceiver);
    await scenario.replicated(7, scenario.primary, [middle(), ...orphans()]);
    await scenario.kill(middle());
    for (const sibling of others()) await sibling.query(scenario.words.startReceiver);
    await adopted(8, [1, 7]);
  });

  test('that answers, and that its replicas cannot log in to any more: they go on below another server', async () => {
    await scenario.watching();
    const { user, password } = REPLICATION_LOGIN;
    const login = (secret: string) =>
      inSession(middle(), [
        'SET SESSION sql_log_bin = 0',
        ...(scenario.flavour === 'mysql' ? ['SET GLOBAL super_read_only = 0'] : []), // never writable for applications
        `ALTER USER ${user} IDENTIFIED BY '${secret}'`,
        ...(scenario.flavour === 'mysql' ? ['SET GLOBAL super_read_only = 1'] : []),
      ]);
    scenario.onSettle(() => login(password));
    await login('another');
    for (const orphan of orphans())
      await inSession(orphan, [scenario.words.stopReceiver, scenario.words.startReceiver]);
    await adopted(2, [1]);
  });

  test('that is preferred leads with its own replicas below it, when the primary is killed', async () => {
    await scenario.watching();
    await scenario.prefer(middle());
    await scenario.kill(scenario.primary);
    const leader = await until('one leads', async () => (await scenario.writable(scenario.replicas))[0]);
    assert.equal(leader, middle());
    await scenario.insert(2, leader);
    for (const server of [...others(), ...orphans()]) {
      await scenario.follows(server, leader);
      await scenario.holds(server, [1, 2]);
    }
  });

  test('and the primary killed together: somebody leads, and everybody living ends up below', async () => {
    await scenario.watching();
    await Promise.all([scenario.kill(scenario.primary), scenario.kill(middle())]);
    const survivors = [...others(), ...orphans()];
    const leader = await until('one leads', async () => (await scenario.writable(survivors))[0]);
    await scenario.insert(2, leader);
    for (const server of survivors) await scenario.holds(server, [1, 2]);
  });
});
