import assert from 'node:assert/strict';
import { dialectOf } from '../../../internal/mysql/dialect.ts';
import { RehearsalServers } from '../../../internal/mysql/rehearsal.ts';
import { type Line, MysqlSession } from '../../../internal/mysql/session.ts';
import { OrchestratorError } from '../../../internal/runtime/errors.ts';
import type { Instance } from '../../../internal/topology/instance.ts';
import { aMariadbReplica, anInstance, aReplica, aReplication, mysqlGtid, uuid } from '../topology/builders.ts';

const source = { hostname: 'h9', port: 3307 };
const login = { user: 'repl', password: "it's secret" };
const { signal } = new AbortController();

/** What a session sends to a server that is as given. */
async function sent(instance: Instance, work: (session: MysqlSession) => Promise<unknown>): Promise<readonly string[]> {
  const servers = new RehearsalServers([instance], '');
  return servers.change(instance.key, 0, signal, async (session) => {
    await work(session);
    return session.statements;
  });
}

const executed = `${uuid(1)}:1-5`;
const mysql = (version: string) =>
  aReplica(2, executed, `${uuid(1)}:1-6`, { version, replication: { heartbeatSeconds: 2 } });
const mariadb = (version: string) => ({ ...aMariadbReplica(2, '0-1-5', '0-1-6'), version });

/** A replica by file and position, so that waiting names the channel too. */
const onChannel = (instance: Instance, channel: string): Instance => ({
  ...instance,
  replication: instance.replication && { ...instance.replication, channel, gtid: 'none', applier: 'stopped' },
});

function byPosition(applier: 'running' | 'stopped'): Instance {
  const read = { file: 'binlog.000001', position: 300 };
  return aReplica(2, '', '', { version: '9.7.4', replication: { heartbeatSeconds: 2, gtid: 'none', applier, read } });
}

const withoutGtids = anInstance(9, {
  gtid: mysqlGtid('', { mode: 'OFF' }),
  ownCoordinates: { file: 'binlog.000003', position: 30 },
});

const ABOUT_REPLICATION: Readonly<Record<string, (session: MysqlSession) => Promise<unknown>>> = {
  stopReceiver: (session) => session.stopReceiver(),
  drain: (session) => session.drain(1_000),
  pointTo: (session) => session.pointTo(source),
  startReplication: (session) => session.startReplication(),
  forgetSource: (session) => session.forgetSource(),
};

async function everything(session: MysqlSession, below = source): Promise<void> {
  await session.stopReceiver();
  await session.drain(1_000);
  await session.pointTo(below);
  await session.startReplication();
  await session.replicationLogin();
  await session.forgetSource();
}

describe('what a session sends', () => {
  for (const [title, instance, work, expected] of [
    [
      'to point a replica elsewhere, MySQL 9',
      mysql('9.7.4'),
      (session) => session.pointTo(source),
      [
        'STOP REPLICA IO_THREAD',
        "CHANGE REPLICATION SOURCE TO SOURCE_HOST = 'h9', SOURCE_PORT = 3307, SOURCE_HEARTBEAT_PERIOD = 2",
      ],
    ],
    [
      'to point a replica elsewhere, MySQL 5.7',
      mysql('5.7.44'),
      (session) => session.pointTo(source),
      ['STOP SLAVE IO_THREAD', "CHANGE MASTER TO MASTER_HOST = 'h9', MASTER_PORT = 3307, MASTER_HEARTBEAT_PERIOD = 2"],
    ],
    [
      'to point a replica elsewhere, MariaDB',
      mariadb('10.11.19-MariaDB'),
      (session) => session.pointTo(source),
      ['STOP SLAVE', "CHANGE MASTER TO MASTER_HOST = 'h9', MASTER_PORT = 3307, MASTER_USE_GTID = slave_pos"],
    ],
    [
      'to have a receiver connect anew: in one packet, which the server carries out to its end without us',
      mysql('9.7.4'),
      (session) => session.restartReceiver(),
      ['STOP REPLICA IO_THREAD; START REPLICA IO_THREAD'],
    ],
    [
      'to have the receiver of a named connection connect anew, MariaDB',
      onChannel(mariadb('10.11.19-MariaDB'), 'b'),
      (session) => session.restartReceiver(),
      ["STOP SLAVE 'b' IO_THREAD; START SLAVE 'b' IO_THREAD"],
    ],
    [
      'to detach a replica by file and position, whose applier goes on, MySQL: all that it received stays received',
      byPosition('running'),
      (session) => session.detachSource(),
      [
        'STOP REPLICA IO_THREAD',
        "CHANGE REPLICATION SOURCE TO SOURCE_HOST = '//primary', SOURCE_PORT = 3306, SOURCE_HEARTBEAT_PERIOD = 2, SOURCE_LOG_FILE = 'binlog.000001', SOURCE_LOG_POS = 300",
      ],
    ],
    [
      'to detach one whose applier stands still: the server throws away what it received',
      byPosition('stopped'),
      (session) => session.detachSource(),
      [
        'STOP REPLICA IO_THREAD',
        "CHANGE REPLICATION SOURCE TO SOURCE_HOST = '//primary', SOURCE_PORT = 3306, SOURCE_HEARTBEAT_PERIOD = 2, SOURCE_LOG_FILE = 'binlog.000001', SOURCE_LOG_POS = 100",
      ],
    ],
    [
      'to have a replica by file and position go on at another place: nothing moves meanwhile',
      byPosition('running'),
      (session) => session.pointTo(source, undefined, { file: 'bin.000009', position: 77 }),
      [
        'STOP REPLICA',
        "CHANGE REPLICATION SOURCE TO SOURCE_HOST = 'h9', SOURCE_PORT = 3307, SOURCE_HEARTBEAT_PERIOD = 2, SOURCE_LOG_FILE = 'bin.000009', SOURCE_LOG_POS = 77",
      ],
    ],
    [
      'to have a replica by file and position go by GTID',
      byPosition('running'),
      (session) => session.pointTo(source, undefined, 'gtid'),
      [
        'STOP REPLICA',
        "CHANGE REPLICATION SOURCE TO SOURCE_HOST = 'h9', SOURCE_PORT = 3307, SOURCE_HEARTBEAT_PERIOD = 2, SOURCE_AUTO_POSITION = 1",
      ],
    ],
    [
      'to have a former primary without GTIDs go on at a place',
      anInstance(2, { gtid: mysqlGtid('', { mode: 'OFF' }) }),
      (session) => session.pointTo(source, login, { file: 'bin.000009', position: 77 }),
      [
        "CHANGE REPLICATION SOURCE TO SOURCE_HOST = 'h9', SOURCE_PORT = 3307, SOURCE_USER = 'repl', SOURCE_PASSWORD = '<hidden>', SOURCE_LOG_FILE = 'bin.000009', SOURCE_LOG_POS = 77, GET_SOURCE_PUBLIC_KEY = 1",
      ],
    ],
    [
      'to wait for what its source has written, without GTIDs',
      byPosition('running'),
      (session) => session.waitApplied({ ...withoutGtids, serverUuid: uuid(1) }, 1500),
      ["SELECT SOURCE_POS_WAIT('binlog.000003', 30, 2) AS result"],
    ],
    [
      'to wait for what a sibling has received, without GTIDs',
      byPosition('running'),
      (session) => session.waitApplied({ ...byPosition('running'), gtid: withoutGtids.gtid }, 1500),
      ["SELECT SOURCE_POS_WAIT('binlog.000001', 300, 2) AS result"],
    ],
    [
      'to wait for a stranger without GTIDs: nothing, since nobody can tell',
      byPosition('running'),
      async (session) => assert.equal(await session.waitApplied(withoutGtids, 1500), false),
      [],
    ],
    [
      'to make a former primary a replica, MySQL 8.4: no password in sight',
      anInstance(2),
      (session) => session.pointTo(source, login),
      [
        "CHANGE REPLICATION SOURCE TO SOURCE_HOST = 'h9', SOURCE_PORT = 3307, SOURCE_USER = 'repl', SOURCE_PASSWORD = '<hidden>', SOURCE_AUTO_POSITION = 1, GET_SOURCE_PUBLIC_KEY = 1",
      ],
    ],
    [
      'to make a former primary a replica, MariaDB',
      { ...mariadb('10.11.19-MariaDB'), replication: undefined },
      (session) => session.pointTo(source, login),
      [
        'STOP SLAVE',
        "CHANGE MASTER TO MASTER_HOST = 'h9', MASTER_PORT = 3307, MASTER_USER = 'repl', MASTER_PASSWORD = '<hidden>', MASTER_USE_GTID = slave_pos, MASTER_DEMOTE_TO_SLAVE = 1",
      ],
    ],
    [
      'to drain by position within less than a second: 0 would be for ever, and MariaDB knows whole seconds only',
      onChannel(mariadb('10.11.19-MariaDB'), ''),
      (session) => session.drain(300),
      ['START SLAVE SQL_THREAD', "SELECT MASTER_POS_WAIT('binlog.000001', 100, 1) AS result"],
    ],
    [
      'to drain without waiting, MySQL',
      mysql('9.7.4'),
      (session) => session.drain(0),
      [`SELECT WAIT_FOR_EXECUTED_GTID_SET('${uuid(1)}:1-6', 0.001) AS result`],
    ],
    [
      'to drain, MySQL',
      mysql('9.7.4'),
      (session) => session.drain(1500),
      [`SELECT WAIT_FOR_EXECUTED_GTID_SET('${uuid(1)}:1-6', 1.5) AS result`],
    ],
    [
      'to drain a stopped applier, MariaDB',
      aMariadbReplica(
        2,
        '0-1-5',
        '',
        {},
        { replication: { ...aReplica(2, '').replication!, gtid: 'mariadb', applier: 'stopped', received: '0-1-6' } },
      ),
      (session) => session.drain(1500),
      ['START SLAVE SQL_THREAD', "SELECT MASTER_GTID_WAIT('0-1-6', 1.5) AS result"],
    ],
    [
      'to drain where semi-sync would wait for nobody',
      {
        ...mysql('9.7.4'),
        semiSync: {
          ...anInstance(2).semiSync,
          available: true,
          sourceEnabled: true,
          sourceActive: true,
          sourcePluginNew: true,
        },
      },
      (session) => session.drain(1500),
      [
        'SET GLOBAL rpl_semi_sync_source_enabled = 0',
        `SELECT WAIT_FOR_EXECUTED_GTID_SET('${uuid(1)}:1-6', 1.5) AS result`,
        'SET GLOBAL rpl_semi_sync_source_enabled = 1',
      ],
    ],
    ['to fence, MySQL', mysql('5.7.44'), (session) => session.setReadOnly(true), ['SET GLOBAL super_read_only = 1']],
    [
      'to fence, MariaDB',
      mariadb('12.0.2-MariaDB'),
      (session) => session.setReadOnly(true),
      ['SET GLOBAL read_only = 1'],
    ],
    [
      'to forget its source',
      mysql('9.7.4'),
      (session) => session.forgetSource(),
      ['STOP REPLICA', 'RESET REPLICA ALL'],
    ],
    [
      'about a named channel, MySQL',
      onChannel(mysql('9.7.4'), 'west'),
      (session) => everything(session, { hostname: '//h1', port: 3306 }),
      [
        "STOP REPLICA IO_THREAD FOR CHANNEL 'west'",
        "START REPLICA SQL_THREAD FOR CHANNEL 'west'",
        "SELECT SOURCE_POS_WAIT('binlog.000001', 100, 1, 'west') AS result",
        "STOP REPLICA IO_THREAD FOR CHANNEL 'west'",
        "CHANGE REPLICATION SOURCE TO SOURCE_HOST = '//h1', SOURCE_PORT = 3306, SOURCE_HEARTBEAT_PERIOD = 2, SOURCE_LOG_FILE = 'binlog.000001', SOURCE_LOG_POS = 100 FOR CHANNEL 'west'",
        "START REPLICA FOR CHANNEL 'west'",
        "SELECT User_name, User_password FROM mysql.slave_master_info WHERE Channel_name = 'west'",
        "STOP REPLICA FOR CHANNEL 'west'",
        "RESET REPLICA ALL FOR CHANNEL 'west'",
      ],
    ],
    [
      'about a named channel, MariaDB',
      onChannel(mariadb('10.11.19-MariaDB'), 'west'),
      everything,
      [
        "STOP SLAVE 'west' IO_THREAD",
        "START SLAVE 'west' SQL_THREAD",
        "SELECT MASTER_POS_WAIT('binlog.000001', 100, 1, 'west') AS result",
        "STOP SLAVE 'west'",
        "CHANGE MASTER 'west' TO MASTER_HOST = 'h9', MASTER_PORT = 3307, MASTER_USE_GTID = slave_pos",
        "START SLAVE 'west'",
        "STOP SLAVE 'west'",
        "RESET SLAVE 'west' ALL",
      ],
    ],
  ] as readonly (readonly [string, Instance, (session: MysqlSession) => Promise<unknown>, readonly string[]])[]) {
    it(title, async () => assert.deepEqual(await sent(instance, work), expected));
  }

  it('is nothing to point a replica by file and position elsewhere, MySQL: it would begin at the first log there', async () => {
    const statements: string[] = [];
    const refused = sent(byPosition('running'), (session) =>
      session.pointTo(source).finally(() => statements.push(...session.statements)),
    );
    await assert.rejects(refused, { code: 'CONFLICT', message: /its place in the log of h9:3307 is not known/ });
    assert.deepEqual(statements, []);
  });

  for (const [title, instance] of [
    ['a channel whose name would have to be escaped', onChannel(mysql('9.7.4'), "it's")],
    ['a channel whose name looks like a place for a value', onChannel(mariadb('10.11.19-MariaDB'), 'a?')],
    [
      'a replica with several sources',
      { ...onChannel(mysql('9.7.4'), ''), otherChannels: [aReplication({ channel: 'east' })] },
    ],
  ] as const) {
    it(`is nothing for ${title}`, async () => {
      for (const work of Object.values(ABOUT_REPLICATION)) {
        const statements: string[] = [];
        const refused = sent(instance, async (session) => {
          await work(session).finally(() => statements.push(...session.statements));
        });
        await assert.rejects(refused, { code: 'CONFLICT' });
        assert.deepEqual(statements, []);
      }
    });
  }

  it('carries a name that holds quotes as a value', async () => {
    const statements = await sent(mysql('9.7.4'), (session) => session.pointTo({ hostname: "x' OR '1", port: 1 }));
    assert.match(statements[1] ?? '', /SOURCE_HOST = 'x\\' OR \\'1'/);
  });
});

describe('the sessions of clients', () => {
  const failing = (errno: number) =>
    new OrchestratorError('STATEMENT_FAILED', `errno ${errno}`, { context: { errno } });
  const sessions = [
    { Id: 1, User: 'orchestrator', Command: 'Query' },
    { Id: 2, User: 'orchestrator', Command: 'Sleep' },
    { Id: 3, User: 'app', Command: 'Sleep' },
    { Id: 4, User: 'gone', Command: 'Query' },
    { Id: 5, User: 'admin', Command: 'Query' },
    { Id: 6, User: 'system user', Command: 'Connect' },
    { Id: 7, User: 'repl', Command: 'Binlog Dump GTID' },
  ];

  /** Ends them on a server that answers some statements with an error. */
  async function end(errors: Readonly<Record<string, Error>>) {
    const run: string[] = [];
    const line: Line = {
      run: async (sql) => {
        run.push(sql);
        if (errors[sql]) throw errors[sql];
        if (sql === 'SHOW PROCESSLIST') return sessions;
        return sql.startsWith('SELECT') ? [{ id: 1, user: 'orchestrator' }] : [];
      },
      read: () => assert.fail('nothing is to be read'),
    };
    const left = await new MysqlSession(line, dialectOf('8.4.0'), '').endClientSessions();
    return { killed: run.filter((sql) => sql.startsWith('KILL')), left };
  }

  it('are ended one by one; one that cannot be ended does not save the others', async () => {
    assert.deepEqual(await end({ 'KILL 4': failing(1094), 'KILL 3': failing(1095) }), {
      killed: ['KILL 3', 'KILL 4', 'KILL 5'],
      left: ['3 of app: errno 1095'],
    });
  });

  it('are not taken for ended when the connection breaks', async () => {
    await assert.rejects(end({ 'KILL 3': new OrchestratorError('STATEMENT_FAILED', 'the connection broke') }), /broke/);
  });
});

describe('the query for replication credentials', () => {
  it('is not shown: it may name the password', async () => {
    const instance = mysql('9.7.4');
    const run: string[] = [];
    const line: Line = {
      read: async () => instance,
      run: async (sql) => {
        run.push(sql);
        return [{ user: 'repl', password: 'pw' }];
      },
    };
    const query = "SELECT 'repl' AS user, 'pw' AS password";
    const session = new MysqlSession(line, dialectOf('9.7.4'), query, instance);
    assert.deepEqual(await session.replicationLogin(), { user: 'repl', password: 'pw' });
    assert.deepEqual([run, session.statements], [[query], ['ReplicationCredentialsQuery']]);
  });
});

describe('a replica by file and position that applies what it has received', () => {
  const idle = { idle: 1, busy: 0 };
  const cases: readonly [
    title: string,
    waits: readonly (number | null)[],
    appliers: readonly object[],
    applied: boolean,
  ][] = [
    ['is there when it has reached the end', [-1, 0], [{ idle: 0, busy: 1 }], true],
    ['is there when nothing but the beginning of a transaction is left', [-1, -1], [idle, idle], true],
    [
      'is not while a worker has something to do',
      [-1, -1, -1],
      [idle, { idle: 1, busy: 1 }, { idle: 1, busy: 1 }],
      false,
    ],
    ['is not when its applier stops', [-1, null], [idle], false],
  ];
  for (const [title, waits, appliers, applied] of cases)
    it(title, async () => {
      const instance = onChannel(mysql('9.7.4'), '');
      const [results, states] = [[...waits], [...appliers]];
      const line: Line = {
        read: async () => instance,
        run: async (sql) => {
          if (sql.includes('SOURCE_POS_WAIT')) return [{ result: results.shift() ?? null }];
          return sql.includes('information_schema.PROCESSLIST')
            ? [(states.shift() ?? {}) as Record<string, number>]
            : [];
        },
      };
      assert.equal(await new MysqlSession(line, dialectOf('9.7.4'), '', instance).drain(6_000), applied);
    });
});

describe('a transaction whose receiver was stopped in the middle', () => {
  const within = (read: number, executed = 100): Instance => {
    const at = (position: number) => ({ file: 'binlog.000001', position });
    return aReplica(2, '', '', { version: '9.7.4', replication: { read: at(read), executed: at(executed) } });
  };
  const wait = (position: number) => `SELECT SOURCE_POS_WAIT('binlog.000001', ${position}, 1) AS result`;
  const begun = [wait(300), 'START REPLICA IO_THREAD', wait(101)];
  const stop = 'STOP REPLICA IO_THREAD';
  const CASES: readonly (readonly [
    string,
    readonly Instance[],
    readonly (number | null)[],
    Awaited<ReturnType<MysqlSession['receiveBegun']>>,
    readonly string[],
  ])[] = [
    ['is not there where all that was received is applied', [within(100)], [], 'nothing', []],
    ['is not there where the applier says so late', [within(300)], [0], 'nothing', [wait(300)]],
    ['is received to its end', [within(300), within(400)], [-1, -1, 0], 'received', [...begun, wait(101), stop]],
    [
      'is left where nothing of it comes',
      [within(300)],
      [-1, -1, -1, -1],
      'nothing',
      [...begun, wait(101), wait(101), stop],
    ],
    ['is not received where the applier has stopped', [within(300)], [null], 'applierStopped', [wait(300)]],
    ['is left where the applier stops', [within(300)], [-1, null], 'applierStopped', [...begun, stop]],
    [
      'is rolled back by MariaDB',
      [{ ...aMariadbReplica(2, '0-1-5', '0-1-6'), version: '10.11.19-MariaDB' }],
      [],
      'nothing',
      [],
    ],
  ];
  for (const [title, states, waits, more, expected] of CASES)
    it(title, async () => {
      const [reads, results] = [[...states], [...waits]];
      const line: Line = {
        read: async () => (reads.length > 1 ? reads.shift() : reads[0]) as Instance,
        run: async (sql) => (sql.includes('_POS_WAIT') ? [{ result: results.shift() ?? null }] : []),
      };
      const session = new MysqlSession(line, dialectOf(states[0]?.version ?? ''), '', states[0]);
      assert.equal(await session.receiveBegun(), more);
      assert.deepEqual(session.statements, expected);
    });
});
