import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Executor } from '../../internal/mysql/change-lock.ts';
import { MysqlServers, type ServersSettings } from '../../internal/mysql/servers.ts';
import { lost } from '../../internal/recovery/mandate.ts';
import { systemClock } from '../../internal/runtime/clock.ts';
import { OrchestratorError } from '../../internal/runtime/errors.ts';
import { silentLog } from '../../internal/runtime/log.ts';
import { findFlavours, Sandbox, type SandboxServer, TOPOLOGY_LOGIN } from '../../scripts/sandbox/sandbox.ts';
import { until } from '../support/daemon.ts';
import { inSession, WORDS } from '../support/dialect.ts';
import { ForgetfulRelay } from '../support/forgetful-relay.ts';

const SETTINGS: ServersSettings = {
  login: TOPOLOGY_LOGIN,
  tls: { when: 'never', options: { rejectUnauthorized: true, minVersion: 'TLSv1.2' }, cacheMs: 1_000 },
  replicationCredentialsQuery: '',
  sweepTimeoutMs: 1_000,
  rareIntervalMs: 0,
  eventsChunk: 10_000,
  refusedRetryMs: 60_000,
  replicas: { registeredFirst: false, ignoredUsers: [], logIgnored: true },
  detection: { queries: {}, patterns: { dataCenter: '', region: '', physicalEnvironment: '' } },
};
/** May do what a change needs, and end no session of another account. */
const WEAK_LOGIN = { user: 'weak', password: 'weak' };
const LIMIT_MS = 5_000;
const SHORT_MS = 1_000;

const codeOf = async (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (err: unknown) => (err instanceof OrchestratorError ? err.code : String(err)),
  );

for (const flavour of ['mariadb', 'mysql'] as const) {
  describe(`the lock on a server that is changed (${flavour})`, () => {
    let directory = '';
    let sandbox: Sandbox;
    let server: SandboxServer;

    before(async function () {
      if (!(await findFlavours()).includes(flavour)) {
        assert.ok(!process.env.CI, `${flavour} must be there under CI`);
        console.log(`SKIPPED: no ${flavour} server on this machine`);
        this.skip();
      }
      directory = mkdtempSync(join(tmpdir(), 'lock-'));
      const extraArguments = flavour === 'mysql' ? [['--performance-schema=ON']] : []; // as each family does by default
      sandbox = await Sandbox.create({ flavour, servers: 1, directory, extraArguments });
      server = sandbox.servers[0] as SandboxServer;
      await server.query("CREATE USER weak@'%' IDENTIFIED BY 'weak'");
      const right = flavour === 'mariadb' ? 'READ_ONLY ADMIN' : 'SYSTEM_VARIABLES_ADMIN';
      await server.query(`GRANT ${right} ON *.* TO weak@'%'`);
    });
    beforeEach(() => server.query('SET GLOBAL read_only = 0'));
    after(async () => {
      await sandbox?.stop();
      if (directory !== '') rmSync(directory, { recursive: true, force: true });
    });

    /** A process that leads in this term, or is alone. */
    function leader(
      term: number | undefined,
      more: { group?: string; deposed?: boolean; login?: typeof WEAK_LOGIN } = {},
    ) {
      const confirm = async () => {
        if (more.deposed === true) throw lost('as the test has it');
      };
      const executor: Executor | undefined =
        term === undefined ? undefined : { group: more.group ?? 'g', node: `n${term}`, term, confirm };
      return new MysqlServers({
        clock: systemClock,
        log: silentLog,
        whyNoChange: () => undefined,
        leads: () => true,
        executor: () => executor,
        virtualName: () => undefined,
        onDisconnect: () => undefined,
        settings: { ...SETTINGS, login: more.login ?? TOPOLOGY_LOGIN },
      });
    }
    const never = new AbortController().signal;
    const setReadOnly = (one: MysqlServers, limitMs = LIMIT_MS) =>
      one.change(server.key, limitMs, never, (session) => session.setReadOnly(true));
    const isReadOnly = async () => Number((await server.query('SELECT @@global.read_only AS ro'))[0]?.ro) === 1;

    /** Takes the lock and stalls; `resume` lets it send its statement, and says what became of it. */
    async function stalled(one: MysqlServers) {
      let go: () => void = () => undefined;
      let reached: () => void = () => undefined;
      const at = new Promise<void>((resolve) => (reached = resolve));
      const work = codeOf(
        one.change(server.key, 30_000, never, async (session) => {
          reached();
          await new Promise<void>((resolve) => (go = resolve));
          await session.setReadOnly(true);
        }),
      );
      await at;
      return {
        resume: () => {
          go();
          return work;
        },
      };
    }

    it('is taken from a session of an earlier term, whose late statement fails', async () => {
      const old = await stalled(leader(1));
      assert.equal(await codeOf(leader(2).change(server.key, LIMIT_MS, never, (session) => session.read())), 'done');
      assert.equal(await old.resume(), 'STATEMENT_FAILED');
      assert.equal(await isReadOnly(), false);
    });

    it('is taken by one who only wants nothing to come any more', async () => {
      const old = await stalled(leader(1));
      await leader(2).expel(server.key, LIMIT_MS, never);
      assert.equal(await old.resume(), 'STATEMENT_FAILED');
      assert.equal(await isReadOnly(), false);
    });

    for (const [title, holder, comer] of [
      ['a session of the same term', leader(2), leader(2)],
      ['a session of a process that is alone', leader(undefined), leader(2)],
      ['a session of another group', leader(1, { group: 'h' }), leader(2)],
      ['any session, by a process that is alone', leader(1), leader(undefined)],
      ['one of an earlier term, by an account that may not end it', leader(1), leader(2, { login: WEAK_LOGIN })],
    ] as const) {
      it(`is waited for, in vain, and left alone: ${title}`, async () => {
        const first = await stalled(holder);
        assert.match(await codeOf(setReadOnly(comer, SHORT_MS)), /^CONFLICT|STATEMENT_TIMEOUT$/);
        assert.equal(await isReadOnly(), false);
        assert.equal(await first.resume(), 'done');
        assert.equal(await isReadOnly(), true);
      });
    }

    it('is held by who fences: an earlier term yields, and is ended where it was first', async () => {
      const old = await stalled(leader(1));
      assert.equal(await codeOf(leader(2).fence(server.key, LIMIT_MS, never)), 'done');
      assert.equal(await old.resume(), 'STATEMENT_FAILED');
      await server.query('SET GLOBAL read_only = 0');
      const later = await stalled(leader(2));
      const earlier = leader(1, { deposed: true });
      await earlier.keepReady(server.key, SHORT_MS, never);
      assert.equal(await codeOf(earlier.fence(server.key, LIMIT_MS, never)), 'NOT_LEADER');
      assert.equal(await codeOf(earlier.fenceReady(server.key, never)), 'NOT_LEADER');
      assert.equal(await isReadOnly(), false);
      assert.equal(await later.resume(), 'done');
    });

    it('comes with the fence that a frozen server finds when it wakes', async () => {
      const one = leader(1);
      await one.keepReady(server.key, SHORT_MS, never);
      process.kill(server.pid, 'SIGSTOP');
      const fenced = codeOf(one.fenceReady(server.key, never));
      process.kill(server.pid, 'SIGCONT');
      assert.equal(await fenced, 'done');
      assert.equal(await isReadOnly(), true);
    });

    it('is given back by a statement that nobody waits for, before it is done', async () => {
      const calls: Socket[] = [];
      const silent = createServer((call) => calls.push(call)).listen(0, '127.0.0.1');
      await once(silent, 'listening');
      try {
        const [change, name] = flavour === 'mysql' ? ['REPLICATION SOURCE', 'SOURCE'] : ['MASTER', 'MASTER'];
        const { port } = silent.address() as AddressInfo;
        await server.query(
          `CHANGE ${change} TO ${name}_HOST = '127.0.0.1', ${name}_PORT = ${port}, ${name}_USER = 'none'`,
        );
        await server.query(WORDS[flavour].startReceiver);
        await until('its receiver waits for an answer', async () => calls.length > 0);
        await leader(1).change(server.key, LIMIT_MS, never, (session) => session.stopReceiverSoon());
        assert.equal(await codeOf(leader(1).change(server.key, SHORT_MS, never, async () => undefined)), 'done');
        const stopping = "SELECT COUNT(*) AS n FROM information_schema.PROCESSLIST WHERE INFO LIKE 'STOP%'";
        const [row] = await server.query(stopping);
        if (flavour === 'mysql') assert.equal(Number(row?.n), 1, 'it is not done yet'); // MariaDB interrupts its receiver here
      } finally {
        silent.close();
        for (const call of calls) call.destroy();
        await inSession(server, WORDS[flavour].reset);
      }
    });

    it('goes from one session to the next of the same term', async () => {
      const one = leader(2);
      const first = await stalled(one);
      const second = codeOf(setReadOnly(one));
      await until('it waits', async () => {
        const [row] = await server.query(
          "SELECT COUNT(*) AS n FROM information_schema.PROCESSLIST WHERE INFO LIKE '%IF(GET_LOCK%' AND ID <> CONNECTION_ID()",
        );
        return Number(row?.n) > 0;
      });
      assert.equal(await first.resume(), 'done');
      assert.equal(await second, 'done');
    });

    for (const [title, term] of [
      ['a process that is alone', undefined],
      ['a leader', 2],
    ] as const)
      it(`comes free when nothing more can come of a session that the server has not heard the end of: ${title}`, async () => {
        const relay = await ForgetfulRelay.before(server.key.port);
        try {
          relay.delaying = 'SET GLOBAL';
          const far = { ...server.key, port: relay.port };
          const cut = leader(term).change(far, SHORT_MS, never, (session) => session.setReadOnly(true));
          assert.equal(await codeOf(cut), 'STATEMENT_TIMEOUT');
          const idle = async () => 'done';
          await until('the next one has the lock', async () => {
            return (await codeOf(leader(term).change(server.key, SHORT_MS, never, idle))) === 'done';
          });
          assert.equal(relay.delays, true);
          relay.deliver();
          await server.query('SELECT 1');
          assert.equal(await isReadOnly(), false);
        } finally {
          await relay.close();
        }
      });

    it('stays with a session of a later term: whoever finds it so yields', async () => {
      const later = await stalled(leader(3));
      assert.equal(await codeOf(setReadOnly(leader(2, { deposed: true }))), 'NOT_LEADER');
      assert.equal(await later.resume(), 'done');
    });

    if (flavour === 'mariadb') return; // keeps no attributes of sessions by default: its performance schema is off

    it('tells who holds it', async () => {
      const one = await stalled(leader(7));
      const rows = await server.query(
        "SELECT ATTR_NAME AS name, ATTR_VALUE AS value FROM performance_schema.session_connect_attrs WHERE PROCESSLIST_ID = IS_USED_LOCK('orchestrator.change') AND ATTR_NAME IN ('orchestrator_node', 'orchestrator_term') ORDER BY name",
      );
      assert.deepEqual(
        rows.map(({ value }) => value),
        ['n7', '7'],
      );
      await one.resume();
    });
  });
}
