import assert from 'node:assert/strict';
import { instanceFromRows, type ProbeRows } from '../../../internal/mysql/probe-rows.ts';

const key = { hostname: 'db1', port: 3306 };
const variables = (values: Record<string, string>) =>
  Object.entries(values).map(([Variable_name, Value]) => ({ Variable_name, Value }));
const instance = (rows: ProbeRows) => instanceFromRows(key, rows);

describe('one probe', () => {
  it('keeps what it knows when parts were refused', () => {
    const { readOnly, replication, replicaKeys } = instance({ variables: variables({ read_only: 'ON' }) });
    assert.equal(readOnly, true);
    assert.equal(replication, undefined);
    assert.deepEqual(replicaKeys, []);
  });

  for (const [text, expected] of [
    ['OFF', false],
    ['0', false],
    ['ON', true],
    ['1', true],
    ['NO_LOCK', true],
    ['NO_LOCK_NO_ADMIN', true],
  ] as const) {
    it(`reads read_only = ${text}`, () =>
      assert.equal(instance({ variables: variables({ read_only: text }) }).readOnly, expected));
  }

  for (const [title, names, expected] of [
    ['the default channel of several', ['west', '', 'east'], ['', 'east', 'west']],
    ['of named ones the first by name', ['west', 'east'], ['east', 'west']],
    ['the only one', ['west'], ['west']],
  ] as const) {
    it(`shows ${title} as its replication`, () => {
      const rows = names.map((Connection_name) => ({ Master_Host: 'db0', Master_Port: '3306', Connection_name }));
      const { replication, otherChannels } = instance({ replication: rows });
      const found = [replication, ...otherChannels].map((one) => one?.channel);
      assert.deepEqual(found.slice(0, 1).concat(found.slice(1).sort()), expected);
    });
  }

  it('adds the heartbeat of the channel', () => {
    const { replication } = instance({
      replication: [{ Source_Host: 'db0', Source_Port: '3306', Channel_Name: '', Replica_IO_Running: 'Yes' }],
      heartbeat: [{ channel: '', seconds: '30.000' }],
    });
    assert.equal(replication?.heartbeatSeconds, 30);
    assert.equal(replication?.receiver, 'running');
  });

  for (const [vocabulary, row] of [
    [
      'new words',
      { Source_Host: 'db0', Source_SSL_CA_File: 'ca', Source_SSL_Crl: 'crl', Source_SSL_Verify_Server_Cert: 'Yes' },
    ],
    [
      'old words',
      { Master_Host: 'db0', Master_SSL_CA_File: 'ca', Master_SSL_Crl: 'crl', Master_SSL_Verify_Server_Cert: 'Yes' },
    ],
  ] as const) {
    it(`reads how replication is secured, ${vocabulary}`, () => {
      const heartbeat = [{ channel: '', seconds: '30', ciphersuites: 'TLS_X' }];
      const tls = instance({ replication: [row], heartbeat }).replication?.tls;
      const { caFile, crlFile, verifyServerCert, ciphersuites, getPublicKey } = tls ?? {};
      assert.deepEqual([caFile, crlFile, verifyServerCert, ciphersuites], ['ca', 'crl', true, 'TLS_X']);
      assert.equal(getPublicKey, undefined);
    });
  }

  const member = (id: string, role: string) => ({ id, host: `h${id}`, port: '3306', state: 'ONLINE', role });
  const group = variables({ group_replication_group_name: 'g', group_replication_single_primary_mode: 'ON' });
  const gtid = [{ server_uuid: '2' }];
  it('finds its place in a group', () => {
    const found = instance({ gtid, variables: group, group: [member('1', 'PRIMARY'), member('2', 'SECONDARY')] }).group;
    assert.equal(found?.role, 'SECONDARY');
    assert.equal(found?.primary?.hostname, 'h1');
    assert.equal(found?.members.length, 2);
  });
  it('leaves groups of several primaries alone', () => {
    const several = variables({ group_replication_group_name: 'g', group_replication_single_primary_mode: 'OFF' });
    assert.equal(instance({ gtid, variables: several, group: [member('2', 'PRIMARY')] }).group, undefined);
  });
});
