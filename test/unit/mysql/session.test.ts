import assert from 'node:assert/strict';
import { dialectOf } from '../../../internal/mysql/dialect.ts';
import { RehearsalServers } from '../../../internal/mysql/rehearsal.ts';
import { type Line, MysqlSession } from '../../../internal/mysql/session.ts';
import { OrchestratorError } from '../../../internal/runtime/errors.ts';
import type { Instance } from '../../../internal/topology/instance.ts';
import { aMariadbReplica, anInstance, aReplica, aReplication, uuid } from '../topology/builders.ts';

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

const ABOUT_REPLICATION: Readonly<Record<string, (session: MysqlSession) => Promise<unknown>>> = {
  stopReceiver: (session) => session.stopReceiver(),
  drain: (session) => session.drain(1_000),
  pointTo: (session) => session.pointTo(source),
  startReplication: (session) => session.startReplication(),
  forgetSource: (session) => session.forgetSource(),
};

async function everything(session: MysqlSession): Promise<void> {
  await session.stopReceiver();
  await session.drain(1_000);
  await session.pointTo(source);
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
      everything,
      [
        "STOP REPLICA IO_THREAD FOR CHANNEL 'west'",
        "START REPLICA SQL_THREAD FOR CHANNEL 'west'",
        "SELECT SOURCE_POS_WAIT('binlog.000001', 100, 1, 'west') AS result",
        "STOP REPLICA IO_THREAD FOR CHANNEL 'west'",
        "CHANGE REPLICATION SOURCE TO SOURCE_HOST = 'h9', SOURCE_PORT = 3307, SOURCE_HEARTBEAT_PERIOD = 2 FOR CHANNEL 'west'",
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
