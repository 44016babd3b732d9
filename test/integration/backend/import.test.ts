// What is read of a backend that a group is to be made of, and what is refused.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { Backend } from '../../../internal/backend/backend.ts';
import { STATE_TABLES } from '../../../internal/backend/state-tables.ts';
import { systemClock } from '../../../internal/runtime/clock.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import { callCli } from '../../support/cli.ts';
import { backendFlavours, MysqlBackendServer } from '../../support/mysql-backend.ts';
import { OWN_TABLES, oldBackend, oldRows } from '../../support/old-backend.ts';
import { inDirectory } from '../../support/raft-store.ts';

/** `orchestrator -c raft-import` on a node whose directory is new. */
async function importing(parent: string, from: string, ...flags: readonly string[]) {
  const config = join(parent, 'orchestrator.conf.json');
  const raft = { RaftEnabled: true, RaftDataDir: join(parent, 'raft'), RaftBind: '127.0.0.1' };
  writeFileSync(config, JSON.stringify({ ...raft, RaftNodes: ['127.0.0.1', '127.0.0.2', '127.0.0.3'] }));
  return callCli(['-config', config, '-from-backend', from, ...flags, '-c', 'raft-import']);
}

const contentOf = (directory: string) =>
  readdirSync(directory)
    .sort()
    .map((name) => [
      name,
      createHash('sha256')
        .update(readFileSync(join(directory, name)))
        .digest('hex'),
    ]);

/** Tables as the command prints them. */
function counts(stdout: string): Readonly<Record<string, number>> {
  return Object.fromEntries(
    [...stdout.matchAll(/^(\w+) +(\d+)$/gm)].map(([, name = '', count]) => [name, Number(count)]),
  );
}

function assertTaken(stdout: string): void {
  const { database_instance: servers, ...tables } = oldRows(0);
  for (const [name, rows] of Object.entries(tables)) {
    const kept = name === 'database_instance_maintenance' ? 1 : rows.length;
    assert.equal(counts(stdout)[name], kept, name);
  }
  assert.match(stdout, new RegExp(`servers that are watched +${servers?.length}\n`));
}

describe('raft-import', () => {
  it('reads an SQLite file and leaves it as it is, with what its last user had not put into it', () =>
    inDirectory(async (parent) => {
      const place = join(parent, 'old');
      mkdirSync(place);
      const file = join(place, 'orchestrator.sqlite3');
      await oldBackend(file, Date.now());
      const user = new Database(file); // as one that was killed: the file has less than its log of changes
      user.exec("INSERT INTO kv_store VALUES ('another', 'value', '2026-01-01 00:00:00')");
      const before = contentOf(place);
      const dry = await importing(parent, file, '-dry-run');
      assert.equal(dry.status, 0, dry.stderr);
      assert.equal(counts(dry.stdout).kv_store, 2);
      assert.match(
        dry.stdout,
        /tables that it does not have: detection_uid, fence_intent, own_call, recovery_journal\n/,
      );
      assert.match(dry.stdout, /columns that are not known here: database_instance_tags\.site_note\n/);
      assert.deepEqual(readdirSync(parent).includes('raft'), false, 'a look writes nothing');
      user.exec("DELETE FROM kv_store WHERE store_key = 'another'");
      const done = await importing(parent, file);
      assert.equal(done.status, 0, done.stderr);
      assertTaken(done.stdout);
      assert.deepEqual(
        contentOf(place).map(([name]) => name),
        before.map(([name]) => name),
      );
      user.close();
    }));

  const REFUSED: readonly (readonly [
    what: string,
    prepare: (file: string, parent: string) => Promise<void> | void,
    words: RegExp,
  ])[] = [
    ['a file that is not there', (file) => rmSync(file), /cannot use the SQLite backend .*: there is no such file/],
    ['a file that is no database', (file) => writeFileSync(file, 'x'.repeat(5_000)), /damaged or no SQLite database/],
    [
      'a database of something else',
      (file) => change(file, 'DROP TABLE database_instance'),
      /is no backend of an orchestrator: it has no table database_instance/,
    ],
    [
      'a table without its key',
      (file) => change(file, 'ALTER TABLE kv_store RENAME COLUMN store_key TO name'),
      /is no backend of an orchestrator: table kv_store has no column store_key/,
    ],
    [
      'a backend that is in use',
      (file) =>
        change(
          file,
          `INSERT INTO node_health (hostname, token, last_seen_active, extra_info, command)
           VALUES ('old', 't', datetime('now'), 'HttpMode', 'http')`,
        ),
      /the orchestrator on old has written to .* s ago: stop all that use it, and wait 5 s/,
    ],
    [
      'a directory that is used',
      (_, parent) => {
        mkdirSync(join(parent, 'raft'));
        writeFileSync(join(parent, 'raft', 'raft_store.db'), '');
      },
      /RaftDataDir .* is not empty \(raft_store\.db\): stop the node, and name an empty one/,
    ],
  ];
  for (const [what, prepare, words] of REFUSED)
    it(`refuses ${what}, and writes nothing`, () =>
      inDirectory(async (parent) => {
        const file = join(parent, 'old.sqlite3');
        await oldBackend(file, Date.now());
        await prepare(file, parent);
        const there = readdirSync(parent);
        const { status, stderr } = await importing(parent, file);
        assert.notEqual(status, 0);
        assert.match(stderr, words);
        assert.deepEqual(
          readdirSync(parent).filter((name) => name !== 'orchestrator.conf.json'),
          there,
        );
      }));

  it('is done once: what a second one finds is not empty any more', () =>
    inDirectory(async (parent) => {
      const file = join(parent, 'old.sqlite3');
      await oldBackend(file, Date.now());
      assert.equal((await importing(parent, file)).status, 0);
      assert.match(
        (await importing(parent, file)).stderr,
        /a group is imported once, on one node, and the others join it/,
      );
    }));
});

function change(file: string, sql: string): void {
  const db = new Database(file);
  db.exec(sql);
  db.close();
}

for (const flavour of await backendFlavours()) {
  describe(`raft-import from ${flavour}`, () => {
    let server: MysqlBackendServer;

    before(async () => {
      server = await MysqlBackendServer.start(flavour, ['--max-allowed-packet=65536']);
    });
    after(() => server.stop());

    it('reads a schema in one moment, changes nothing in it, and says what is wrong with others', () =>
      inDirectory(async (parent) => {
        const settings = server.settings();
        const node = { hostname: 'old', token: 'gone' };
        await (await Backend.openMysql(settings, { node, clock: systemClock, log: silentLog, flushMs: 200 })).close();
        await server.sql("SET GLOBAL sql_mode = ''"); // rows need not name each column
        for (const [table, rows] of Object.entries(oldRows(Date.now())))
          for (const row of rows) {
            const marks = Object.keys(row).map(() => '?');
            const sql = `INSERT INTO ${table} (${Object.keys(row).join(', ')}) VALUES (${marks.join(', ')})`;
            await server.sql(sql, Object.values(row));
          }
        for (const table of OWN_TABLES) await server.sql(`DROP TABLE ${table}`);
        const sums = async () => JSON.stringify(await server.sql(`CHECKSUM TABLE ${(await tables()).join(', ')}`));
        const tables = async () => (await server.sql('SHOW TABLES')).map((row) => String(Object.values(row)[0]));
        const before = await sums();
        const { user, password } = settings.login();
        const address = `${settings.host}:${settings.port}`;
        const wrong: readonly (readonly [from: string, words: RegExp])[] = [
          [
            `mysql://${user}:${password}@${address}/nowhere`,
            /its schema or a table is not there, or the account may not/,
          ],
          [`mysql://${user}:${password}@${address}/information_schema`, /no backend of an orchestrator/],
          [`${user}:wrong@tcp(${address})/orchestrator`, /the account may not use them/],
          [`mysql://${user}:${password}@127.0.0.1:1/orchestrator`, /it does not answer/],
          [`${user}:${password}@udp(${address})/orchestrator`, /-from-backend: name a file, mysql:/],
        ];
        for (const [from, words] of wrong) {
          const { status, stderr } = await importing(parent, from);
          assert.notEqual(status, 0, from);
          assert.match(stderr, words);
          assert.ok(!stderr.includes(password), stderr);
        }
        const done = await importing(parent, `${user}:${password}@tcp(${address})/orchestrator?timeout=1s`);
        assert.equal(done.status, 0, done.stderr);
        assertTaken(done.stdout);
        assert.equal(await sums(), before);
      }));

    it('is followed by a state that is larger than the packets of the server', async () => {
      const schema = 'orchestrator_small';
      const node = { hostname: 'here', token: 'token' };
      const options = { node, clock: systemClock, log: silentLog, flushMs: 200 };
      const backend = await Backend.openMysql(server.settings({ schema }), options);
      const [table] = STATE_TABLES.filter(({ name }) => name === 'kv_store');
      assert.ok(table);
      const rows = Array.from({ length: 100 }, (_, at) => ({ store_key: `key-${at}`, store_value: 'ä'.repeat(5_000) }));
      await backend.agreed.replace(new Map([[table, rows]]), { index: 7, term: 1 });
      assert.equal((await backend.agreed.position())?.index, 7);
      const [stored] = await server.sql(
        'SELECT COUNT(*) AS n, SUM(LENGTH(store_value)) AS bytes FROM kv_store',
        [],
        schema,
      );
      assert.deepEqual([Number(stored?.n), Number(stored?.bytes)], [100, 1_000_000]);
      assert.equal(backend.health().lost, 0);
      await backend.close();
    });
  });
}
