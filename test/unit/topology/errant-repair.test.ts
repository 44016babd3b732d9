import assert from 'node:assert/strict';
import { historyWithout, type LogStart, logsWithErrant } from '../../../internal/topology/errant-repair.ts';
import { GtidSet } from '../../../internal/topology/gtid-set.ts';
import { aMariadbReplica, anInstance, aReplica, mariadbGtid, uuid } from './builders.ts';

const [a, b] = [uuid(1), uuid(2)];
const source = anInstance(1);
const mariadbSource = (state: string) => anInstance(1, { family: 'mariadb', gtid: mariadbGtid(state) });

describe('the history of a replica without its errant transactions', () => {
  for (const [title, found, expected] of [
    [
      'is what is left of its set',
      historyWithout(aReplica(2, `${a}:1-9,${b}:1-3`), `${b}:2-3`, source),
      { kind: 'mysql', executed: `${a}:1-9,${b}:1` },
    ],
    [
      'is refused where nothing would be left',
      historyWithout(aReplica(2, `${b}:1-3`), `${b}:1-3`, source),
      { kind: 'refused', reason: 'nothing that h2:3306 has executed would be left' },
    ],
    [
      'keeps, on MariaDB, where the replica stands, not where its source is by now',
      historyWithout(aMariadbReplica(2, '0-1-5', '', { binlogState: '0-1-5,0-2-6' }), '0-2-6', mariadbSource('0-1-99')),
      { kind: 'mariadb', binlogState: '0-1-5', slavePos: '0-1-5' },
    ],
    [
      'goes back to what the source knows of the same writer',
      historyWithout(
        aMariadbReplica(2, '0-1-5', '', { binlogState: '0-1-5,0-2-6' }),
        '0-2-6',
        mariadbSource('0-1-9,0-2-4'),
      ),
      { kind: 'mariadb', binlogState: '0-1-5,0-2-4', slavePos: '0-1-5' },
    ],
    [
      'is refused where the errant one came by replication',
      historyWithout(aMariadbReplica(2, '0-3-6', '', { binlogState: '0-3-6' }), '0-3-6', mariadbSource('0-1-9')),
      {
        kind: 'refused',
        reason: '0-3-6 came to h2:3306 by replication: its place among others is not known',
      },
    ],
  ] as const)
    it(title, () => assert.deepEqual(found, expected));
});

describe('binary logs with errant transactions', () => {
  const logs = (...before: readonly string[]): readonly LogStart[] =>
    before.map((text, at) => ({ file: `binlog.${at + 1}`, before: text }));
  const CASES: readonly (readonly [string, ReturnType<typeof logsWithErrant>, unknown])[] = [
    [
      'are those before the first that begins after them, and the last one for the rest',
      logsWithErrant('mysql', `${b}:1-3`, logs(`${a}:1`, `${a}:1-2`, `${a}:1-3,${b}:1-2`, `${a}:1-4,${b}:1-2`)),
      ['binlog.2', 'binlog.4'],
    ],
    ['may be one alone', logsWithErrant('mysql', `${b}:1`, logs('', `${b}:1`)), ['binlog.1']],
    [
      'are not told where some are purged',
      logsWithErrant('mysql', `${b}:1-3`, logs(`${b}:1`, `${b}:1-3`)),
      { kind: 'refused', reason: `purged already, at least in part: before binlog.1 there were ${b}:1` },
    ],
    [
      'are those in which a writer got further, beyond what the source has of it, on MariaDB',
      logsWithErrant(
        'mariadb',
        '0-2-6,1-3-9',
        logs('0-1-2', '0-1-5,0-2-3,1-3-1', '0-1-7,0-2-3,1-3-2', '0-1-9,0-2-6,1-3-2'),
        '0-1-9,1-3-2',
      ),
      ['binlog.1', 'binlog.3', 'binlog.4'],
    ],
    [
      'are not told where the first of a writer is purged, on MariaDB',
      logsWithErrant('mariadb', '0-2-6', logs('0-1-2,0-2-3', '0-1-5,0-2-6'), '0-1-9'),
      { kind: 'refused', reason: 'purged already, at least in part: before binlog.1 there were 0-1-2,0-2-3' },
    ],
    [
      'are none without logs',
      logsWithErrant('mysql', `${b}:1`, []),
      { kind: 'refused', reason: 'there are no binary logs' },
    ],
  ];
  for (const [title, found, expected] of CASES) it(title, () => assert.deepEqual(found, expected));
});

describe('a GTID set', () => {
  it('names its transactions one by one', () => {
    assert.deepEqual(
      [...GtidSet.parse(`${b}:3:1-2:t:5,${a}:7`).transactions()],
      [`${a}:7`, `${b}:1`, `${b}:2`, `${b}:3`, `${b}:t:5`],
    );
  });
});
