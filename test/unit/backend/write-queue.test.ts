import assert from 'node:assert/strict';
import type { Change, Database, Row } from '../../../internal/backend/database.ts';
import { WriteQueue } from '../../../internal/backend/write-queue.ts';
import { OrchestratorError } from '../../../internal/runtime/errors.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import { ManualClock } from '../../support/manual-clock.ts';

/** A database across a network: each write takes a turn of the event loop. Remembers the transactions it took. */
class FarDatabase implements Database {
  readonly name = 'far';
  readonly taken: (readonly string[])[] = [];
  reason: string | undefined;
  reopened = 0;

  async write(changes: readonly Change[]): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    if (this.reason !== undefined) {
      throw new OrchestratorError('BACKEND_FAILED', this.reason, { context: { reason: this.reason } });
    }
    this.taken.push(changes.map(({ table }) => table));
  }

  async rows(): Promise<readonly Row[]> {
    return [];
  }

  async reopen(): Promise<void> {
    this.reopened += 1;
  }

  async close(): Promise<void> {}
}

const insert = (table: string): Change => ({ kind: 'insert', table, row: { n: 1 } });

describe('the write queue', () => {
  let database: FarDatabase;
  let clock: ManualClock;
  let queue: WriteQueue;

  beforeEach(() => {
    database = new FarDatabase();
    clock = new ManualClock();
    queue = new WriteQueue({ database, clock, log: silentLog, flushMs: 200 });
  });

  it('lets a claim through between two batches of rows', async () => {
    for (let server = 0; server < 640; server += 1) queue.behind(`${server}`, insert('rows'));
    const flushed = queue.flush();
    await new Promise<void>((resolve) => setImmediate(resolve));
    await queue.write([insert('claim')]);
    const at = database.taken.findIndex(([table]) => table === 'claim');
    assert.ok(at >= 0 && at <= 2, `after ${at} batches`);
    await flushed;
    assert.equal(database.taken.length, 11);
  });

  it('keeps the order of claims, however long the database is away', async () => {
    database.reason = 'busy';
    for (const table of ['one', 'two', 'three']) await queue.write([insert(table)]);
    await clock.advance(10_000);
    database.reason = undefined;
    const last = queue.write([insert('four')]);
    await clock.advance(3_000);
    await last;
    assert.deepEqual(database.taken.flat(), ['one', 'two', 'three', 'four']);
    assert.equal(database.reopened, 0, 'a lock is no reason to open it again');
  });

  it('says whether the database holds what was urgent', async () => {
    queue.behind('server', insert('rows'));
    assert.equal(await queue.caughtUp(), true, 'rows of servers do not count');
    database.reason = 'busy';
    await queue.write([insert('one')]);
    assert.equal(await queue.caughtUp(), false);
    database.reason = undefined;
    await clock.advance(1_000);
    assert.deepEqual([await queue.caughtUp(), database.taken[0]], [true, ['one']]);
  });

  for (const [reason, reopens] of [
    ['busy', false],
    ['full', false],
    ['io', true],
    ['readOnly', true],
    ['missing', true],
    ['corrupt', true],
  ] as const) {
    it(`${reason}: ${reopens ? 'opens the database again' : 'waits'} before it goes on`, async () => {
      database.reason = reason;
      await queue.write([insert('one')]);
      assert.equal(queue.health().reason, reason);
      database.reason = undefined;
      await clock.advance(1_000);
      assert.deepEqual([database.reopened > 0, database.taken], [reopens, [['one']]]);
      assert.deepEqual(queue.health(), { ok: true, waiting: 0, lost: 0 });
    });
  }
});
