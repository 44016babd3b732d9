import assert from 'node:assert/strict';
import { dialectOf } from '../../../internal/mysql/dialect.ts';
import { MysqlOperatorSession } from '../../../internal/mysql/operator-session.ts';
import type { Row } from '../../../internal/mysql/server-connection.ts';
import type { Instance, ServerFamily } from '../../../internal/topology/instance.ts';
import { aMariadbReplica, anInstance, aReplica, uuid } from '../topology/builders.ts';

type Session = MysqlOperatorSession;
type Rows = readonly Row[];

const source = { hostname: 'h9', port: 3307 };
const at = { file: 'binlog.000007', position: 120 };
const login = { user: 'repl', password: "it's secret" };
const executed = `${uuid(1)}:1-5`;

const replica = (family: ServerFamily, version: string, channel = ''): Instance =>
  family === 'mariadb'
    ? { ...aMariadbReplica(2, '0-1-5', '0-1-6'), version }
    : aReplica(2, executed, '', { version, replication: { channel, receiver: 'running', heartbeatSeconds: 2 } });

/** By file and position, failed at an event. */
const byPosition = (version: string): Instance => {
  const one = replica('mysql', version);
  const semiSync = { ...one.semiSync, available: true };
  return { ...one, semiSync, replication: one.replication && { ...one.replication, gtid: 'none', applier: 'stopped' } };
};

/** What a session sends to a server that is as given, and is answered `rows` whatever it asks. */
async function sent(
  instance: Instance,
  work: (session: Session) => Promise<unknown>,
  rows: Rows = [],
): Promise<readonly string[]> {
  const seen: string[] = [];
  const line = {
    read: async () => instance,
    run: async (sql: string) => {
      seen.push(sql);
      return rows;
    },
  };
  const session = new MysqlOperatorSession(line, dialectOf(instance.version), '', instance);
  await work(session);
  assert.equal(session.statements.length, seen.length, 'whatever was sent is told');
  return session.statements;
}

const OLD = '5.7.44-log';
const NEW = '9.7.4';
const MARIA = '10.11.19-MariaDB';

const everything: Readonly<Record<string, (session: Session) => Promise<unknown>>> = {
  stop: (session) => session.stopReplication(),
  'stop receiving': (session) => session.stopReceiver(),
  'start receiving': (session) => session.startReceiver(),
  start: (session) => session.startReplication(),
  'start until a position': (session) => session.startUntil(at),
  'forget the source': (session) => session.forgetSource(),
  'read-only': (session) => session.setReadOnly(true, true),
  writable: (session) => session.setReadOnly(false, false),
  delay: (session) => session.setDelay(30),
  login: (session) => session.setLogin(login),
  'another source by GTID': (session) => session.follow(source, 'gtid'),
  'another source at a position': (session) => session.follow(source, at),
  'kill a query': (session) => session.killQuery(42),
  'begin a binary log': (session) => session.flushBinaryLogs(),
  'delete binary logs': (session) => session.purgeBinaryLogs('binlog.000003'),
  'forget the history': (session) => session.forgetHistory(),
};

const WORDS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  [OLD]: {
    stop: ['STOP SLAVE'],
    'stop receiving': ['STOP SLAVE IO_THREAD'],
    'start receiving': ['START SLAVE IO_THREAD'],
    start: ['START SLAVE'],
    'start until a position': ["START SLAVE UNTIL MASTER_LOG_FILE = 'binlog.000007', MASTER_LOG_POS = 120"],
    'forget the source': ['STOP SLAVE', 'RESET SLAVE ALL'],
    'read-only': ['SET GLOBAL read_only = 1', 'SET GLOBAL super_read_only = 1'],
    writable: ['SET GLOBAL read_only = 0'],
    delay: ['STOP SLAVE SQL_THREAD', 'CHANGE MASTER TO MASTER_DELAY = 30', 'START SLAVE SQL_THREAD'],
    login: ['STOP SLAVE IO_THREAD', "CHANGE MASTER TO MASTER_USER = 'repl', MASTER_PASSWORD = '<hidden>'"],
    'another source by GTID': [
      'STOP SLAVE IO_THREAD',
      "CHANGE MASTER TO MASTER_HOST = 'h9', MASTER_PORT = 3307, MASTER_HEARTBEAT_PERIOD = 2",
    ],
    'another source at a position': [
      'STOP SLAVE',
      "CHANGE MASTER TO MASTER_HOST = 'h9', MASTER_PORT = 3307, MASTER_HEARTBEAT_PERIOD = 2, MASTER_LOG_FILE = 'binlog.000007', MASTER_LOG_POS = 120, MASTER_AUTO_POSITION = 0",
    ],
    'kill a query': ['KILL QUERY 42'],
    'begin a binary log': ['FLUSH BINARY LOGS'],
    'delete binary logs': ["PURGE BINARY LOGS TO 'binlog.000003'"],
    'forget the history': ['RESET MASTER'],
  },
  [NEW]: {
    stop: ['STOP REPLICA'],
    'stop receiving': ['STOP REPLICA IO_THREAD'],
    'start receiving': ['START REPLICA IO_THREAD'],
    start: ['START REPLICA'],
    'start until a position': ["START REPLICA UNTIL SOURCE_LOG_FILE = 'binlog.000007', SOURCE_LOG_POS = 120"],
    'forget the source': ['STOP REPLICA', 'RESET REPLICA ALL'],
    'read-only': ['SET GLOBAL read_only = 1', 'SET GLOBAL super_read_only = 1'],
    writable: ['SET GLOBAL read_only = 0'],
    delay: ['STOP REPLICA SQL_THREAD', 'CHANGE REPLICATION SOURCE TO SOURCE_DELAY = 30', 'START REPLICA SQL_THREAD'],
    login: [
      'STOP REPLICA IO_THREAD',
      "CHANGE REPLICATION SOURCE TO SOURCE_USER = 'repl', SOURCE_PASSWORD = '<hidden>'",
    ],
    'another source by GTID': [
      'STOP REPLICA IO_THREAD',
      "CHANGE REPLICATION SOURCE TO SOURCE_HOST = 'h9', SOURCE_PORT = 3307, SOURCE_HEARTBEAT_PERIOD = 2",
    ],
    'another source at a position': [
      'STOP REPLICA',
      "CHANGE REPLICATION SOURCE TO SOURCE_HOST = 'h9', SOURCE_PORT = 3307, SOURCE_HEARTBEAT_PERIOD = 2, SOURCE_LOG_FILE = 'binlog.000007', SOURCE_LOG_POS = 120, SOURCE_AUTO_POSITION = 0",
    ],
    'kill a query': ['KILL QUERY 42'],
    'begin a binary log': ['FLUSH BINARY LOGS'],
    'delete binary logs': ["PURGE BINARY LOGS TO 'binlog.000003'"],
    'forget the history': ['RESET BINARY LOGS AND GTIDS'],
  },
  [MARIA]: {
    stop: ['STOP SLAVE'],
    'stop receiving': ['STOP SLAVE IO_THREAD'],
    'start receiving': ['START SLAVE IO_THREAD'],
    start: ['START SLAVE'],
    'start until a position': ["START SLAVE UNTIL MASTER_LOG_FILE = 'binlog.000007', MASTER_LOG_POS = 120"],
    'forget the source': ['STOP SLAVE', 'RESET SLAVE ALL'],
    'read-only': ['SET GLOBAL read_only = 1'],
    writable: ['SET GLOBAL read_only = 0'],
    delay: ['STOP SLAVE', 'CHANGE MASTER TO MASTER_DELAY = 30', 'START SLAVE SQL_THREAD'],
    login: ['STOP SLAVE', "CHANGE MASTER TO MASTER_USER = 'repl', MASTER_PASSWORD = '<hidden>'"],
    'another source by GTID': [
      'STOP SLAVE',
      "CHANGE MASTER TO MASTER_HOST = 'h9', MASTER_PORT = 3307, MASTER_USE_GTID = slave_pos",
    ],
    'another source at a position': [
      'STOP SLAVE',
      "CHANGE MASTER TO MASTER_HOST = 'h9', MASTER_PORT = 3307, MASTER_LOG_FILE = 'binlog.000007', MASTER_LOG_POS = 120, MASTER_USE_GTID = no",
    ],
    'kill a query': ['KILL QUERY 42'],
    'begin a binary log': ['FLUSH BINARY LOGS'],
    'delete binary logs': ["PURGE BINARY LOGS TO 'binlog.000003'"],
    'forget the history': ['RESET MASTER'],
  },
};

describe('what an operation sends', () => {
  for (const [version, expected] of Object.entries(WORDS))
    for (const [name, work] of Object.entries(everything))
      it(`to ${version}: ${name}`, async () => {
        const family = version.includes('MariaDB') ? 'mariadb' : 'mysql';
        assert.deepEqual(await sent(replica(family, version), work), expected[name]);
      });

  const ONES: readonly (readonly [
    string,
    Instance,
    (session: Session) => Promise<unknown>,
    Rows,
    readonly string[],
  ])[] = [
    [
      'about a channel by its name, in the old words',
      replica('mysql', OLD, 'east'),
      async (session) => {
        await session.stopReplication();
        await session.startUntil(at);
        await session.follow(source, 'gtid');
      },
      [],
      [
        "STOP SLAVE FOR CHANNEL 'east'",
        "START SLAVE UNTIL MASTER_LOG_FILE = 'binlog.000007', MASTER_LOG_POS = 120 FOR CHANNEL 'east'",
        "STOP SLAVE IO_THREAD FOR CHANNEL 'east'",
        "CHANGE MASTER TO MASTER_HOST = 'h9', MASTER_PORT = 3307, MASTER_HEARTBEAT_PERIOD = 2 FOR CHANNEL 'east'",
      ],
    ],
    [
      'to wait for what was received by position, in the old words',
      byPosition(OLD),
      (session) => session.drain(2_000),
      [{ result: 0 }],
      ['STOP SLAVE IO_THREAD', 'START SLAVE SQL_THREAD', "SELECT MASTER_POS_WAIT('binlog.000001', 100, 1) AS result"],
    ],
    [
      'to have a former source follow at a position: over a connection that is not secured its password needs the public key',
      { ...replica('mysql', '8.4.3'), replication: undefined },
      (session) => session.follow(source, at, login),
      [],
      [
        "CHANGE REPLICATION SOURCE TO SOURCE_HOST = 'h9', SOURCE_PORT = 3307, SOURCE_LOG_FILE = 'binlog.000007', SOURCE_LOG_POS = 120, SOURCE_USER = 'repl', SOURCE_PASSWORD = '<hidden>', GET_SOURCE_PUBLIC_KEY = 1",
      ],
    ],
    [
      'to switch to GTID, in the old words',
      byPosition(OLD),
      (session) => session.follow(source, 'gtid'),
      [],
      [
        'STOP SLAVE',
        "CHANGE MASTER TO MASTER_HOST = 'h9', MASTER_PORT = 3307, MASTER_HEARTBEAT_PERIOD = 2, MASTER_AUTO_POSITION = 1",
      ],
    ],
    [
      'to skip an event by position, in the old words',
      byPosition(OLD),
      (session) => session.skipQuery(),
      [],
      ['STOP SLAVE', 'SET GLOBAL sql_slave_skip_counter = 1'],
    ],
    [
      'to acknowledge what is received, with the old plugin: the receiver connects anew',
      byPosition(OLD),
      (session) => session.setSemiSyncReplica(true),
      [],
      ['SET GLOBAL rpl_semi_sync_slave_enabled = 1', 'STOP SLAVE IO_THREAD', 'START SLAVE IO_THREAD'],
    ],
    [
      'to have writes wait, with the old plugin',
      byPosition(OLD),
      (session) => session.setSemiSyncSource(true),
      [],
      ['SET GLOBAL rpl_semi_sync_master_enabled = 1'],
    ],
    [
      'to write a missing transaction as an empty one',
      anInstance(1, { version: OLD }),
      (session) => session.writeEmpty(`${uuid(3)}:7`),
      [{ held: 0 }],
      [
        `SELECT GTID_SUBSET('${uuid(3)}:7', @@global.gtid_executed) AS held`,
        `SET SESSION GTID_NEXT = '${uuid(3)}:7'`,
        'BEGIN',
        'COMMIT',
        "SET SESSION GTID_NEXT = 'AUTOMATIC'",
      ],
    ],
    [
      'nothing to write one that is there by now',
      anInstance(1, { version: OLD }),
      (session) => session.writeEmpty(`${uuid(3)}:7`),
      [{ held: 1 }],
      [`SELECT GTID_SUBSET('${uuid(3)}:7', @@global.gtid_executed) AS held`],
    ],
    [
      'to tell a MySQL server its history anew',
      replica('mysql', OLD),
      (session) => session.rememberHistory({ kind: 'mysql', executed }),
      [],
      [`SET GLOBAL gtid_purged = '${executed}'`],
    ],
    [
      'to tell a MariaDB server its history anew',
      replica('mariadb', MARIA),
      (session) => session.rememberHistory({ kind: 'mariadb', binlogState: '0-1-5', slavePos: '0-1-5' }),
      [],
      ["SET GLOBAL gtid_binlog_state = '0-1-5'", "SET GLOBAL gtid_slave_pos = '0-1-5'"],
    ],
  ];
  for (const [title, instance, work, rows, expected] of ONES)
    it(title, async () => assert.deepEqual(await sent(instance, work, rows), expected));
});

describe('a replica that is to apply all that it has received', () => {
  const begun = { file: 'binlog.000001', position: 300 };
  const one = aReplica(2, executed, '', {
    version: NEW,
    replication: { read: begun, executed: { ...begun, position: 100 } },
  });
  for (const [title, reached, drained] of [
    ['has, once it is known where its appliers stand', 0, true],
    ['has not where its applier stops meanwhile', null, false],
  ] as const)
    it(title, async () => {
      const seen: string[] = [];
      const line = {
        read: async () => one,
        run: async (sql: string) => {
          seen.push(sql);
          return [{ result: sql.includes('_POS_WAIT') ? reached : 0 }];
        },
      };
      assert.equal(await new MysqlOperatorSession(line, dialectOf(NEW), '', one).drain(2_000), drained);
      assert.ok(!seen.some((sql) => sql.startsWith('START ')), seen.join('\n'));
    });
});
