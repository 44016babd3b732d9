// A source that falls silent in the middle of a large transaction. MySQL lets an applier that is to stop wait a minute for the rest of it;
// MariaDB rolls it back at once, so that there is nothing to see.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { ADMIN_LOGIN, type SandboxServer } from '../../scripts/sandbox/sandbox.ts';
import { until } from '../support/daemon.ts';
import { inSession, replicaStatus } from '../support/dialect.ts';
import { CREDENTIALS, operating, path } from '../support/operating.ts';
import { scenarios } from '../support/scenario.ts';

const TREE = [undefined, 0, 1, 0] as const;
/** Together much more than the sockets between two servers hold: some 3 MB while the receiving one does not read. */
const ROWS = 240;
const ROW_BYTES = 100_000;
/** So much of it is to come, in whole rows. */
const ENOUGH_BYTES = 4 * ROW_BYTES;
/** The applier of a source that is gone waits for a minute. */
const HALT_LIMIT_MS = 90_000;

/** What each connection of this port has sent or is to send and the other end has not taken, in bytes (proc(5): net/tcp, tx_queue). */
function unsent(port: number): readonly number[] {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(local))
    .map((fields) => Number.parseInt(fields[4] ?? '', 16));
}

scenarios('a transaction that is received by half', { tree: TREE, flavours: ['mysql'] }, (scenario, test) => {
  const { ask, done, byPosition } = operating(scenario);

  const status = async (server: SandboxServer) => (await server.query(scenario.words.replicaStatus))[0];

  /**
   * The replicas of the primary stand still while it commits: it can send no more than their and its own sockets hold, and is frozen
   * over it. They wake, receive that, and nothing comes after it, however slow this machine is.
   */
  async function halfReceived(): Promise<void> {
    const { primary } = scenario;
    const followers = scenario.replicas.filter((_, at) => TREE[at + 1] === 0);
    const session = await scenario.session(primary, ADMIN_LOGIN);
    await session.query('CREATE TABLE app.large (id INT PRIMARY KEY, t LONGTEXT)');
    await scenario.replicated(2);
    await session.query('BEGIN');
    for (let id = 1; id <= ROWS; id += 1)
      await session.query(`INSERT INTO app.large VALUES (${id}, REPEAT('x', ${ROW_BYTES}))`);
    scenario.onSettle(() => Promise.all(followers.map((one) => one.kill('SIGCONT'))).then(() => undefined));
    for (const one of followers) await scenario.freeze(one);
    await session.query('COMMIT');
    await until('it is on its way to each of them', async () => {
      const waiting = unsent(primary.key.port).filter((bytes) => bytes >= ENOUGH_BYTES);
      return waiting.length === followers.length;
    });
    await scenario.freeze(primary);
    for (const one of followers) await one.kill('SIGCONT');
    for (const one of followers)
      await until('the applier waits for the rest', async () => {
        const row = await status(one);
        return (
          String(row?.Replica_SQL_Running_State).includes('has read all relay log') &&
          Number(row?.Exec_Source_Log_Pos) < Number(row?.Read_Source_Log_Pos)
        );
      });
  }

  /** A receiver that connects anew does not while its applier is being stopped. */
  async function staysConnected(replica: SandboxServer): Promise<void> {
    const patience = (seconds: number) => [`SET GLOBAL replica_net_timeout = ${seconds}`];
    const { stopReceiver, startReceiver } = scenario.words;
    const [row] = await replica.query('SELECT @@global.replica_net_timeout AS seconds');
    scenario.onSettle(() => inSession(replica, patience(Number(row?.seconds))));
    await inSession(replica, [...patience(60), stopReceiver, startReceiver]);
  }

  const isWhole = async (server: SandboxServer) =>
    until(`${server.key.port} has all of it`, async () => {
      const [row] = await server.query('SELECT COUNT(*) AS held FROM app.large');
      return Number(row?.held) === ROWS;
    });

  test('is received to its end before its replica stops, as soon as its source speaks again', async () => {
    const [primary, one] = scenario.servers;
    assert.ok(primary && one);
    await staysConnected(one);
    await scenario.watching(CREDENTIALS);
    await done('disable-global-recoveries');
    await halfReceived();
    const stopped = ask(`stop-replica-nice/${path(one)}`);
    await until('it receives again', async () => (await status(one))?.Replica_IO_Running === 'Connecting');
    await scenario.thaw(primary);
    assert.equal((await stopped).Code, 'OK', (await stopped).Message);
    assert.match(await scenario.audited('stop-replica-nice'), /START REPLICA IO_THREAD.*STOP REPLICA$/);
    assert.equal((await replicaStatus(one))?.errors, '', 'no transaction was broken off');
    await isWhole(one);
  });

  test('leaves nobody stopped whose operation has run out of time over it', async () => {
    const [primary, one, two] = scenario.servers;
    assert.ok(primary && one && two);
    await staysConnected(one);
    const daemon = await scenario.watching({ ...CREDENTIALS, MySQLTopologyReadTimeoutSeconds: 3 });
    await done('disable-global-recoveries');
    await byPosition(2);
    await halfReceived();
    const moved = ask(`move-up/${path(two)}`);
    await until('it has failed', async () => /an operation failed: a replica that it halted/.test(daemon.log()));
    await scenario.thaw(primary);
    const { Code, Message } = await moved;
    assert.equal(Code, 'ERROR');
    assert.match(Message, /^stop replication on \S+: [^;]*$/, 'nothing is left in disorder');
    await scenario.follows(one, primary);
    await scenario.follows(two, one);
    for (const replica of scenario.replicas) await isWhole(replica);
  });

  test('keeps nobody waiting whose source dies: the successor leads at once, and forgets it once its applier lets go, whoever watches by then', async (context) => {
    context.timeout(2 * HALT_LIMIT_MS);
    const [, one] = scenario.servers;
    assert.ok(one);
    const daemon = await scenario.watching(CREDENTIALS);
    await scenario.prefer(one);
    await done('disable-global-recoveries'); // the one that is frozen meanwhile has a replica
    await halfReceived();
    await done('enable-global-recoveries');
    await scenario.kill(scenario.primary);
    assert.equal(await scenario.healed(scenario.replicas, [1, 2]), one);
    const [recovery] = await scenario.recoveries();
    assert.equal(recovery?.IsSuccessful, true);
    assert.match(recovery?.AllErrors.join() ?? '', /^forget \S+: /);
    assert.ok(await replicaStatus(one), 'it has its source still');
    await daemon.kill('SIGTERM');
    await daemon.launch();
    await until('it has forgotten its source', async () => (await replicaStatus(one)) === undefined, HALT_LIMIT_MS);
    await one.query("INSERT INTO app.large VALUES (1, 'mine')");
    for (const server of scenario.replicas)
      await until('all have it', async () => {
        const rows = await server.query('SELECT id, t FROM app.large');
        return JSON.stringify(rows) === JSON.stringify([{ id: 1, t: 'mine' }]);
      });
    assert.match((await scenario.steps(recovery?.UID ?? '')).join('\n'), /has forgotten the source that it had/);
  });
});
