import assert from 'node:assert/strict';
import { formatAddress, parseAddress } from '../../../../internal/raft/address.ts';
import { candidatesOf } from '../../../../internal/raft/discovery/candidates.ts';
import { AddressSpace } from '../../../../internal/raft/wire/address-space.ts';

function left(found: readonly string[], allowed: readonly string[] = []) {
  const addresses = found.map((text) => parseAddress(text, 'a test', 1));
  const { addresses: kept, problems } = candidatesOf(addresses, new AddressSpace(allowed));
  return { kept: kept.map(formatAddress), problems };
}

describe('what is left of a look-up', () => {
  it('is each address once, in an order that does not depend on the answer', () => {
    const expected = { kept: ['10.0.0.1:1', '10.0.0.1:2', '[fd00::1]:1', 'b:1'], problems: [] };
    assert.deepEqual(left(['b', '10.0.0.1', 'FD00:0::1', '10.0.0.1:2', 'B:1', 'fd00::1']), expected);
    assert.deepEqual(left(['fd00::1', '10.0.0.1:2', 'b', '10.0.0.1']), expected);
  });

  it('lies in the allowed space; names are judged when they are dialled', () =>
    assert.deepEqual(left(['10.1.0.1', '192.168.0.1', 'fd00::1', 'db'], ['10.0.0.0/8']), {
      kept: ['10.1.0.1:1', 'db:1'],
      problems: ['outside of RaftAllowedAddressSpace: 192.168.0.1:1, [fd00::1]:1'],
    }));

  it('holds nothing that nobody can dial', () => assert.deepEqual(left(['0.0.0.0', '::']), { kept: [], problems: [] }));

  it('is 64 addresses at most, always the same ones', () => {
    const many = Array.from({ length: 100 }, (_, at) => `10.0.0.${at + 100}`);
    const { kept, problems } = left(many);
    assert.equal(kept.length, 64);
    assert.deepEqual(problems, ['100 addresses: only the first 64 are talked to']);
    assert.deepEqual(left(many.toReversed()).kept, kept);
  });
});
