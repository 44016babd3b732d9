import assert from 'node:assert/strict';
import { errantGtids } from '../../../internal/topology/errant.ts';
import type { Instance } from '../../../internal/topology/instance.ts';
import { aMariadbReplica, anInstance, aReplica, aReplication, mariadbGtid, mysqlGtid, uuid } from './builders.ts';

const [U1, U2, U9] = [uuid(1), uuid(2), uuid(9)];
const source = anInstance(1, { gtid: mysqlGtid(`${U1}:1-100,${U9}:1-5`) });
const maria = (state: string) => anInstance(1, { family: 'mariadb', gtid: mariadbGtid('', { binlogState: state }) });
const coPrimary = { ...source, replication: aReplication({ source: { hostname: 'h2', port: 3306 } }) };

type Case = readonly [title: string, replica: Instance, source: Instance, ancestors: readonly string[], errant: string];

const cases: readonly Case[] = [
  ['none', aReplica(2, `${U1}:1-99,${U9}:1-5`), source, [U1], ''],
  ['newer transactions of the source', aReplica(2, `${U1}:1-120`), source, [U1], ''],
  ['own writes', aReplica(2, `${U1}:1-99,${U2}:1-3`), source, [U1], `${U2}:1-3`],
  ['own writes, tagged', aReplica(2, `${U2}:x:1`), source, [U1], `${U2}:x:1`],
  ['what a former source had and the present lacks', aReplica(2, `${U9}:1-7`), source, [U1], `${U9}:6-7`],
  ['what an ancestor wrote', aReplica(3, `${U1}:1,${U2}:1`), source, [U1, U2], ''],
  ['own writes of a co-primary', aReplica(2, `${U2}:1-3`), coPrimary, [U1, U2], ''],
  ['MariaDB: none', aMariadbReplica(2, '0-1-9'), maria('0-1-8'), ['1'], ''],
  [
    'MariaDB: own writes',
    aMariadbReplica(2, '0-1-9', '', { binlogState: '0-1-9,0-2-10' }),
    maria('0-1-9'),
    ['1'],
    '0-2-10',
  ],
  ['MariaDB: own writes the source has', aMariadbReplica(2, '0-2-10'), maria('0-1-9,0-2-10'), ['1'], ''],
  ['MariaDB: writes of a stranger', aMariadbReplica(2, '0-7-3'), maria('0-1-9,0-7-2'), ['1'], '0-7-3'],
];

describe('errantGtids', () => {
  for (const [title, replica, above, ancestors, errant] of cases) {
    it(`${title}: "${errant}"`, () => assert.equal(errantGtids(replica, above, ancestors, true), errant));
  }
  it('does not measure by the last words of a dead source', () => {
    assert.equal(errantGtids(aReplica(2, `${U2}:1`), source, [U1], false), '');
  });
});
