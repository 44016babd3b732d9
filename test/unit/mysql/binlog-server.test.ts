import assert from 'node:assert/strict';
import { proxyVersion, readBinlogServer } from '../../../internal/mysql/binlog-server.ts';
import { channelWords } from '../../../internal/mysql/channel-words.ts';
import { dialectOf } from '../../../internal/mysql/dialect.ts';
import { instanceFromRows } from '../../../internal/mysql/probe-rows.ts';
import { probeStatements } from '../../../internal/mysql/probe-statements.ts';
import type { ManyResults, Row } from '../../../internal/mysql/server-connection.ts';
import { isBinlogServer } from '../../../internal/topology/instance.ts';

const KEY = { hostname: 'relay', port: 5308 };
const VERSION = '23.8.1-maxscale';
const STATUS: Row = {
  ...{ Master_Host: 'db1', Master_Port: 3306, Slave_IO_Running: 'Yes', Slave_SQL_Running: 'Yes' },
  ...{ Relay_Master_Log_File: 'bin.000007', Exec_Master_Log_Pos: 512, Seconds_Behind_Master: 0 },
};

async function read(answers: Readonly<Record<string, readonly Row[]>>) {
  const sent: string[] = [];
  const many = async (sql: string): Promise<ManyResults> => {
    sent.push(sql);
    const rows = answers[sql];
    if (rows !== undefined) return { results: [rows] };
    return { results: [], failed: { index: 0, errno: 1064, message: 'syntax', timedOut: false } };
  };
  const statements = probeStatements(dialectOf(VERSION));
  const rows = await readBinlogServer({ key: KEY, many }, VERSION, statements, new AbortController().signal);
  return { instance: instanceFromRows(KEY, rows), sent };
}

describe('a binlog server', () => {
  it('is asked few things, one at a time, and needs to answer one only', async () => {
    const { instance, sent } = await read({ 'SHOW SLAVE STATUS': [STATUS] });
    assert.deepEqual(sent, [
      'SELECT @@global.server_id AS server_id',
      'SHOW SLAVE STATUS',
      'SHOW MASTER STATUS',
      'SHOW SLAVE HOSTS',
    ]);
    assert.ok(isBinlogServer(instance));
    const { binlogEnabled, logReplicaUpdates, readOnly, binlogFormat, hostname, serverId, replication } = instance;
    assert.deepEqual(
      { binlogEnabled, logReplicaUpdates, readOnly },
      { binlogEnabled: true, logReplicaUpdates: true, readOnly: true },
    );
    assert.deepEqual([binlogFormat, hostname, serverId], ['INHERIT', 'relay', 0]);
    assert.deepEqual(replication?.executed, { file: 'bin.000007', position: 512 });
  });

  it('tells its number in a column of whatever name, and its replicas', async () => {
    const { instance } = await read({
      'SHOW SLAVE STATUS': [STATUS],
      'SELECT @@global.server_id AS server_id': [{ '@@GLOBAL.SERVER_ID': 77 }],
      'SHOW SLAVE HOSTS': [{ Server_id: 5, Host: 'db5', Port: 3306 }],
    });
    assert.equal(instance.serverId, 77);
    assert.deepEqual(instance.replicaKeys, [{ hostname: 'db5', port: 3306 }]);
  });

  it('is not known where it does not tell its source', async () => {
    await assert.rejects(read({}), { code: 'PROBE_FAILED' });
    await assert.rejects(read({ 'SHOW SLAVE STATUS': [] }), { code: 'PROBE_FAILED', message: /without a source/ });
  });

  it('has one thread, which starts and stops as a whole', () => {
    const words = channelWords(dialectOf(VERSION), '');
    assert.deepEqual(
      [words.stopReceiver, words.startReceiver, words.stopReplication, words.startReplication],
      ['STOP SLAVE', 'START SLAVE', 'STOP SLAVE', 'START SLAVE'],
    );
    assert.equal(words.changeSource('MASTER_PORT = 1'), 'CHANGE MASTER TO MASTER_PORT = 1');
  });

  for (const [title, rows, expected] of [
    ['by its variables', [{ Variable_name: 'MAXSCALE_VERSION', Value: '2.3.20' }], '2.3.20-maxscale'],
    ['in small letters', [{ variable_name: 'MAXSCALE_VERSION', value: '1.4' }], '1.4-maxscale'],
    ['without a number', [{ Variable_name: 'MAXSCALE_VERSION', Value: '' }], '0.0.0-maxscale'],
    ['no other server', [], undefined],
  ] as const)
    it(`is told from other servers ${title}`, () => assert.equal(proxyVersion(rows), expected));
});
