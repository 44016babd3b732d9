import assert from 'node:assert/strict';
import { parseAddress } from '../../../../internal/raft/address.ts';
import { foundersOf } from '../../../../internal/raft/forming/founders.ts';
import type { Layout } from '../../../../internal/raft/layout.ts';

const at = (text: string) => parseAddress(text, 'test', 10008);

function listed(...names: readonly string[]): Exclude<Layout, { kind: 'discovered' }> {
  const nodes = names.map(at);
  return { kind: 'static', bind: nodes[0]!, advertise: nodes[0]!, self: nodes[0]!, nodes };
}

describe('who founds', () => {
  const list = listed('db2', 'db1', 'db3');

  it('is everybody in the list, in the order of their names', () => {
    const nodes = ['db1:10008', 'db2:10008', 'db3:10008'];
    assert.deepEqual(foundersOf(list, 0), { self: 'db2:10008', nodes, founders: nodes });
    assert.deepEqual(foundersOf(list, 3).founders, nodes);
  });

  it('is the first of the list where fewer are asked for, and not less than a majority', () => {
    assert.deepEqual(foundersOf(list, 2).founders, ['db1:10008', 'db2:10008']);
    for (const expect of [1, 4])
      assert.throws(() => foundersOf(list, expect), {
        message: /RaftBootstrapExpect is \d, and RaftNodes names 3: .* 2 at least and 3 at most/,
      });
  });

  it('is a single node where the layout says so', () => {
    const single = { kind: 'single', bind: at('0.0.0.0'), advertise: at('db1') } as const;
    assert.deepEqual(foundersOf(single, 0), { self: 'db1:10008', nodes: ['db1:10008'], founders: ['db1:10008'] });
  });
});
