import assert from 'node:assert/strict';
import type { Instance } from '../../../internal/topology/instance.ts';
import {
  type Comparison,
  compareReceived,
  hasUnapplied,
  holdsAllReceived,
  layersByReceived,
  missingFrom,
} from '../../../internal/topology/received.ts';
import { aMariadbReplica, anInstance, aReplica, mariadbGtid, mysqlGtid, uuid } from './builders.ts';

const U = uuid(1);
const at = (file: string, position: number) => ({ file, position });
const byFile = (n: number, file: string, position: number, more = {}): Instance =>
  aReplica(n, '', '', {
    gtid: mysqlGtid('', { mode: 'OFF' }),
    replication: { gtid: 'none', read: at(file, position), executed: at(file, position), ...more },
  });
const strict = { strictMode: true };
const bare = { logReplicaUpdates: false };

type Case = readonly [title: string, a: Instance, b: Instance, expected: Comparison, missing?: string];

const cases: readonly Case[] = [
  ['equal sets', aReplica(2, `${U}:1-9`), aReplica(3, `${U}:1-9`), 'equal'],
  ['received counts, not applied', aReplica(2, `${U}:1-5`, `${U}:1-9`), aReplica(3, `${U}:1-8`), 'ahead'],
  ['behind', aReplica(2, `${U}:1-5`), aReplica(3, `${U}:1-5`, `${U}:6-7`), 'behind', `${U}:6-7`],
  ['each holds what the other lacks', aReplica(2, `${U}:1-5:7`), aReplica(3, `${U}:1-6`), 'diverged', `${U}:6`],
  ['families do not compare', aReplica(2, `${U}:1`), aMariadbReplica(3, '0-1-1'), 'unknown'],
  ['file numbers are numbers', byFile(2, 'b.1000000', 4), byFile(3, 'b.999999', 900), 'ahead'],
  ['positions in one file', byFile(2, 'b.000001', 4), byFile(3, 'b.000001', 9), 'behind', 'b.000001:9'],
  ['different base names', byFile(2, 'a.000001', 4), byFile(3, 'b.000001', 4), 'unknown'],
  [
    'coordinates of different sources',
    byFile(2, 'b.000001', 4),
    byFile(3, 'b.000001', 9, { source: { hostname: 'other', port: 3306 } }),
    'unknown',
  ],
  [
    'one server counts by GTID and the other does not',
    aReplica(2, `${U}:1-9`, '', { replication: { read: at('b.000001', 50) } }),
    byFile(3, 'b.000001', 40),
    'ahead',
  ],
  ['MariaDB: one writer', aMariadbReplica(2, '0-1-5', '0-1-9'), aMariadbReplica(3, '0-1-8', '0-1-8'), 'ahead'],
  ['MariaDB: empty received after a reset', aMariadbReplica(2, '0-1-5'), aMariadbReplica(3, '0-1-5', '0-1-5'), 'equal'],
  [
    'MariaDB: another last writer that the state knows',
    aMariadbReplica(2, '0-2-12', '0-2-12', { binlogState: '0-1-10,0-2-12' }),
    aMariadbReplica(3, '0-1-10', '0-1-10'),
    'ahead',
  ],
  [
    'MariaDB: a history that split',
    aMariadbReplica(2, '0-2-12', '0-2-12', { binlogState: '0-1-8,0-2-12' }),
    aMariadbReplica(3, '0-1-10', '0-1-10'),
    'diverged',
    '0-1-10',
  ],
  [
    'MariaDB: another last writer, before draining',
    aMariadbReplica(2, '0-1-8', '0-2-12', { binlogState: '0-1-8' }),
    aMariadbReplica(3, '0-1-10', '0-1-10'),
    'unknown',
    '0-1-10',
  ],
  [
    'MariaDB: a server provisioned later lacks nothing for its short state',
    aMariadbReplica(2, '0-2-12', '0-2-12', { binlogState: '0-2-12' }),
    aMariadbReplica(3, '0-2-12', '0-2-12', { binlogState: '0-1-10,0-2-12' }),
    'equal',
  ],
  [
    'MariaDB: domains are independent',
    aMariadbReplica(2, '0-1-9,1-1-3'),
    aMariadbReplica(3, '0-1-8,1-1-4'),
    'diverged',
    '1-1-4',
  ],
  [
    'MariaDB: an own write nobody else has',
    aMariadbReplica(2, '0-1-9', '0-1-9', { binlogPos: '0-2-10', binlogState: '0-1-9,0-2-10' }),
    aMariadbReplica(3, '0-1-9'),
    'ahead',
  ],
  [
    'MariaDB: sequences decide in strict mode without a record of writers',
    aMariadbReplica(2, '0-2-12', '', strict, bare),
    aMariadbReplica(3, '0-1-10', '', strict, bare),
    'ahead',
  ],
  [
    'MariaDB: sequences decide nothing outside strict mode',
    aMariadbReplica(2, '0-2-12', '', {}, bare),
    aMariadbReplica(3, '0-1-10', '', {}, bare),
    'unknown',
    '0-1-10',
  ],
  [
    'MariaDB: writes of its own say nothing of what it received, without a record of writers',
    aMariadbReplica(2, '0-9-8', '', { ...strict, binlogPos: '0-2-12', binlogState: '0-2-12' }, bare),
    aMariadbReplica(3, '0-1-10', '', { ...strict, binlogPos: '' }),
    'diverged',
    '0-1-10',
  ],
  [
    'MariaDB: a write of its own is not held by whoever has a higher sequence and no record of writers',
    aMariadbReplica(2, '0-1-12', '', strict, bare),
    aMariadbReplica(3, '0-1-8', '', { ...strict, binlogPos: '0-3-9', binlogState: '0-1-8,0-3-9' }),
    'unknown',
    '0-3-9',
  ],
];

const REVERSED: Readonly<Record<Comparison, Comparison>> = {
  equal: 'equal',
  ahead: 'behind',
  behind: 'ahead',
  diverged: 'diverged',
  unknown: 'unknown',
};

describe('compareReceived', () => {
  for (const [title, a, b, expected, missing = ''] of cases) {
    it(`${title}: ${expected}`, () => {
      assert.equal(compareReceived(a, b), expected);
      assert.equal(compareReceived(b, a), REVERSED[expected]);
      if (expected !== 'unknown') assert.equal(holdsAllReceived(a, b), expected === 'equal' || expected === 'ahead');
      assert.equal(missingFrom(a, b), missing);
    });
  }
});

describe('layersByReceived', () => {
  it('peels off what nobody else contains', () => {
    const servers = [
      aReplica(2, `${U}:1-5`),
      aReplica(3, `${U}:1-9:11`),
      aReplica(4, `${U}:1-10`),
      aReplica(5, `${U}:1-8`),
    ];
    const hosts = layersByReceived(servers).map((layer) => layer.map(({ key }) => key.hostname));
    assert.deepEqual(hosts, [['h3', 'h4'], ['h5'], ['h2']]);
  });
  it('has no layers without servers', () => assert.deepEqual(layersByReceived([]), []));
});

describe('hasUnapplied', () => {
  const table: readonly [title: string, instance: Instance, expected: boolean][] = [
    ['not for a primary', anInstance(1, { gtid: mysqlGtid(`${U}:1-3`) }), false],
    ['not when all retrieved is executed', aReplica(2, `${U}:1-5`, `${U}:3-5`), false],
    ['when something retrieved is not executed', aReplica(2, `${U}:1-5`, `${U}:3-6`), true],
    [
      'by GTID where coordinates say otherwise',
      aReplica(2, `${U}:1-5`, `${U}:3-5`, { replication: { read: at('b.000002', 9) } }),
      false,
    ],
    ['not with equal coordinates', byFile(2, 'b.000001', 9), false],
    ['with read beyond executed', byFile(2, 'b.000001', 9, { executed: at('b.000001', 5) }), true],
    ['not for MariaDB after a reset', aMariadbReplica(2, '0-1-5', ''), false],
    ['not for MariaDB after a stop with all applied', aMariadbReplica(2, '0-1-5', '0-1-5'), false],
    ['for MariaDB received beyond applied', aMariadbReplica(2, '0-1-5', '0-1-6'), true],
    ['for MariaDB received from a new writer', aMariadbReplica(2, '0-1-5', '0-2-6'), true],
    ['for MariaDB in a domain new to it', aMariadbReplica(2, '0-1-5', '0-1-5,1-1-1'), true],
    ['not for MariaDB received long ago', aMariadbReplica(2, '0-2-6', '0-1-5', { binlogState: '0-1-5,0-2-6' }), false],
    [
      'for MariaDB by file and position',
      anInstance(2, {
        family: 'mariadb',
        gtid: mariadbGtid('0-1-5'),
        replication: byFile(2, 'b.000001', 9, { executed: at('b.000001', 5) }).replication,
      }),
      true,
    ],
  ];
  for (const [title, instance, expected] of table) {
    it(title, () => assert.equal(hasUnapplied(instance), expected));
  }
});
