import assert from 'node:assert/strict';
import { type Dialect, dialectOf } from '../../../internal/mysql/dialect.ts';
import { probeStatements } from '../../../internal/mysql/probe-statements.ts';

type Words = Pick<
  Dialect,
  | 'showReplication'
  | 'showOwnCoordinates'
  | 'showReplicas'
  | 'startReplication'
  | 'forgetSource'
  | 'changeSource'
  | 'publicKeyOption'
  | 'demoteOption'
  | 'waitForPosition'
>;

const OLD: Words = {
  showReplication: 'SHOW SLAVE STATUS',
  showOwnCoordinates: 'SHOW MASTER STATUS',
  showReplicas: 'SHOW SLAVE HOSTS',
  startReplication: 'START SLAVE',
  forgetSource: 'RESET SLAVE ALL',
  changeSource: 'CHANGE MASTER TO',
  publicKeyOption: undefined,
  demoteOption: undefined,
  waitForPosition: 'MASTER_POS_WAIT',
};
const REPLICA: Words = {
  ...OLD,
  showReplication: 'SHOW REPLICA STATUS',
  showReplicas: 'SHOW REPLICAS',
  startReplication: 'START REPLICA',
  forgetSource: 'RESET REPLICA ALL',
  publicKeyOption: 'GET_MASTER_PUBLIC_KEY',
};
const SOURCE: Words = {
  ...REPLICA,
  changeSource: 'CHANGE REPLICATION SOURCE TO',
  publicKeyOption: 'GET_SOURCE_PUBLIC_KEY',
};
const NEW: Words = { ...SOURCE, waitForPosition: 'SOURCE_POS_WAIT', showOwnCoordinates: 'SHOW BINARY LOG STATUS' };
const MARIADB: Words = { ...OLD, showReplication: 'SHOW ALL SLAVES STATUS' };

describe('dialect', () => {
  for (const [version, words] of [
    ['5.7.44-log', OLD],
    ['8.0.3', OLD],
    ['8.0.4', { ...OLD, publicKeyOption: 'GET_MASTER_PUBLIC_KEY' }],
    ['8.0.21', { ...OLD, publicKeyOption: 'GET_MASTER_PUBLIC_KEY' }],
    ['8.0.22', REPLICA],
    ['8.0.23', SOURCE],
    ['8.0.26', { ...SOURCE, waitForPosition: 'SOURCE_POS_WAIT' }],
    ['8.0.36-28 Percona Server', { ...SOURCE, waitForPosition: 'SOURCE_POS_WAIT' }],
    ['8.1.0', { ...SOURCE, waitForPosition: 'SOURCE_POS_WAIT' }],
    ['8.2.0', NEW],
    ['8.4.3', NEW],
    ['9.7.4-2', NEW],
    ['26.1.0', NEW],
    ['10.5.23-MariaDB', MARIADB],
    ['5.5.5-10.9.8-MariaDB-log', MARIADB],
    ['10.10.2-MariaDB', { ...MARIADB, demoteOption: 'MASTER_DEMOTE_TO_SLAVE = 1' }],
    ['11.4.2-MariaDB', { ...MARIADB, demoteOption: 'MASTER_DEMOTE_TO_SLAVE = 1' }],
    ['12.0.2-MariaDB', { ...MARIADB, demoteOption: 'MASTER_DEMOTE_TO_SLAVE = 1' }],
  ] as const) {
    it(`of ${version}`, () => {
      const dialect = dialectOf(version);
      for (const [name, expected] of Object.entries(words)) assert.equal(dialect[name as keyof Words], expected, name);
    });
  }

  it('asks for the group only where there is such a table', () => {
    const parts = (version: string) => probeStatements(dialectOf(version)).map(({ part }) => part);
    assert.ok(!parts('5.7.44').includes('group'));
    assert.ok(parts('8.0.36').includes('group'));
    assert.deepEqual(parts('10.11.19-MariaDB'), [
      'gtid',
      'variables',
      'status',
      'replication',
      'ownCoordinates',
      'dumpSessions',
      'replicas',
      'grants',
    ]);
  });

  it('puts the parts that cannot fail first', () => {
    const essential = probeStatements(dialectOf('9.7.4')).map((statement) => statement.essential);
    assert.deepEqual(essential.slice(0, 4), [true, true, false, true]);
    assert.ok(!essential.slice(4).includes(true));
  });
});
