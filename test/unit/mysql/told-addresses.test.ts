import assert from 'node:assert/strict';
import { ToldAddresses, type VirtualNames } from '../../../internal/mysql/told-addresses.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import { keyText } from '../../../internal/topology/instance-key.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const SOURCE = { hostname: 'db1', port: 3306 };
const { signal } = new AbortController();

/** `behind`: which server answers at each address; none: nobody does. */
function told(behind: Readonly<Record<string, string>>, registered = true, use: VirtualNames = 'verified') {
  const clock = new FakeClock();
  const asked: string[] = [];
  const warnings: string[] = [];
  const addresses = new ToldAddresses({
    virtualNames: () => use,
    virtualName: (hostname) => (registered && hostname === 'db1' ? 'vip' : undefined),
    identify: async (key) => {
      asked.push(keyText(key));
      const server = behind[keyText(key)];
      if (server === undefined) throw new Error('refused');
      return server;
    },
    clock,
    log: { ...silentLog, warn: (_fields, text) => warnings.push(text) },
  });
  return { of: async () => keyText(await addresses.of(SOURCE, signal)), clock, asked, warnings };
}

describe('the address that replicas are told', () => {
  for (const [title, behind, expected, warned] of [
    ['a virtual name behind which the same server answers', { 'db1:3306': 'a', 'vip:3306': 'a' }, 'vip:3306', 0],
    [
      'its own, where another server answers behind the virtual name',
      { 'db1:3306': 'a', 'vip:3306': 'b' },
      'db1:3306',
      1,
    ],
    ['its own, where nobody answers behind the virtual name', { 'db1:3306': 'a' }, 'db1:3306', 1],
  ] as const) {
    it(`is ${title}`, async () => {
      const { of, warnings } = told(behind);
      assert.equal(await of(), expected);
      assert.equal(warnings.length, warned);
    });
  }

  it('is its own, and nobody is asked, where no virtual name is registered', async () => {
    const { of, asked } = told({}, false);
    assert.deepEqual([await of(), asked], ['db1:3306', []]);
  });

  it('is the virtual name unseen with -skip-unresolve-check, its own with -skip-unresolve; nobody is asked', async () => {
    for (const [use, expected] of [
      ['trusted', 'vip:3306'],
      ['unused', 'db1:3306'],
    ] as const) {
      const { of, asked, warnings } = told({ 'db1:3306': 'a', 'vip:3306': 'b' }, true, use);
      assert.deepEqual([await of(), asked, warnings], [expected, [], []]);
    }
  });

  it('is verified once for the replicas of one failover, and anew for the next', async () => {
    const { of, asked, clock } = told({ 'db1:3306': 'a', 'vip:3306': 'a' });
    await Promise.all([of(), of(), of()]);
    assert.equal(asked.length, 2);
    await clock.advance(10_000);
    await of();
    assert.equal(asked.length, 4);
  });
});
