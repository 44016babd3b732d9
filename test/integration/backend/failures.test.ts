// What an operator sees of a file that cannot be used: at start a refusal that says what to do, and in a running process
// a queue that waits, in order, without holding anything up.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import BetterSqlite from 'better-sqlite3';
import { Backend } from '../../../internal/backend/backend.ts';
import type { Change, Database, Row, Select } from '../../../internal/backend/database.ts';
import { sqliteFailure } from '../../../internal/backend/sqlite/failures.ts';
import { SqliteDatabase } from '../../../internal/backend/sqlite/sqlite-database.ts';
import { SQLITE_WORDS } from '../../../internal/backend/sqlite/words.ts';
import { changeStatement, selectStatement } from '../../../internal/backend/statements.ts';
import { OrchestratorError } from '../../../internal/runtime/errors.ts';
import type { Log } from '../../../internal/runtime/log.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { aWatchedInstance } from './watched-instance.ts';

const A = { hostname: 'db-a', port: 3306 };
const NOBODY = 65_534;

/** The real file, with no room for another page until it grows. */
class SmallDisk implements Database {
  readonly name: string;
  readonly #db: BetterSqlite.Database;

  constructor(file: string) {
    this.name = file;
    this.#db = new BetterSqlite(file);
    this.#db.pragma(`max_page_count = ${this.#db.pragma('page_count', { simple: true })}`);
  }

  grow(): void {
    this.#db.pragma('max_page_count = 100000');
  }

  async write(changes: readonly Change[]): Promise<void> {
    try {
      this.#db.transaction(() => {
        for (const change of changes) {
          const { sql, values } = changeStatement(change, SQLITE_WORDS);
          this.#db.prepare(sql).run(...values);
        }
      })();
    } catch (cause) {
      throw sqliteFailure(cause, this.name);
    }
  }

  async rows(select: Select): Promise<readonly Row[]> {
    const { sql, values } = selectStatement(select);
    return this.#db.prepare(sql).all(...values) as Row[];
  }

  async reopen(): Promise<void> {
    throw new Error('a full disk is no reason to open the file again');
  }

  async close(): Promise<void> {
    this.#db.close();
  }
}

/** Counts what is told, by level. */
class Told implements Log {
  readonly errors: string[] = [];
  readonly warnings: string[] = [];
  readonly infos: string[] = [];
  error(_fields: object, text: string): void {
    this.errors.push(text);
  }
  warn(_fields: object, text: string): void {
    this.warnings.push(text);
  }
  info(_fields: object, text: string): void {
    this.infos.push(text);
  }
  debug(): void {}
}

describe('an SQLite file that cannot be used', () => {
  let directory = '';
  let file = '';
  let clock: ManualClock;
  let log: Told;

  const open = () => Backend.openSqlite(file, { node: { hostname: 'here', token: 'token' }, clock, log, flushMs: 200 });

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'backend-'));
    file = join(directory, 'orchestrator.sqlite3');
    clock = new ManualClock();
    log = new Told();
  });

  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  describe('at start', () => {
    const cases: readonly {
      readonly name: string;
      readonly prepare: () => unknown;
      readonly code: string;
      readonly says: RegExp;
    }[] = [
      {
        name: 'a directory that is not there',
        prepare: () => {
          file = join(directory, 'missing', 'orchestrator.sqlite3');
        },
        code: 'BACKEND_FAILED',
        says: /directory of SQLite3DataFile must exist/,
      },
      {
        name: 'a directory in place of the file',
        prepare: () => mkdirSync(file),
        code: 'BACKEND_FAILED',
        says: /cannot be opened/,
      },
      {
        name: 'a file of another kind',
        prepare: () => writeFileSync(file, 'x'.repeat(8192)),
        code: 'BACKEND_CORRUPT',
        says: /damaged or no SQLite database: keep it/,
      },
      {
        name: 'a damaged header',
        prepare: async () => {
          await closeNew();
          writeFileSync(file, readFileSync(file).fill(0xff, 0, 40));
        },
        code: 'BACKEND_CORRUPT',
        says: /damaged/,
      },
      {
        name: 'a damaged list of tables',
        prepare: async () => {
          await closeNew();
          writeFileSync(file, readFileSync(file).fill('x', 100, 4096));
        },
        code: 'BACKEND_CORRUPT',
        says: /damaged/,
      },
      {
        name: 'a table of a newer release that wants a value of its own',
        prepare: async () => {
          await closeNew();
          withFile((db) => {
            db.exec('DROP TABLE kv_store');
            db.exec('CREATE TABLE kv_store (store_key text, store_value text, owner text NOT NULL)');
          });
        },
        code: 'BACKEND_FAILED',
        says: /newer release.*/,
      },
      {
        name: 'a file that the user may not write',
        prepare: async () => {
          await closeNew();
          chmodSync(file, 0o444);
          chmodSync(directory, 0o777);
        },
        code: 'BACKEND_FAILED',
        says: /write access/,
      },
      {
        name: 'a directory that the user may not write',
        prepare: async () => {
          await closeNew();
          chmodSync(file, 0o666);
          chmodSync(directory, 0o555);
        },
        code: 'BACKEND_FAILED',
        says: /write access|cannot be opened/,
      },
    ];
    for (const { name, prepare, code, says } of cases) {
      it(`${name}: ${code}`, async () => {
        await prepare();
        if (!name.startsWith('a directory that')) chmodSync(directory, 0o777);
        const before = isFile(file) ? readFileSync(file) : undefined;
        assert.throws(
          () => asUser(open),
          (err: unknown) => {
            assert.ok(err instanceof OrchestratorError, String(err));
            assert.equal(err.code, code);
            assert.match(err.message, says);
            assert.ok(err.message.includes(file), 'names the file');
            return true;
          },
        );
        if (before !== undefined) assert.ok(before.equals(readFileSync(file)), 'the file was changed');
      });
    }

    it('tells of a damaged page when what it holds is read', async () => {
      await closeNew();
      damagePageOf('database_instance_downtime');
      const backend = open();
      await assert.rejects(backend.words.downtimes(), { code: 'BACKEND_CORRUPT' });
      await backend.close();
    });

    it('waits for another program that is making the file', async () => {
      const fresh = join(directory, 'fresh.sqlite3');
      const module = import.meta.resolve('better-sqlite3');
      const script = `import(${JSON.stringify(module)}).then(({ default: Database }) => {
        const db = new Database(${JSON.stringify(fresh)});
        db.exec('BEGIN IMMEDIATE');
        process.stdout.write('held');
        setTimeout(() => db.exec('COMMIT'), 200);
      })`;
      const maker = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
      const ended = once(maker, 'exit');
      try {
        await once(maker.stdout, 'data');
        const database = SqliteDatabase.open(fresh, new ManualClock());
        await database.close();
      } finally {
        maker.kill('SIGKILL');
        await ended;
      }
    });

    it('opens beside another program that writes, when there is nothing to add', async () => {
      await closeNew();
      const other = new BetterSqlite(file);
      other.exec('BEGIN IMMEDIATE');
      const backend = open();
      assert.deepEqual(await backend.instances.load(), []);
      other.close();
      await backend.close();
    });
  });

  describe('while the daemon runs', () => {
    it('locked: nothing waits for it, everything is written in order when it is free', async () => {
      const backend = open();
      const other = new BetterSqlite(file);
      other.exec('BEGIN IMMEDIATE');
      for (let number = 1; number <= 100; number += 1) await backend.journal.note('uid', `${number}`);
      backend.instances.seen(aWatchedInstance({ key: A }), 'db-a:3306', 0);
      for (let tick = 0; tick < 50; tick += 1) await clock.advance(200);
      const health = backend.health();
      assert.deepEqual([health.ok, health.reason, health.waiting, health.lost], [false, 'busy', 101, 0]);
      assert.deepEqual([log.warnings.length, log.errors.length], [1, 0], 'told of once');

      other.exec('ROLLBACK');
      other.close();
      await clock.advance(2200);
      assert.deepEqual([backend.health().ok, backend.health().waiting, log.infos.length], [true, 0, 1]);
      const notes = (await backend.journal.steps('uid')).map(({ message }) => Number(message));
      assert.deepEqual(
        notes,
        Array.from({ length: 100 }, (_, index) => index + 1),
      );
      assert.equal((await backend.instances.load()).length, 1);
      await backend.close();
    });

    it('locked for long: only the newest row of each server waits', async () => {
      const backend = open();
      const other = new BetterSqlite(file);
      other.exec('BEGIN IMMEDIATE');
      for (let probe = 0; probe < 500; probe += 1) {
        backend.instances.seen(aWatchedInstance({ key: A, uptimeSeconds: probe }), 'db-a:3306', 0);
      }
      assert.equal(backend.health().waiting, 1);
      other.close();
      await backend.close();
      withFile((db) => assert.deepEqual(db.prepare('SELECT uptime FROM database_instance').all(), [{ uptime: 499 }]));
    });

    it('locked for very long: notes are given up first, and counted', async () => {
      const backend = open();
      const other = new BetterSqlite(file);
      other.exec('BEGIN IMMEDIATE');
      await backend.words.recoveriesDisabled(true);
      for (let number = 0; number < 4100; number += 1) void backend.audits.add('test', A, '', `${number}`);
      assert.deepEqual([backend.health().waiting, backend.health().lost], [4000, 101]);
      other.close();
      await backend.close();
      withFile((db) =>
        assert.deepEqual(db.prepare('SELECT COUNT(*) AS n FROM global_recovery_disable').get(), { n: 1 }),
      );
    });

    it('full: what came meanwhile is written when there is room', async () => {
      await closeNew();
      const disk = new SmallDisk(file);
      const backend = new Backend(disk, { node: { hostname: 'here', token: 'token' }, clock, log, flushMs: 200 });
      for (let number = 0; number < 50; number += 1) await backend.journal.note('uid', `${number} ${'x'.repeat(2000)}`);
      await clock.advance(1000);
      assert.deepEqual([backend.health().reason, backend.health().lost], ['full', 0]);
      disk.grow();
      await clock.advance(3000);
      assert.equal((await backend.journal.steps('uid')).length, 50);
      await backend.close();
    });

    it('damaged: it is put back, and found again', async () => {
      const backend = open();
      await backend.words.downtime(A, { owner: 'me', reason: '', beginMs: 0, endMs: 1000 });
      await backend.close();
      copyFileSync(file, `${file}.saved`);
      const again = open();
      damagePageOf('topology_recovery_steps');
      await again.journal.note('uid', 'kept');
      await clock.advance(1000);
      assert.deepEqual([again.health().ok, again.health().reason], [false, 'corrupt']);
      renameSync(`${file}.saved`, file);
      for (const suffix of ['-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true });
      await clock.advance(5000);
      assert.equal(again.health().ok, true);
      assert.deepEqual(
        (await again.journal.steps('uid')).map(({ message }) => message),
        ['kept'],
      );
      assert.equal((await again.words.downtimes()).length, 1);
      await again.close();
    });

    it('gone: it is told of, and not made anew', async () => {
      const backend = open();
      for (const suffix of ['', '-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true });
      await clock.advance(5000);
      await backend.audits.add('test', A, '', 'kept');
      assert.deepEqual([backend.health().ok, backend.health().reason], [false, 'missing']);
      assert.equal(isFile(file), false);
      const closing = backend.close();
      await clock.advance(1000);
      await closing;
      assert.deepEqual(log.errors, ['the backend did not take this']);
    });

    it('refused: one impossible change does not hold up the others', async () => {
      const backend = open();
      withFile((db) =>
        db.exec(
          "CREATE TRIGGER odd BEFORE INSERT ON audit WHEN NEW.message = 'odd' BEGIN SELECT RAISE(ABORT, 'no'); END",
        ),
      );
      const adding = ['1', 'odd', '2'].map((message) => backend.audits.add('test', A, '', message));
      await Promise.all(adding);
      assert.deepEqual(
        (await backend.audits.page(0, 10)).map(({ message }) => message),
        ['2', '1'],
      );
      assert.deepEqual([backend.health().lost, log.errors.length], [1, 1]);
      await backend.close();
    });
  });

  async function closeNew(): Promise<void> {
    await SqliteDatabase.open(file, clock).close();
  }

  function withFile<T>(work: (db: BetterSqlite.Database) => T): T {
    const db = new BetterSqlite(file);
    try {
      return work(db);
    } finally {
      db.close();
    }
  }

  function damagePageOf(table: string): void {
    const [page, size] = withFile((db) => {
      db.pragma('wal_checkpoint(TRUNCATE)');
      const root = db.prepare('SELECT rootpage FROM sqlite_master WHERE name = ?').get(table) as { rootpage: number };
      return [root.rootpage, Number(db.pragma('page_size', { simple: true }))];
    });
    writeFileSync(file, readFileSync(file).fill('x', (page - 1) * size, page * size));
  }
});

/** Permissions mean nothing to root. */
function asUser<T>(work: () => T): T {
  if (process.geteuid?.() !== 0) return work();
  process.seteuid?.(NOBODY);
  try {
    return work();
  } finally {
    process.seteuid?.(0);
  }
}

function isFile(path: string): boolean {
  try {
    readFileSync(path);
    return true;
  } catch {
    return false;
  }
}
