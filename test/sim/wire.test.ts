import assert from 'node:assert/strict';
import { RaftCore } from '../../internal/raft/core/core.ts';
import type { Effects } from '../../internal/raft/core/effects.ts';
import type { Input, Moment } from '../../internal/raft/core/inputs.ts';
import type { RaftMessage } from '../../internal/raft/core/messages.ts';
import { decodeMessage, encodeMessage } from '../../internal/raft/wire/codec.ts';
import { simulate } from './run.ts';

const carried = new Map<RaftMessage['kind'], number>();

/** Hears every message as the wire would bring it. */
class WiredCore extends RaftCore {
  override step(moment: Moment, input: Input): Effects {
    if (input.kind !== 'message') return super.step(moment, input);
    const message = decodeMessage(encodeMessage(input.message));
    carried.set(message.kind, (carried.get(message.kind) ?? 0) + 1);
    return super.step(moment, { kind: 'message', message });
  }
}

describe('a simulated group whose messages travel as bytes', function () {
  this.timeout(120_000);

  it('does exactly what it does without, and nothing of a correct node is refused', () => {
    for (let seed = 1; seed <= 8; seed += 1) {
      const wired = simulate(seed, WiredCore);
      assert.equal(wired.failure, undefined, wired.failure?.stack);
      assert.equal(wired.trace, simulate(seed).trace, `seed ${seed}`);
    }
    assert.equal(carried.size, 16, `kinds of messages that came up: ${[...carried.keys()].join(', ')}`);
  });
});
