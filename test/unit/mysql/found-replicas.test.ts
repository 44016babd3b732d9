import assert from 'node:assert/strict';
import { foundReplicas } from '../../../internal/mysql/found-replicas.ts';
import type { ProbeRows } from '../../../internal/mysql/probe-rows.ts';
import { keyText } from '../../../internal/topology/instance-key.ts';

const key = { hostname: 'db1', port: 3306 };

describe('replicas found by one probe', () => {
  const session = (uuid: string, host: string) => ({ uuid, host, user: 'repl' });
  for (const [title, rows, expected] of [
    ['registered with host and port', { replicas: [{ Host: 'db2', Port: '3307', Replica_UUID: 'u2' }] }, ['db2:3307']],
    [
      'registered without a host, which the session that serves it tells',
      { replicas: [{ Host: '', Port: '3307', Replica_UUID: 'U2' }], dumpSessions: [session('u2', '10.0.0.2')] },
      ['10.0.0.2:3307'],
    ],
    ['old words', { replicas: [{ Host: 'db2', Port: '3306', Slave_UUID: 'u2' }] }, ['db2:3306']],
    ['only a session: the port of the source', { dumpSessions: [session('u2', 'db2')] }, ['db2:3306']],
    [
      'one registered, one only by its session',
      {
        replicas: [{ Host: 'db2', Port: '3307', Replica_UUID: 'u2' }],
        dumpSessions: [session('u2', 'db2'), session('u3', 'db3')],
      },
      ['db2:3307', 'db3:3306'],
    ],
    [
      'one bad row among good ones',
      {
        replicas: [
          { Host: '', Port: '0' },
          { Host: 'db2', Port: '3306' },
        ],
      },
      ['db2:3306'],
    ],
    ['the server itself', { dumpSessions: [session('u1', 'db1')] }, []],
    [
      'twice the same',
      {
        replicas: [
          { Host: 'db2', Port: '1' },
          { Host: 'db2', Port: '1' },
        ],
      },
      ['db2:1'],
    ],
    ['an IPv6 address', { dumpSessions: [session('u2', '::1')] }, ['[::1]:3306']],
  ] as readonly (readonly [string, ProbeRows, readonly string[]])[]) {
    it(title, () => assert.deepEqual(foundReplicas(key, rows).keys.map(keyText), expected));
  }

  const REPORTED = { Host: 'db2', Port: '3307', Replica_UUID: 'u2' };
  const rows = { replicas: [REPORTED], dumpSessions: [session('u2', '10.0.0.2'), session('u3', 'capture')] };
  for (const [title, given, expected] of [
    ['only those that report themselves', rows, ['db2:3307']],
    ['sessions where none reports itself', { dumpSessions: rows.dumpSessions }, ['10.0.0.2:3306', 'capture:3306']],
    [
      'sessions where a report names no address',
      { replicas: [{ Host: '', Port: '3307' }], dumpSessions: [session('', 'db3'), session('', 'db4')] },
      ['db3:3306', 'db4:3306'],
    ],
  ] as readonly (readonly [string, ProbeRows, readonly string[]])[]) {
    it(`DiscoverByShowSlaveHosts: ${title}`, () => {
      const { keys } = foundReplicas(key, given, { registeredFirst: true, ignoredUsers: [] });
      assert.deepEqual(keys.map(keyText), expected);
    });
  }

  const capture = { user: 'capture_1', host: 'db9', uuid: 'u9' };
  for (const [title, given, expected, ignored] of [
    ['of a session', { dumpSessions: [capture, session('u2', 'db2')] }, ['db2:3306'], ['capture_1@db9']],
    [
      'of the session of one that reports itself',
      { replicas: [REPORTED, { Host: 'db9', Port: '1', Replica_UUID: 'U9' }], dumpSessions: [capture] },
      ['db2:3307'],
      ['capture_1@db9'],
    ],
    [
      'that a replica reports',
      { replicas: [REPORTED, { ...REPORTED, Host: 'db9', User: 'my_capture' }] },
      ['db2:3307'],
      ['my_capture@db9'],
    ],
  ] as readonly (readonly [string, ProbeRows, readonly string[], readonly string[]])[]) {
    it(`leaves replicas out by the user ${title}`, () => {
      const discovery = { registeredFirst: false, ignoredUsers: ['capture', '(', ''] };
      const found = foundReplicas(key, given, discovery);
      assert.deepEqual(found.keys.map(keyText), expected);
      assert.deepEqual(found.ignored, ignored);
    });
  }
});
