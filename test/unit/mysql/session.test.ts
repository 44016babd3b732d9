import assert from 'node:assert/strict';
import { RehearsalServers } from '../../../internal/mysql/rehearsal.ts';
import type { MysqlSession } from '../../../internal/mysql/session.ts';
import type { Instance } from '../../../internal/topology/instance.ts';
import { aMariadbReplica, anInstance, aReplica, uuid } from '../topology/builders.ts';

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
  ] as readonly (readonly [string, Instance, (session: MysqlSession) => Promise<unknown>, readonly string[]])[]) {
    it(title, async () => assert.deepEqual(await sent(instance, work), expected));
  }

  it('carries a name that holds quotes as a value', async () => {
    const statements = await sent(mysql('9.7.4'), (session) => session.pointTo({ hostname: "x' OR '1", port: 1 }));
    assert.match(statements[1] ?? '', /SOURCE_HOST = 'x\\' OR \\'1'/);
  });
});
