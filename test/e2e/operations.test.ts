import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ADMIN_LOGIN, type SandboxServer } from '../../scripts/sandbox/sandbox.ts';
import { callCli } from '../support/cli.ts';
import { until } from '../support/daemon.ts';
import { inSession, replicaStatus } from '../support/dialect.ts';
import { CREDENTIALS, operating, path } from '../support/operating.ts';
import { address, scenarios } from '../support/scenario.ts';

scenarios('operations on replicas', { tree: [undefined, 0, 0, 1, 1] }, (scenario, test) => {
  const { ask, done, no, whileWriting, tree, byPosition } = operating(scenario);

  test('are moved about by GTID while an application writes, and nothing is lost', async () => {
    const [, one, two, three, four] = scenario.servers;
    assert.ok(one && two && three && four);
    const told = join(scenario.directory, 'told');
    await scenario.watching({ ...CREDENTIALS, PostTakeMasterProcesses: [`echo >> ${told}`] });
    await whileWriting(async () => {
      await done(`relocate/${path(three)}/${path(two)}`);
      await tree(undefined, 0, 0, 2, 1);
      await done(`move-up/${path(four)}`);
      await tree(undefined, 0, 0, 2, 0);
      await done(`relocate-replicas/${path(scenario.primary)}/${path(one)}`);
      await tree(undefined, 0, 1, 2, 1);
      await done(`take-master/${path(four)}`);
      await tree(undefined, 4, 1, 2, 0);
      assert.equal(readFileSync(told, 'utf8'), `${address(four)} ${address(one)}\n`);
      await done(`repoint-replicas/${path(two)}`);
      await tree(undefined, 4, 1, 2, 0);
    });
  });

  test('are moved about by file and position while an application writes, and nothing is lost', async () => {
    const [, one, two, three, four] = scenario.servers;
    assert.ok(one && two && three && four);
    await scenario.watching(CREDENTIALS);
    await byPosition(1, 2, 3, 4);
    await whileWriting(async () => {
      await done(`move-up/${path(three)}`);
      await tree(undefined, 0, 0, 0, 1);
      await done(`move-below/${path(three)}/${path(two)}`);
      await tree(undefined, 0, 0, 2, 1);
      await done(`relocate/${path(four)}/${path(three)}`); // up to the primary, below its sibling, and below that one's replica
      await tree(undefined, 0, 0, 2, 3);
      await done(`take-master/${path(three)}`);
      await tree(undefined, 0, 3, 0, 3);
      await done(`enable-gtid/${path(three)}`);
    });
  });

  test('are refused what would lose or break something, and left as they are', async () => {
    const [primary, one, , three] = scenario.servers;
    assert.ok(primary && one && three);
    await scenario.watching(CREDENTIALS);
    await no(`relocate/${path(one)}/${path(three)}`, /replicates from/);
    await no(`relocate/${path(primary)}/${path(one)}`, /is not a replica/);
    await no(`relocate/${path(three)}/${path(three)}`, /cannot replicate from itself/);
    await no(`take-master/${path(one)}`, /is no replica: use a graceful takeover/);
    await no(`move-up/${path(one)}`, /at the top already/);
    await no(`start-replica/${path(primary)}`, /instance is not a replica/);
    await no(`skip-query/${path(one)}`, /nothing to skip/);
    await no(`delay-replication/${path(one)}/-3`, /Not a number/);
    await done(`begin-maintenance/${path(three)}/somebody/works`);
    await no(`relocate/${path(three)}/${path(primary)}`, /maintenance/i);
    await tree(undefined, 0, 0, 1, 1);
  });

  test('lose no binary log that they need', async () => {
    const { primary } = scenario;
    const [one] = scenario.replicas;
    assert.ok(one);
    await scenario.watching(CREDENTIALS);
    const logs = async () => (await primary.query('SHOW BINARY LOGS')).map(({ Log_name }) => String(Log_name));
    const before = await logs();
    await done(`stop-replica/${path(one)}`);
    await scenario.insert(7);
    await done(`flush-binary-logs/${path(primary)}`);
    await scenario.insert(8);
    const refused = await ask(`purge-binary-logs/${path(primary)}/latest`);
    assert.match(refused.Message, new RegExp(`unsafe to purge .*: ${address(one)} has not executed past it`));
    assert.deepEqual((await logs()).slice(0, before.length), before);
    await done(`start-replica/${path(one)}`);
    for (const replica of scenario.replicas) await scenario.holds(replica, [1, 7, 8]);
    const latest = (await logs()).at(-1);
    await until('they are seen to have it, and the server needs no older one itself', async () => {
      const { Code } = await ask(`purge-binary-logs/${path(primary)}/latest`);
      return Code === 'OK' && (await logs()).join() === latest;
    });
    await scenario.replicated(9);
  });

  test('are stopped, started, detached, delayed, switched and reset one by one', async () => {
    const [primary, one, , three] = scenario.servers;
    assert.ok(primary && one && three);
    await scenario.watching(CREDENTIALS);
    await done(`stop-replica/${path(three)}`);
    assert.equal((await replicaStatus(three))?.applying, false);
    await done(`start-slave/${path(three)}`);
    await done(`stop-replica-nice/${path(three)}`);
    await done(`restart-replica/${path(three)}`);
    await done(`detach-replica/${path(three)}`);
    assert.equal((await replicaStatus(three))?.source.hostname, `//${one.key.hostname}`);
    await done(`reattach-slave-master-host/${path(three)}`);
    await scenario.follows(three, one);
    await done(`change-master-credentials/${path(three)}`);
    await done(`delay-replication/${path(three)}/1`);
    await done(`delay-replication/${path(three)}/0`);
    await scenario.follows(three, one);
    await done(`set-read-only/${path(primary)}`);
    assert.equal(await scenario.isReadOnly(primary), true);
    await done(`set-writeable/${path(primary)}`);
    assert.equal(await scenario.isReadOnly(primary), false);
    await done(`flush-binary-logs/${path(primary)}`);
    await done(`purge-binary-logs/${path(three)}/latest`);
    const { Details } = await done(`restart-replica-statements/${path(three)}?q=select+1`);
    assert.equal((Details as readonly string[]).length, 5);
    await done(`reset-replica/${path(three)}`);
    assert.equal(await replicaStatus(three), undefined);
    await done(`can-replicate-from/${path(one)}/${path(primary)}`);
  });

  test('skip the one transaction that they stopped at', async () => {
    const three = scenario.server(3);
    await scenario.watching(CREDENTIALS);
    const own = ['SET SESSION sql_log_bin = 0', 'INSERT INTO app.t VALUES (77)'];
    await inSession(three, [...(scenario.flavour === 'mysql' ? ['SET GLOBAL super_read_only = 0'] : []), ...own]);
    await scenario.insert(77);
    await scenario.insert(78);
    await scenario.holds(scenario.server(1), [1, 77, 78]);
    await until('it stopped there', async () => {
      const status = await replicaStatus(three);
      return status?.applying === false && status.errors !== '';
    });
    if (scenario.flavour === 'mariadb') {
      assert.match((await ask(`skip-query/${path(three)}`)).Message, /SUPER/);
      await inSession(three, ['SET SESSION sql_log_bin = 0', "GRANT SUPER ON *.* TO 'orchestrator'@'%'"]);
    }
    await done(`skip-query/${path(three)}`);
    await scenario.holds(three, [1, 77, 78]);
  });

  test('are rid of transactions that did not come from their source', async () => {
    const [, one, , three, four] = scenario.servers;
    assert.ok(one && three && four);
    const { directory } = await scenario.watching(CREDENTIALS);
    const config = join(directory, 'orchestrator.conf.json');
    const mysql = scenario.flavour === 'mysql';
    const errantOn = async (server: SandboxServer) =>
      (await scenario.daemon.api<{ GtidErrant: string }>(`instance/${path(server)}`)).GtidErrant;
    const stray = async (server: SandboxServer) => {
      const writes = ['CREATE DATABASE stray', 'DROP DATABASE stray'];
      await inSession(server, [...(mysql ? ['SET GLOBAL super_read_only = 0'] : []), ...writes]);
      return until('the stray writes are seen', async () => (await errantOn(server)) || undefined);
    };
    assert.match((await ask(`gtid-errant-reset-master/${path(three)}`)).Message, /no errant GTIDs/);
    const prints = async (command: string) => {
      const { status, stdout, stderr } = await callCli(['-config', config, '-c', command, '-i', address(three)]);
      assert.equal(status, 0, stderr);
      return stdout;
    };
    await stray(three);
    const errant = (await prints('which-gtid-errant')).trim();
    // a poll between the two writes knows of the first one only, and is judged a poll later
    await until('the daemon tells of both writes', async () => (await errantOn(three)) === errant);
    assert.match(await prints('locate-gtid-errant'), /^[\w-]+\.\d+\n$/);
    await scenario.insert(31);
    await done(`gtid-errant-reset-master/${path(three)}`);
    await scenario.follows(three, one);
    assert.equal(await prints('which-gtid-errant'), '\n');
    await scenario.replicated(32);
    const told = await scenario.daemon.api<{ Message: string }[]>('audit');
    assert.ok(
      told.some(({ Message }) => Message.startsWith(`about to remove ${errant}: RESET `)),
      JSON.stringify(told),
    );

    await stray(four);
    const answer = await ask(`gtid-errant-inject-empty/${path(four)}`);
    if (!mysql) return void assert.match(answer.Message, /GTIDs of others cannot be written/);
    assert.equal(answer.Message, `Have injected 2 transactions on cluster master ${address(scenario.primary)}`);
    await until('nothing is errant any more', async () => (await errantOn(four)) === '');
    assert.match((await ask(`gtid-errant-inject-empty/${path(four)}`)).Message, /no errant GTIDs/);
  });

  test('make a pair of primaries of which one is read-only', async () => {
    const [primary, one] = scenario.servers;
    assert.ok(primary && one);
    await scenario.watching(CREDENTIALS);
    await done(`make-co-master/${path(one)}`);
    await scenario.follows(primary, one);
    await scenario.insert(5);
    await scenario.holds(one, [1, 5]);
    assert.deepEqual(await scenario.writable(scenario.servers), [primary]);
  });

  /** Nobody is recovered, so that an operator finds the replicas of a dead primary as they were. */
  async function regrouping(): Promise<(...argv: readonly string[]) => Promise<string>> {
    const { directory } = await scenario.watching(CREDENTIALS);
    await done('disable-global-recoveries');
    const config = join(directory, 'orchestrator.conf.json');
    return async (...argv) => {
      const { status, stdout, stderr } = await callCli(['-config', config, '-c', ...argv]);
      assert.equal(status, 0, stderr);
      return stdout;
    };
  }

  test('are put below the best of them by GTID, whether their source lives or not', async () => {
    const [primary, one, two, three, four] = scenario.servers;
    assert.ok(primary && one && two && three && four);
    const prints = await regrouping();
    await scenario.prefer(one);
    await whileWriting(async () => {
      const { Message, Details } = await done(`regroup-replicas-gtid/${path(primary)}`);
      assert.match(Message, /lost: 0, moved: 1$/);
      assert.deepEqual(Details, { Hostname: one.key.hostname, Port: one.key.port });
      await tree(undefined, 0, 1, 1, 1);
    });
    await scenario.kill(one);
    await scenario.prefer(four);
    const died = `${address(one)} is known to be dead`;
    await until(
      died,
      async () => !(await scenario.daemon.api<{ IsLastCheckValid: boolean }>(`instance/${path(one)}`)).IsLastCheckValid,
    );
    assert.equal(await prints('get-candidate-replica', '-i', address(one)), `${address(four)}\n`);
    const [key, counts] = (await prints('regroup-replicas', '-i', address(one))).split('\n');
    assert.equal(key, address(four));
    assert.equal(counts, `${address(four)} lost: 0, trivial: 2, pseudo-gtid: 0`);
    await tree(undefined, undefined, 4, 4);
    await done(`relocate/${path(four)}/${path(primary)}`);
    await scenario.replicated(1_000_000, primary, [two, three, four]);
  });

  test('are put below the best of them by position where they received the same before their source died', async () => {
    const [primary, one, two, three, four] = scenario.servers;
    assert.ok(primary && one && two && three && four);
    const prints = await regrouping();
    await byPosition(1, 2);
    assert.match(await prints('regroup-replicas', '-i', address(primary)), /lost: 0, trivial: 1, pseudo-gtid: 0\n$/);
    await done(`relocate-replicas/${path(one)}/${path(primary)}`);
    await done(`relocate-replicas/${path(two)}/${path(primary)}`);
    await tree(undefined, 0, 0, 0, 0);
    await byPosition(3, 4);
    await inSession(four, [scenario.words.stopReceiver]);
    await scenario.insert(9);
    await scenario.received([one, two, three]);
    await scenario.prefer(two);
    await scenario.kill(primary);
    const { Message } = await done(`regroup-replicas/${path(primary)}`);
    assert.match(
      Message,
      new RegExp(`^promoted replica: ${address(two)}, lost: 1, trivial: 2, pseudo-gtid: 0; ${address(four)}: `),
    );
    await tree(undefined, 2, undefined, 2);
    assert.equal((await replicaStatus(four))?.source.port, primary.key.port);
    for (const replica of [one, two, three]) await scenario.holds(replica, [1, 9]);
  });

  test('replicate again when the daemon dies in the middle of a move', async () => {
    const [primary, one, , three] = scenario.servers;
    assert.ok(primary && one && three);
    const daemon = await scenario.watching(CREDENTIALS);
    await byPosition(1, 3);
    const blocker = await scenario.session(three, ADMIN_LOGIN);
    await blocker.query('LOCK TABLES app.gate READ');
    await primary.query('UPDATE app.gate SET n = n + 1');
    const gate = async () => Number((await one.query('SELECT n FROM app.gate'))[0]?.n);
    await until('it is in the log that the replica reads', async () => (await gate()) === 1);
    await scenario.receivedFrom(one, [three]);
    const cut = ask(`move-up/${path(three)}`).catch(() => undefined);
    await until('the move waits for the replica', async () => (await replicaStatus(one))?.applying === false);
    await daemon.kill('SIGKILL');
    await cut;
    await blocker.query('UNLOCK TABLES');
    await daemon.launch();
    await tree(undefined, 0, 0, 1, 1);
    await until('the locks are gone', async () => (await scenario.daemon.api<unknown[]>('maintenance')).length === 0);
    assert.match(JSON.stringify(await scenario.daemon.api('audit')), /operation-abandoned/);
    await scenario.replicated(9);
  });

  test('are commands of the command line, too', async () => {
    const [, one, two, three, four] = scenario.servers;
    assert.ok(one && two && three && four);
    const daemon = await scenario.watching(CREDENTIALS);
    const config = join(daemon.directory, 'orchestrator.conf.json');
    const prints = async (...argv: readonly string[]) => {
      const { status, stdout, stderr } = await callCli(['-config', config, '-c', ...argv]);
      assert.equal(status, 0, stderr);
      return stdout;
    };
    const both = ['-i', address(three), '-d', address(two)];
    assert.equal(await prints('relocate', ...both), `${address(three)}<${address(two)}\n`);
    assert.equal(await prints('relocate-replicas', '-i', address(one), '-d', address(two)), `${address(four)}\n`);
    assert.equal(await prints('stop-replica', '-i', address(four)), `${address(four)}\n`);
    await daemon.kill('SIGTERM');
    assert.equal(await prints('start-replica', '-i', address(four)), `${address(four)}\n`);
    assert.equal(
      await prints('move-gtid', '-i', address(four), '-d', address(one)),
      `${address(four)}<${address(one)}\n`,
    );
  });
});
