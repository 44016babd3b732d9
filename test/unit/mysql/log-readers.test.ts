import assert from 'node:assert/strict';
import { dialectOf } from '../../../internal/mysql/dialect.ts';
import { logReaders } from '../../../internal/mysql/log-readers.ts';
import type { Row } from '../../../internal/mysql/server-connection.ts';
import { uuid } from '../topology/builders.ts';

const registered = (id: number, host = '') => ({
  Server_Id: id,
  Host: host,
  Port: 3306,
  Replica_UUID: uuid(id).toUpperCase(),
});
const session = (host: string, id = 0) => ({ user: 'repl', host, uuid: id > 0 ? uuid(id) : '' });

/** Server ids of the readers, or their hosts where they have none. */
const CASES: readonly (readonly [string, string, readonly Row[], readonly Row[], readonly (number | string)[]])[] = [
  ['nobody', '9.7.4', [], [], []],
  [
    'those that registered, once each',
    '9.7.4',
    [registered(2), registered(3)],
    [session('a', 2), session('b', 3)],
    [2, 3],
  ],
  ['one that registered, whatever sessions tell', '9.7.4', [registered(2)], [], [2]],
  ['one that only a session tells of', '9.7.4', [registered(2)], [session('a', 2), session('tool', 7)], [2, 'tool']],
  ['one whose session tells no identity', '8.4.3', [registered(2)], [session('a', 2), session('tool')], [2, 'tool']],
  ['MariaDB, whose sessions tell none', '10.11.19-MariaDB', [{ Server_id: 2, Host: 'a' }], [session('a')], [2]],
  [
    'one more on MariaDB',
    '10.11.19-MariaDB',
    [{ Server_id: 2, Host: 'a' }],
    [session('a'), session('tool')],
    [2, 'tool'],
  ],
];

describe('who reads the logs of a server', () => {
  for (const [title, version, hosts, sessions, expected] of CASES)
    it(title, async () => {
      const dialect = dialectOf(version);
      const query = async (sql: string) => (sql === dialect.showReplicas ? hosts : sessions);
      const found = await logReaders(query, dialect);
      assert.deepEqual(
        found.map(({ serverId, host }) => serverId || host),
        expected,
      );
    });
});
