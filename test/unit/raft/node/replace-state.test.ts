import assert from 'node:assert/strict';
import { type LogEntry, NO_SNAPSHOT } from '../../../../internal/raft/core/types.ts';
import { type Applied, Group, type StateMachine } from '../../../../internal/raft/node/group.ts';
import type { Order, Standpoint } from '../../../../internal/raft/node/protocol.ts';
import { silentLog } from '../../../../internal/runtime/log.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { partial } from '../../../support/partial.ts';

const STANDPOINT: Standpoint = {
  ...{ self: 'b', role: 'follower', term: 1, leader: 'a', commit: 0, lastIndex: 0 },
  configuration: NO_SNAPSHOT.configuration,
  ...{ inOffice: false, settled: true, standing: 'ready', disk: 'durable' },
};

/** The words of all entries; a state is such words, too. */
class Words implements StateMachine {
  words = '';

  apply(entries: readonly LogEntry[]): Applied {
    for (const { index } of entries) this.words += index;
    return { results: entries.map(() => undefined), durable: Promise.resolve() };
  }

  snapshot(): AsyncIterable<Uint8Array> {
    return assert.fail();
  }

  async restore(_: unknown, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    this.words = '';
    for await (const piece of bytes) this.words += Buffer.from(piece).toString();
  }
}

function aNode() {
  const machine = new Words();
  const orders: Order[] = [];
  const clock = new ManualClock();
  const failures: unknown[] = [];
  const consensus = {
    order: (order: Order) => void orders.push(order),
    keepSnapshot: () => assert.fail(),
    fetchSnapshot: () => assert.fail(),
    lease: { runs: () => false },
  };
  const onFatal = (err: unknown) => void failures.push(err);
  const deps = { consensus, machine, clock, log: silentLog, proposalTimeoutMs: 1_000, onFatal };
  const group = new Group(partial<ConstructorParameters<typeof Group>[0]>(deps), STANDPOINT, 0);
  const agreed = (...indexes: readonly number[]) => {
    const entries = indexes.map((index) => ({ index, term: 1, stampMs: 0, kind: 'noop' }) as const);
    group.hear({ kind: 'apply', items: [{ kind: 'entries', entries }] });
  };
  const applied = () => orders.flatMap((order) => (order.kind === 'applied' ? [order.index] : []));
  return { group, machine, clock, failures, agreed, applied };
}

async function* bytes(text: string) {
  yield Buffer.from(text);
}

const turns = async () => {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

describe('a state that takes the place of the own one', () => {
  it('is followed by the entries behind it, whatever was agreed on while it came', async () => {
    const { group, machine, agreed, applied } = aNode();
    agreed(1, 2, 3);
    const index = await group.replaceState(async (atLeast) => {
      assert.equal(atLeast, 3);
      agreed(4, 5);
      agreed(6);
      assert.equal(machine.words, '123', 'nothing is applied meanwhile');
      return { index: 5, term: 1, bytes: bytes('right') };
    });
    await turns();
    assert.equal(index, 5);
    assert.equal(machine.words, 'right6');
    assert.equal(group.applied, 6);
    assert.deepEqual(applied().slice(-2), [5, 6]);
  });

  it('waits until this node has heard of the entry that it stands at', async () => {
    const { group, machine, agreed } = aNode();
    agreed(1);
    const replaced = group.replaceState(async () => ({ index: 3, term: 1, bytes: bytes('right') }));
    agreed(2);
    await turns();
    assert.equal(machine.words, '1');
    agreed(3, 4);
    await replaced;
    assert.equal(machine.words, 'right4');
  });

  it('changes nothing where it does not come, or is ahead for too long', async () => {
    const { group, machine, clock, failures, agreed } = aNode();
    agreed(1);
    const lost = group.replaceState(async () => {
      agreed(2);
      throw new Error('lost');
    });
    await assert.rejects(lost, /lost/);
    assert.equal(machine.words, '12');
    const ahead = group.replaceState(async () => ({ index: 9, term: 1, bytes: bytes('right') }));
    agreed(3);
    await turns();
    clock.advance(1_000);
    await assert.rejects(ahead, { code: 'UNAVAILABLE' });
    assert.equal(machine.words, '123');
    assert.deepEqual(failures, []);
  });

  it('comes once at a time', async () => {
    const { group } = aNode();
    const first = group.replaceState(async () => ({ index: 0, term: 0, bytes: bytes('') }));
    await assert.rejects(
      group.replaceState(() => assert.fail()),
      { code: 'UNAVAILABLE' },
    );
    await first;
  });
});
