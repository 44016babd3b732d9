// What a leader decides on while somebody sets its wall clock by an hour: nothing of what it saw may lie in the future, or look long past.

import assert from 'node:assert/strict';
import type { Agreement } from '../../../internal/app/agreement.ts';
import { NodeOffice } from '../../../internal/app/office.ts';
import { Inventory } from '../../../internal/discovery/inventory.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import { noticing } from '../../../internal/runtime/wall-clock.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { partial } from '../../support/partial.ts';
import { anInstance, aReplica, PRIMARY_KEY } from '../topology/builders.ts';

const HOUR_MS = 3_600_000;
const FRESH_FOR_MS = 5_000;
const primary = anInstance(1, { key: PRIMARY_KEY });
const replica = aReplica(2, '');

describe('a wall clock that is set', () => {
  for (const byMs of [-HOUR_MS, HOUR_MS])
    for (const when of ['before anybody is elected', 'before the failure', 'after the failure', 'never'] as const)
      it(`by ${byMs} ms ${when}: who leads sees what was read since, and since when the primary has been silent`, async () => {
        const real = new FakeClock();
        const inventory = new Inventory(
          () => ({}),
          () => FRESH_FOR_MS,
        );
        const clock = noticing(real, (ms) => inventory.clockSet(ms));
        const passes = async (moment: typeof when) => {
          if (moment === when) real.setBy(byMs);
          await real.advance(1_000);
        };
        inventory.recordSuccess(primary, clock.nowMs());
        inventory.recordSuccess(replica, clock.nowMs());
        await passes('before anybody is elected');
        const office = new NodeOffice(partial<Agreement>({ term: 2 }), clock, silentLog);
        const members = () => inventory.snapshot(inventory.clusterName(PRIMARY_KEY), clock.nowMs()).members;
        const readSince = () => members().map(({ lastAttemptedMs }) => lastAttemptedMs >= office.sinceMs);
        const isValid = () => members().some(({ instance, valid }) => instance.key === replica.key && valid);
        assert.deepEqual(readSince(), [false, false]);
        await passes('before the failure');
        inventory.recordFailure(PRIMARY_KEY, clock.nowMs(), 'silent', false);
        assert.deepEqual(readSince().toSorted(), [false, true]);
        await passes('after the failure');
        assert.equal(isValid(), true);
        inventory.recordSuccess(replica, clock.nowMs());
        assert.deepEqual(readSince(), [true, true]);
        const { firstFailureMs } = inventory.health(PRIMARY_KEY);
        assert.equal(clock.nowMs() - firstFailureMs, 1_000);
        assert.ok((inventory.get(replica.key)?.lastSeenMs ?? 0) > firstFailureMs);
        await real.advance(FRESH_FOR_MS + 1);
        assert.equal(isValid(), false, 'not read for too long');
      });
});
