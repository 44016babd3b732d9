import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { missing } from '../../../internal/backend/mysql/migrate.ts';
import { type Table, tablesIn, wantedTables } from '../../../internal/backend/mysql/schema.ts';

const SQLITE = new URL('../../../internal/backend/migrations/', import.meta.url);
/** What only a server across a network needs. */
const MYSQL_ONLY: ReadonlySet<string> = new Set(['own_write', 'own_address', 'own_seat', 'own_wish']);

/** Columns of the tables of the SQLite schema, by table. */
function sqliteTables(): ReadonlyMap<string, readonly string[]> {
  const scripts = readdirSync(SQLITE).map((name) => readFileSync(new URL(name, SQLITE), 'utf8'));
  const tables = scripts.flatMap((script) => [
    ...script.matchAll(/^CREATE TABLE IF NOT EXISTS (\w+) \(\n(.*?)\n\);$/gms),
  ]);
  return new Map(
    tables.map(([, name = '', body = '']) => {
      const lines = body.split('\n').filter((line) => /^ {2}[a-z]/.test(line));
      return [name, lines.map((line) => line.trim().split(' ')[0] ?? '').sort()];
    }),
  );
}

const names = ({ columns }: Table) => columns.map(({ name }) => name).sort();

describe('the tables of a MySQL backend', () => {
  it('are those of an SQLite backend, column by column', () => {
    const wanted = new Map(wantedTables().map((table) => [table.name, names(table)]));
    for (const name of MYSQL_ONLY) wanted.delete(name);
    assert.deepEqual(wanted, new Map([...sqliteTables()].sort(([a], [b]) => orderOf(wanted, a) - orderOf(wanted, b))));
  });

  it('are read with their columns, types and keys', () => {
    const [table, ...more] = tablesIn(`-- what it is for
CREATE TABLE IF NOT EXISTS one (
  id bigint unsigned NOT NULL AUTO_INCREMENT,
  name varchar(32) CHARACTER SET utf8 NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY name_uidx (name, id),
  KEY name_idx (name(8))
) ENGINE=InnoDB DEFAULT CHARACTER SET ascii;
`);
    assert.deepEqual(more, []);
    assert.deepEqual(
      table?.columns.map(({ name, type, charset, length }) => [name, type, charset, length]),
      [
        ['id', 'bigint', 'ascii', undefined],
        ['name', 'varchar', 'utf8', 32],
      ],
    );
    assert.deepEqual(
      table?.keys.map(({ unique, primary, columns }) => [unique, primary, columns]),
      [
        [true, true, ['id']],
        [true, false, ['name', 'id']],
        [false, false, ['name']],
      ],
    );
  });

  describe('are completed by', () => {
    const wanted = tablesIn(`CREATE TABLE IF NOT EXISTS one (
  a int NOT NULL,
  b mediumtext NOT NULL,
  PRIMARY KEY (a),
  KEY b_idx (a, b(8))
) ENGINE=InnoDB DEFAULT CHARACTER SET ascii;
`);
    const there = (types: Readonly<Record<string, string>>, keys: readonly string[]) =>
      new Map([['one', { types: new Map(Object.entries(types)), keys }]]);
    for (const [title, found, statements] of [
      ['the table, where there is none', new Map(), [wanted[0]?.create]],
      ['a column', there({ a: 'int' }, ['unique a', 'a,b']), ['ALTER TABLE one ADD COLUMN b mediumtext NOT NULL']],
      [
        'more room for a text',
        there({ a: 'int', b: 'text' }, ['unique a', 'a,b']),
        ['ALTER TABLE one MODIFY COLUMN b mediumtext NOT NULL'],
      ],
      ['an index', there({ a: 'int', b: 'longtext' }, ['unique a']), ['ALTER TABLE one ADD KEY b_idx (a, b(8))']],
      [
        'nothing, where an index has another name or another primary key',
        there({ a: 'int', b: 'mediumtext' }, ['unique a,b']),
        [],
      ],
    ] as const) {
      it(title, () => assert.deepEqual(missing(wanted, found), statements));
    }
  });
});

function orderOf(tables: ReadonlyMap<string, unknown>, name: string): number {
  return [...tables.keys()].indexOf(name);
}
