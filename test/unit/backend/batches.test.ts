import assert from 'node:assert/strict';
import type { Change } from '../../../internal/backend/database.ts';
import { statementsOf } from '../../../internal/backend/mysql/batches.ts';

const row = (bytes: number, table = 'kv_store'): Change => ({
  ...{ kind: 'insert', table },
  row: { store_key: 'k', store_value: 'v'.repeat(bytes) },
});
const many = (count: number, bytes: number) => Array.from({ length: count }, () => row(bytes));
const gone: Change = { kind: 'delete', table: 'kv_store', where: [] };

/** Rows in each statement. */
const CASES: readonly (readonly [
  what: string,
  changes: readonly Change[],
  mostBytes: number,
  rows: readonly number[],
])[] = [
  ['small ones: thirty-two, then powers of two', many(39, 10), 1_000_000, [32, 4, 2, 1]],
  ['as many as a packet holds', many(5, 1_000), 3_700, [2, 2, 1]],
  ['one by one where two do not fit', many(3, 1_000), 2_000, [1, 1, 1]],
  ['other tables and changes by themselves', [row(1), row(1, 'tags'), gone, row(1), row(1)], 10_000, [1, 1, 0, 2]],
];

describe('statements to a MySQL backend', () => {
  for (const [what, changes, mostBytes, rows] of CASES)
    it(`take ${what}`, () => {
      const statements = statementsOf(changes, mostBytes, 'backend');
      assert.deepEqual(
        statements.map(({ sql }) => sql.match(/\(\?, \?\)/g)?.length ?? 0),
        rows,
      );
      for (const { values } of statements) assert.ok(values.join('').length <= mostBytes);
    });

  it('refuse a row that no packet holds, before it is sent', () => {
    assert.throws(() => statementsOf([row(5_000)], 4_096, 'backend'), {
      code: 'BACKEND_FAILED',
      context: { backend: 'backend', reason: 'refused' },
    });
  });
});
