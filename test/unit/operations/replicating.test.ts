import assert from 'node:assert/strict';
import type { OperatorSession } from '../../../internal/operations/ports.ts';
import { untilReplicating } from '../../../internal/operations/replicating.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { partial } from '../../support/partial.ts';
import { aReplica } from '../topology/builders.ts';

describe('a replica that was started and does not get there', () => {
  for (const [startLimitMs, startPollMs, reads] of [
    [2_000, 20, 102],
    [500, 100, 7],
  ] as const)
    it(`is looked at every ${startPollMs} ms, and given up after ${startLimitMs} ms`, async () => {
      const clock = new FakeClock();
      const startMs = clock.nowMs();
      const connecting = aReplica(2, '', '', { replication: { receiver: 'other', applier: 'running' } });
      let found = 0;
      const session = {
        read: async () => {
          found += 1;
          return connecting;
        },
      };
      const deps = { clock, settings: { startLimitMs, startPollMs } };
      const ended = untilReplicating(
        partial<Parameters<typeof untilReplicating>[0]>(deps),
        partial<OperatorSession>(session),
        new AbortController().signal,
      ).then(
        () => assert.fail('it never replicated'),
        (err: Error) => [clock.nowMs() - startMs, err.message],
      );
      await clock.advance(10_000);
      const [ms, message] = (await ended) as [number, string];
      assert.match(message, /Replication not running on h2:3306: receiver other/);
      assert.ok(ms > startLimitMs - startPollMs, `${ms} ms`);
      assert.equal(found, reads);
    });
});
