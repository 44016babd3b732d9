import assert from 'node:assert/strict';
import { isBookkeeping, type LogEvent, markerTest, normalInfo } from '../../../internal/topology/pseudo-gtid-event.ts';
import { correlate } from '../../../internal/topology/pseudo-gtid-match.ts';
import { lastMarker, twinOf } from '../../../internal/topology/pseudo-gtid-search.ts';
import { transactionsOf } from '../../../internal/topology/pseudo-gtid-transactions.ts';
import { ANONYMOUS, MARKER, marker, PSEUDO_GTID, rows, type Written, WrittenLog } from '../../support/event-log.ts';

const event = (type: string, info = '', position = 4): LogEvent => ({
  ...{ at: { file: 'bin.000001', position }, type, serverId: 1, info },
  endPosition: position + 10,
});
const statement = (...events: readonly (readonly [string, string])[]): Written => ({ serverId: 1, events });
const shape = { serverId: 2, stride: 10, perFile: 100, number: 5 };
const all = async <T>(from: AsyncIterable<T>): Promise<readonly T[]> => {
  const found: T[] = [];
  for await (const one of from) found.push(one);
  return found;
};
async function* listed(events: readonly LogEvent[]): AsyncGenerator<LogEvent> {
  yield* events;
}
async function* everything(log: WrittenLog): AsyncGenerator<LogEvent> {
  for (const file of await log.binaryLogs()) yield* log.events('binary', file);
}
const read = (log: WrittenLog, skipContaining: readonly string[] = []) =>
  transactionsOf(everything(log), { kind: 'binary', skipContaining });
const filesOf = (log: WrittenLog) => ({
  names: [...log.files.keys()],
  read: (file: string) => log.events('binary', file),
});

describe('what an event says', () => {
  const cases: readonly [name: string, info: string, said: string][] = [
    ['without the number of its transaction', 'COMMIT /* xid=23 */', 'COMMIT'],
    ['without a comment at its end', 'CREATE TABLE t (id INT) /* xid=7 */', 'CREATE TABLE t (id INT)'],
    ['with a comment within', 'DROP /* a */ TABLE `u`', 'DROP /* a */ TABLE `u`'],
    ['without the number of a table', 'table_id: 106 (app.t)', 'table_id: ### (app.t)'],
    [
      'without a flag that only new servers have',
      'table_id: 106 flags: STMT_END_F USE_SQL_FOREIGN_KEY_F',
      'table_id: ### flags: STMT_END_F',
    ],
    ['with one spelling of bytes', "SET @a := _utf8 X'c3a4' COLLATE x", 'SET @a := _utf8 0xc3a4 COLLATE x'],
    ['without the commit number of MariaDB', 'BEGIN GTID 0-1-5 cid=88', 'BEGIN GTID 0-1-5'],
    ['with a comment that itself holds a commit', 'COMMIT /* then */ /* xid=1 */', 'COMMIT'],
  ];
  for (const [name, info, said] of cases) it(name, () => assert.equal(normalInfo(info), said));

  it('is nothing where each server keeps its own books', () => {
    const own = ['Format_desc', 'Rotate', 'Stop', 'Previous_gtids', 'Gtid_list', 'Binlog_checkpoint', 'Heartbeat_v2'];
    assert.deepEqual(
      own.filter((type) => !isBookkeeping(event(type))),
      [],
    );
    assert.deepEqual(
      ['Query', 'Gtid', 'Xid', 'Write_rows_v1'].filter((type) => isBookkeeping(event(type))),
      [],
    );
  });

  it('is a marker by a text or by an expression, and only where it is a statement', () => {
    const settings = { pattern: 'drop.*_pseudo', fixedSubstring: false, monotonicHint: '' };
    const text = `${MARKER}1\``;
    assert.equal(markerTest(settings)(event('Query', text)), true);
    assert.equal(markerTest({ ...settings, fixedSubstring: true })(event('Query', text)), false);
    assert.equal(markerTest(PSEUDO_GTID.marker)(event('Query', text)), true);
    assert.equal(markerTest(PSEUDO_GTID.marker)(event('Rows_query', text)), false);
    assert.equal(markerTest({ ...settings, pattern: '' })(event('Query', text)), false);
  });
});

describe('transactions of a log', () => {
  const ends = async (...transactions: readonly Written[]) => {
    const log = new WrittenLog(transactions, { ...shape, perFile: 2 });
    assert.deepEqual(
      (await all(read(log))).map(({ end }) => end),
      log.ends,
    );
  };
  const gtid = ['Gtid', 'GTID 0-1-2'] as const;

  it('end where the server says that they end, across files', () =>
    ends(marker(1), rows('Write'), rows('Update'), rows('Delete'), marker(2)));
  it('end with COMMIT where tables know no transactions', () =>
    ends(
      statement(ANONYMOUS, ['Query', 'BEGIN'], ['Query', 'INSERT INTO u VALUES (1)'], ['Query', 'COMMIT']),
      marker(3),
    ));
  it('are found where GTIDs of MariaDB begin them', () =>
    ends(
      statement(
        ['Gtid', 'BEGIN GTID 0-1-1'],
        ['Intvar', 'INSERT_ID=4'],
        ['Query', 'INSERT INTO t VALUES (NULL)'],
        ['Xid', 'COMMIT'],
      ),
      statement(gtid, ['Query', 'CREATE TABLE t (id INT)']),
      statement(
        ['Gtid', 'XA START X01 GTID 0-1-3'],
        ['Query', 'INSERT INTO t VALUES (1)'],
        ['XA_prepare', 'XA PREPARE X01'],
      ),
    ));
  it('are found where nothing announces them, as on MySQL 5.6', () =>
    ends(
      statement(['Query', 'BEGIN'], ['Query', 'INSERT 1'], ['Xid', 'COMMIT']),
      statement(['Intvar', 'INSERT_ID=1'], ['Query', 'INSERT 2']),
    ));

  it('are not there while they are unfinished', async () => {
    const log = new WrittenLog([rows('Write'), statement(ANONYMOUS, ['Query', 'BEGIN'])], shape);
    assert.equal((await all(read(log))).length, 1);
  });

  it('in a relay log begin again when a receiver fetches them anew, and in a binary log never do', async () => {
    const events = [
      event('Gtid', "SET @@SESSION.GTID_NEXT= 'a:1'"),
      event('Query', 'BEGIN'),
      event('Gtid', "SET @@SESSION.GTID_NEXT= 'a:1'"),
      event('Query', 'DROP TABLE t'),
    ];
    const inRelay = await all(transactionsOf(listed(events), { kind: 'relay', skipContaining: [] }));
    assert.deepEqual(
      inRelay.map((one) => one.events.length),
      [2],
    );
    await assert.rejects(all(transactionsOf(listed(events), { kind: 'binary', skipContaining: [] })), /does not end/);
  });

  const illegible: readonly [name: string, events: readonly LogEvent[], reason: RegExp][] = [
    ['compressed ones', [event('Transaction_payload')], /compressed/],
    ['an incident', [event('Incident', '#1 (LOST_EVENTS)')], /Incident/],
    ['rows without a transaction', [event('Write_rows', 'table_id: 1')], /out of place/],
    [
      'files of more than 4 GiB',
      [event('Gtid'), { ...event('Query', 'DROP TABLE t', 4_294_967_000), endPosition: 14 }],
      /position can tell/,
    ],
  ];
  for (const [name, events, reason] of illegible)
    it(`are refused: ${name}`, () =>
      assert.rejects(all(transactionsOf(listed(events), { kind: 'binary', skipContaining: [] })), reason));
});

describe('the newest marker', () => {
  const log = new WrittenLog([marker(1), rows('Write'), marker(2), rows('Write'), rows('Update')], {
    ...shape,
    perFile: 2,
  });

  it('is found in an older file where the newer ones have none', async () => {
    const found = await lastMarker(filesOf(log), PSEUDO_GTID.marker);
    assert.match(found?.text ?? '', /00000002/);
    assert.equal(found?.at.file, 'bin2.000002');
  });
  it('is one before the place that counts', async () => {
    const newest = await lastMarker(filesOf(log), PSEUDO_GTID.marker);
    assert.ok(newest);
    const found = await lastMarker(filesOf(log), PSEUDO_GTID.marker, newest.at);
    assert.match(found?.text ?? '', /00000001/);
  });
  it('is not there where nothing is one', async () => {
    assert.equal(await lastMarker(filesOf(new WrittenLog([rows('Write')], shape)), PSEUDO_GTID.marker), undefined);
  });
  it('has a twin in another log, at another place', async () => {
    const other = new WrittenLog([rows('Write'), marker(1), marker(2), marker(3)], {
      ...shape,
      serverId: 3,
      stride: 20,
    });
    const text = (await lastMarker(filesOf(log), PSEUDO_GTID.marker))?.text ?? '';
    assert.deepEqual((await twinOf(filesOf(other), text, PSEUDO_GTID.marker))?.text, text);
    assert.equal(await twinOf(filesOf(other), `${text} `, PSEUDO_GTID.marker), undefined);
  });
  it('is refused where it is not the only one of its text', async () => {
    const twice = new WrittenLog([marker(1), marker(1)], shape);
    const { info } = [...twice.files.values()].flat().find(({ info: text }) => text.startsWith(MARKER)) ?? { info: '' };
    await assert.rejects(twinOf(filesOf(twice), info, PSEUDO_GTID.marker), /more than once/);
  });
  it('is looked for in files with newer markers where nothing says that they grow, or all shall be read', async () => {
    const mixed = new WrittenLog([marker(9), marker(1)], shape);
    const text = marker(1).events[1]?.[1] ?? '';
    assert.equal(await twinOf(filesOf(mixed), text, PSEUDO_GTID.marker), undefined);
    assert.equal((await twinOf(filesOf(mixed), text, PSEUDO_GTID.marker, true))?.text, text);
    assert.equal((await twinOf(filesOf(mixed), text, { ...PSEUDO_GTID.marker, monotonicHint: '' }))?.text, text);
  });
});

describe('two logs', () => {
  const other = { ...shape, serverId: 3, stride: 17, perFile: 2, number: 99 };
  const base = [marker(1), rows('Write'), rows('Update')];
  const compare = (one: readonly Written[], two: readonly Written[], skip: readonly string[] = []) =>
    correlate(read(new WrittenLog(one, shape), skip), read(new WrittenLog(two, other), skip));

  for (const [name, mariadb] of [
    ['Previous_gtids', false],
    ['Gtid_list and Binlog_checkpoint', true],
  ] as const)
    it(`match across the ends of files with ${name}`, async () => {
      const log = new WrittenLog([...base, rows('Delete')], { ...other, mariadb });
      const found = await correlate(read(new WrittenLog(base, shape)), read(log));
      assert.equal(found.kind, 'matched');
      assert.deepEqual(found.kind === 'matched' && found.at, log.ends[2]);
      assert.equal(found.kind === 'matched' && found.transactions, 3);
    });

  it('match where only one of them holds the texts of rows', async () => {
    const noted = statement(
      ...rows('Write').events.flatMap((one) =>
        one[0] === 'Table_map' ? [['Rows_query', '# INSERT'] as const, one] : [one],
      ),
    );
    assert.equal((await compare([marker(1), noted], base)).kind, 'matched');
    assert.equal((await compare(base.slice(0, 2), [marker(1), noted])).kind, 'matched');
  });
  it('match where only the newer server marks transactions without GTID', async () => {
    const old = base.map(({ serverId, events }) => ({ serverId, events: events.slice(1) }));
    assert.equal((await compare(old, base)).kind, 'matched');
    assert.equal((await compare(base, old)).kind, 'matched');
  });
  it('match without events that are told not to count', async () => {
    const beat = (text: string) =>
      statement(ANONYMOUS, ['Query', 'BEGIN'], ['Query', `heartbeat ${text}`], ['Xid', 'COMMIT']);
    assert.equal((await compare([beat('a')], [beat('b')])).kind, 'refused');
    assert.equal((await compare([beat('a')], [beat('b')], ['heartbeat'])).kind, 'matched');
  });

  const refusals: readonly [
    name: string,
    one: readonly Written[],
    two: readonly Written[],
    reason: RegExp,
    ahead: boolean,
  ][] = [
    ['the one has more', [...base, rows('Write')], base, /does not have/, true],
    [
      'rows were changed in another way',
      [marker(1), rows('Write')],
      [marker(1), rows('Delete')],
      /mismatching.*Write_rows.*Delete_rows/,
      false,
    ],
    ['the one took a write itself', [marker(1), rows('Write', 2)], base, /written by server 2 and by server 1/, false],
    [
      'the other took a write itself',
      base,
      [marker(1), rows('Write', 3), ...base.slice(1)],
      /server 1 and by server 3/,
      false,
    ],
    [
      'a GTID differs',
      [statement(['Gtid', 'GTID 0-1-2'], ['Query', 'X'])],
      [statement(['Gtid', 'GTID 0-1-3'], ['Query', 'X'])],
      /GTID 0-1-2.*GTID 0-1-3/,
      false,
    ],
    ['there is nothing to compare', [], base, /no transaction/, false],
  ];
  for (const [name, one, two, reason, ahead] of refusals)
    it(`do not match where ${name}`, async () => {
      const found = await compare(one, two);
      assert.ok(found.kind !== 'matched');
      assert.match(found.reason, reason);
      assert.equal(found.kind, ahead ? 'ahead' : 'refused');
    });
});
