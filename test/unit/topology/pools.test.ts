import assert from 'node:assert/strict';
import { fuzzyKey } from '../../../internal/topology/fuzzy-key.ts';
import { type InstanceKey, keyText } from '../../../internal/topology/instance-key.ts';
import {
  livingMembers,
  pooledServers,
  poolServers,
  poolsOf,
  requirePoolName,
} from '../../../internal/topology/pools.ts';
import { aSnapshot } from '../../support/a-cluster.ts';
import { anInstance } from './builders.ts';

const at = (hostname: string, port = 3306): InstanceKey => ({ hostname, port });
const member = (pool: string, hostname: string, registeredMs = 0) => ({ pool, key: at(hostname), registeredMs });

describe('pools', () => {
  const read = (list: string) => poolServers(list, 3307, (key) => key).map(keyText);

  it('are lists of servers, each once, in order; nothing at all is a list too', () => {
    assert.deepEqual(read(' h2 ,h1:3306,, h2:3307,[::1]:3306,::2'), ['[::1]:3306', '[::2]:3307', 'h1:3306', 'h2:3307']);
    assert.deepEqual(read(''), []);
    assert.deepEqual(read(' , '), []);
  });

  for (const list of ['h1,h2:x', 'h1,h2:0', 'h1,h 2', 'h1,//h2', 'h1,h2:65536'])
    it(`are not changed by ${JSON.stringify(list)}`, () =>
      assert.throws(() => read(list), { code: 'INSTANCE_KEY_INVALID' }));

  it('have names that the backend can keep', () => {
    for (const name of ['', 'x'.repeat(129)]) assert.throws(() => requirePoolName(name), { code: 'BAD_REQUEST' });
    assert.throws(() => read(`h1,${'h'.repeat(129)}`), { code: 'BAD_REQUEST' });
    requirePoolName('x'.repeat(128));
  });

  it('lose whoever was submitted too long ago', () => {
    const members = [member('b', 'h1', 1000), member('a', 'h2', 1001), member('a', 'h1', 1000)];
    assert.deepEqual(livingMembers(members, 61_000, 60_000), [member('a', 'h2', 1001)]);
    assert.deepEqual(livingMembers(members, 60_999, 60_000), [
      member('a', 'h1', 1000),
      member('a', 'h2', 1001),
      member('b', 'h1', 1000),
    ]);
  });

  it('show servers of the cluster alone, and to read from those that answered and have data of their own', () => {
    const silent = anInstance(2);
    const servers = [
      anInstance(1),
      silent,
      anInstance(3),
      anInstance(4, { versionComment: 'MaxScale', version: '2.5-maxscale' }),
    ];
    const snapshot = aSnapshot(servers, [silent.key]);
    const members = [
      ...['h1', 'h2', 'h4', 'elsewhere'].map((host) => member('a', host)),
      member('b', 'h1'),
      member('b', 'h3'),
    ];
    const texts = (pool?: string) =>
      pooledServers(snapshot, members, pool).map(({ instance }) => keyText(instance.key));
    assert.deepEqual(
      [...poolsOf(snapshot, members)].map(([pool, keys]) => [pool, keys.map(keyText).join()]),
      [
        ['a', 'h1:3306,h2:3306,h4:3306'],
        ['b', 'h1:3306,h3:3306'],
      ],
    );
    assert.deepEqual([...poolsOf(snapshot, members, 'b').keys()], ['b']);
    assert.deepEqual(
      [texts(), texts('a'), texts('b'), texts('c')],
      [['h1:3306', 'h3:3306'], ['h1:3306'], ['h1:3306', 'h3:3306'], []],
    );
  });
});

describe('a part of a host name', () => {
  const known = [at('db1.example'), at('db2.example'), at('db2.example', 3307), at('10.0.0.11')];
  for (const [given, meant, why] of [
    ['db1', 'db1.example:3306', 'the only one that has it'],
    ['db2', 'db2.example:3306', 'the only one at this port'],
    ['db', 'db:3306', 'several have it'],
    ['db3', 'db3:3306', 'nobody has it'],
    ['db1.example', 'db1.example:3306', 'the whole name'],
    ['10.0.0.1', '10.0.0.1:3306', 'an address is never a part of another one'],
  ] as const)
    it(`${given} means ${meant}: ${why}`, () => assert.equal(keyText(fuzzyKey(at(given), known)), meant));
});
