import assert from 'node:assert/strict';
import { AddressSpace } from '../../../../internal/raft/wire/address-space.ts';

describe('the allowed address space', () => {
  const cases: readonly (readonly [
    ranges: readonly string[],
    inside: readonly string[],
    outside: readonly string[],
  ])[] = [
    [[], ['10.0.0.1', '::1', '192.0.2.7'], []],
    [['10.0.0.0/8'], ['10.0.0.1', '10.255.255.255', '::ffff:10.1.2.3'], ['11.0.0.1', '::1', 'fd00::1', 'n1']],
    [['10.1.2.3'], ['10.1.2.3'], ['10.1.2.4']],
    [
      ['fd00::/8', ' 127.0.0.1/32 '],
      ['fd12::1', 'fdff::1%eth0', '127.0.0.1'],
      ['fe80::1', '127.0.0.2'],
    ],
    [['::/0'], ['::1', 'fe80::1'], []],
    [['0.0.0.0/0'], ['192.0.2.1', '::ffff:192.0.2.1'], ['fe80::1']],
  ];
  for (const [ranges, inside, outside] of cases)
    it(`[${ranges.join(', ')}]`, () => {
      const space = new AddressSpace(ranges);
      assert.deepEqual(
        inside.filter((ip) => !space.allows(ip)),
        [],
      );
      assert.deepEqual(
        outside.filter((ip) => space.allows(ip)),
        [],
      );
    });

  for (const range of ['', '10.0.0.0/33', 'fd00::/129', '10.0.0.0/', '10.0.0.0/8/8', 'n1/8', '10.0.0/8', 'fe80::%e/64'])
    it(`refuses "${range}"`, () => {
      const message = /^RaftAllowedAddressSpace: .* write it as 10\.0\.0\.0\/8 or fd00::\/8$/;
      assert.throws(() => new AddressSpace([range]), { code: 'CONFIG_INVALID', message });
    });
});
