// A backend server that is not as it should be: at start a refusal that says what to do, and in a running process a queue that
// waits, in order, without holding anything up.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Backend } from '../../../internal/backend/backend.ts';
import { MysqlDatabase } from '../../../internal/backend/mysql/mysql-database.ts';
import type { MysqlBackendSettings } from '../../../internal/backend/mysql/settings.ts';
import type { RecoveryRecord } from '../../../internal/recovery/book.ts';
import { systemClock } from '../../../internal/runtime/clock.ts';
import { errorText, OrchestratorError } from '../../../internal/runtime/errors.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import { Authority } from '../../support/certificates.ts';
import { until } from '../../support/daemon.ts';
import { ForgetfulRelay } from '../../support/forgetful-relay.ts';
import { BACKEND_LOGIN, backendFlavours, MysqlBackendServer } from '../../support/mysql-backend.ts';

const A = { hostname: 'db-a', port: 3306 };
const node = { hostname: 'here', token: 'token' };
/** A statement that the server left without an answer. */
const GIVEN_UP = /look at the server/;

for (const flavour of await backendFlavours()) {
  describe(`a ${flavour} backend that fails`, () => {
    let backendServer: MysqlBackendServer;
    let directory: string;
    let authority: Authority;

    before(async () => {
      directory = mkdtempSync(join(tmpdir(), 'backend-tls-'));
      authority = new Authority(directory, 'ours');
      const { certFile, keyFile } = authority.issue('server', 'IP:127.0.0.1');
      const tls = [`--ssl-ca=${authority.self.certFile}`, `--ssl-cert=${certFile}`, `--ssl-key=${keyFile}`];
      backendServer = await MysqlBackendServer.start(flavour, tls);
    });
    after(async () => {
      await backendServer.stop();
      rmSync(directory, { recursive: true, force: true });
    });

    const open = (changes: Partial<MysqlBackendSettings> = {}) =>
      Backend.openMysql(backendServer.settings({ patienceMs: 100, ...changes }), {
        node,
        clock: systemClock,
        log: silentLog,
        flushMs: 50,
      });

    const steps = async () =>
      (await backendServer.sql('SELECT message FROM topology_recovery_steps ORDER BY recovery_step_id')).map(
        ({ message }) => message,
      );

    describe('at start', () => {
      const wrongPassword = () => ({ ...BACKEND_LOGIN, password: 'not the secret' });
      for (const [title, changes, advice] of [
        ['a wrong password', { login: wrongPassword }, /MySQLOrchestratorUser, its password/],
        ['a schema that the account has no right to', { schema: 'other' }, /look at MySQLOrchestratorDatabase/],
        ['nobody there', { port: 1 }, /it does not answer: .*MySQLOrchestratorHost and MySQLOrchestratorPort/],
        [
          'tables that must not be made',
          { schema: 'orchestrator_bare', upgrade: { update: false, refuseOther: false } },
          /not there/,
        ],
        [
          'tables of another release that are not wanted',
          { schema: 'orchestrator_bare', upgrade: { update: true, refuseOther: true } },
          /another release/,
        ],
      ] as const) {
        it(`${title}: says which one and what to do, without the password`, async () => {
          await backendServer.sql('CREATE DATABASE IF NOT EXISTS orchestrator_bare', [], '');
          await assert.rejects(open(changes), (err) => {
            assert.ok(err instanceof OrchestratorError && err.code === 'BACKEND_FAILED');
            assert.match(errorText(err), advice);
            assert.match(errorText(err), new RegExp(`${backendServer.server.key.hostname}:`));
            assert.doesNotMatch(JSON.stringify([err.context, errorText(err)]), /secret|backend_pw/);
            return true;
          });
        });
      }

      it('two daemons set up the same empty schema at once', async () => {
        const both = await Promise.all([open({ schema: 'orchestrator_two' }), open({ schema: 'orchestrator_two' })]);
        for (const backend of both) {
          assert.deepEqual(await backend.instances.load(), []);
          await backend.close();
        }
      });

      it('takes TLS with a certificate that its own authority signed, and no other', async () => {
        const stranger = new Authority(directory, 'strangers');
        const tls = (ca: string) =>
          ({ ca, rejectUnauthorized: true, verifyIdentity: true, minVersion: 'TLSv1.2' }) as const;
        await backendServer.sql(`ALTER USER '${BACKEND_LOGIN.user}'@'%' REQUIRE SSL`, [], '');
        try {
          const backend = await open({ tls: tls(authority.self.cert) });
          assert.deepEqual(await backend.recoveries.load(1), []);
          await backend.close();
          for (const [changes, why] of [
            [{ tls: tls(stranger.self.cert) }, /certificate/],
            [{}, /its TLS keys/],
          ] as const)
            await assert.rejects(open(changes), (err) => why.test(errorText(err)));
        } finally {
          await backendServer.sql(`ALTER USER '${BACKEND_LOGIN.user}'@'%' REQUIRE NONE`, [], '');
        }
      });
    });

    describe('while the daemon runs', () => {
      let backend: Backend;
      beforeEach(async () => {
        backend = await open({ readTimeoutMs: 4_000 });
        await backendServer.empty();
      });
      afterEach(() => backend.close());

      const notes = ['1', '2', '3', '4', '5', '6', '7', '8'];

      it('frozen: nobody waits for it, it is told of, and it gets everything once when it thaws', async () => {
        await backend.journal.note('uid', '0');
        await backendServer.server.kill('SIGSTOP');
        try {
          await backend.recoveries.opened(aRecovery('frozen'));
          for (const note of notes) await backend.journal.note('uid', note);
          assert.doesNotMatch(backend.health().message ?? '', GIVEN_UP, 'it has been waiting all the while');
          await until('it is told of', async () => !backend.health().ok);
          await assert.rejects(backend.audits.page(0, 1), /does not answer/);
          await until('a statement was given up', async () => GIVEN_UP.test(backend.health().message ?? ''));
        } finally {
          await backendServer.server.kill('SIGCONT');
        }
        await until('everything is written', async () => backend.health().ok && backend.health().waiting === 0);
        assert.deepEqual(await steps(), ['0', ...notes]);
        assert.deepEqual(await backendServer.sql('SELECT uid FROM topology_recovery'), [{ uid: 'frozen' }]);
        assert.equal(backend.health().lost, 0);
      });

      it('killed and started again: it gets everything in order', async () => {
        await backendServer.server.kill('SIGKILL');
        for (const note of notes) await backend.journal.note('uid', note);
        assert.deepEqual([backend.health().ok, backend.health().waiting], [false, notes.length]);
        await backendServer.server.start();
        await until('everything is written', async () => backend.health().ok && backend.health().waiting === 0);
        assert.deepEqual(await steps(), notes);
      });

      it('read-only: it is told of as such, and gets everything when it is writable', async () => {
        await backendServer.sql('SET GLOBAL read_only = 1', [], '');
        try {
          for (const note of notes) await backend.journal.note('uid', note);
          await until('it is told of', async () => backend.health().reason === 'readOnly');
          await assert.rejects(backend.audits.page(0, 1), /it is read-only: make it writable/);
        } finally {
          await backendServer.sql('SET GLOBAL read_only = 0', [], '');
        }
        await until('everything is written', async () => backend.health().waiting === 0);
        assert.deepEqual(await steps(), notes);
      });

      it('two that write the same rows at once: neither fails because of the other', async () => {
        const settings = backendServer.settings({ maxConnections: 2 });
        const [one, other] = [
          await MysqlDatabase.open(settings, systemClock),
          await MysqlDatabase.open(settings, systemClock),
        ];
        const rows = ['a', 'b', 'c', 'd'].map((store_key) => ({
          store_key,
          store_value: 'x',
          last_updated: '2026-01-01',
        }));
        const puts = rows.map((row) => ({ kind: 'upsert', table: 'kv_store', key: ['store_key'], row }) as const);
        const deletes = rows.map(
          ({ store_key }) => ({ kind: 'delete', table: 'kv_store', where: [['store_key', '=', store_key]] }) as const,
        );
        const changes = puts.flatMap((put, at) => [put, deletes[(at + 1) % rows.length] ?? put]);
        try {
          for (let round = 0; round < 100; round += 1)
            await Promise.all([one.write(changes), one.write(changes), other.write(changes.toReversed())]);
        } finally {
          await Promise.all([one.close(), other.close()]);
        }
      });

      it('a commit whose answer was lost is not done twice', async () => {
        const relay = await ForgetfulRelay.before(backendServer.server.key.port);
        const relayed = await open({ port: relay.port });
        try {
          relay.losing = 1;
          await relayed.recoveries.opened(aRecovery('one'));
          relay.losing = 1;
          for (const note of notes) await relayed.journal.note('uid', note);
          await until('everything is written', async () => relayed.health().waiting === 0);
          assert.equal(relay.losing, 0, 'answers were lost');
          assert.deepEqual(await steps(), notes);
          assert.deepEqual(await backendServer.sql('SELECT uid, in_active_period FROM topology_recovery'), [
            { uid: 'one', in_active_period: 1 },
          ]);
          assert.equal(relayed.health().lost, 0);
        } finally {
          await relayed.close();
          await relay.close();
        }
      });

      it('a statement that arrives after it was given up does not undo what came since', async () => {
        const relay = await ForgetfulRelay.before(backendServer.server.key.port);
        const relayed = await open({ port: relay.port, readTimeoutMs: 2_000, maxConnections: 1 });
        const downtime = { reason: 'late', beginMs: 1_000, endMs: 2_000_000 };
        try {
          await relayed.words.downtime(A, { ...downtime, owner: 'prompt' }); // from here on it is a prepared one
          relay.delaying = 'delayed owner';
          await relayed.words.downtime(A, { ...downtime, owner: 'delayed owner' });
          await relayed.words.downtime(A, undefined);
          await until('everything is written', async () => relayed.health().ok && relayed.health().waiting === 0);
          assert.equal(relay.delays, true);
          assert.deepEqual(await backend.words.downtimes(), []);
          relay.deliver();
          const given = await backendServer.sql('SHOW GLOBAL STATUS LIKE ?', ['Threads_connected']);
          assert.equal(given.length, 1, 'the server answers');
          for (let round = 0; round < 20; round += 1) assert.deepEqual(await backend.words.downtimes(), []);
        } finally {
          await relayed.close();
          await relay.close();
        }
      });
    });

    describe('given what it cannot hold', () => {
      let backend: Backend;
      beforeEach(async () => {
        backend = await open({ patienceMs: 10_000 });
        await backendServer.empty();
      });
      afterEach(() => backend.close());

      it('refused: one impossible change does not hold up the others, and a name is never cut short', async () => {
        await backend.words.downtime(
          { hostname: 'x'.repeat(129), port: 1 },
          { owner: 'me', reason: '', beginMs: 1000, endMs: 2000 },
        );
        await backend.journal.note('uid', 'goes on');
        assert.deepEqual(await steps(), ['goes on']);
        assert.deepEqual([backend.health().ok, backend.health().lost], [true, 1]);
        assert.deepEqual(await backend.words.downtimes(), []);
      });

      it('takes what the established columns do not hold: other alphabets, long texts, times far off', async () => {
        const endMs = Date.UTC(2100, 0, 1);
        await backend.words.downtime(A, { owner: 'Zoë 🦭', reason: 'ünïcode', beginMs: 0, endMs });
        const [downtime] = await backend.words.downtimes();
        assert.deepEqual([downtime?.reason, downtime?.endMs], ['ünïcode', Date.UTC(2038, 0, 19, 3, 14, 7)]);
        await backend.recoveries.opened({ ...aRecovery('long'), alias: `café ${'y'.repeat(200)}` });
        assert.deepEqual(
          (await backend.recoveries.load(1)).map(({ uid, alias }) => [uid, alias.slice(0, 6)]),
          [['long', 'caf? y']],
        );
        await backend.names.put('alias', 'café:1', 'one');
        assert.equal(await backend.names.get('alias', 'café:1'), 'one');
        assert.equal(backend.health().lost, 0);
      });
    });
  });
}

function aRecovery(uid: string): RecoveryRecord {
  return {
    ...{ uid, kind: 'primary', code: 'DeadMaster', failed: A, cluster: 'db-a:3306', alias: 'main' },
    ...{ startedMs: Date.UTC(2026, 0, 31, 10), successful: false, successorAlias: '', lost: [], participants: [] },
    ...{ errors: [], harmless: false },
  };
}
