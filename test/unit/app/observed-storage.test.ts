import assert from 'node:assert/strict';
import { observedStorage } from '../../../internal/app/observed-storage.ts';
import type { Storage } from '../../../internal/app/ports.ts';
import type { RecoveryRecord } from '../../../internal/recovery/book.ts';
import { FakeClock } from '../../support/fake-clock.ts';

describe('watching recoveries while they are stored', () => {
  const clock = new FakeClock();
  const stored: string[] = [];
  const told: string[] = [];
  const inner: Pick<Storage, 'closed' | 'stepStarted' | 'stepEnded'> = {
    closed: async ({ uid }) => void stored.push(`closed ${uid}`),
    stepStarted: async (_uid, _number, text) => void stored.push(`started ${text}`),
    stepEnded: async (_uid, _number, text) => void stored.push(`ended ${text}`),
  };
  const storage = observedStorage(
    inner as Storage,
    {
      recovered: ({ uid }) => void told.push(uid),
      stepped: (phase, ok, durationMs) => void told.push(`${phase} ${ok} ${durationMs}`),
    },
    clock,
  );

  beforeEach(() => {
    stored.length = 0;
    told.length = 0;
  });

  it('tells of each recovery once, though it is closed again when a script behind it fails', async () => {
    for (const uid of ['one', 'one', 'two']) await storage.closed({ uid } as RecoveryRecord);
    assert.deepEqual(told, ['one', 'two']);
    assert.deepEqual(stored, ['closed one', 'closed one', 'closed two']);
  });

  it('tells how long each step took, also of steps that run side by side', async () => {
    const done = { statements: [], error: undefined };
    await storage.stepStarted('one', 1, 'attach b:1 to a:1');
    await clock.advance(10);
    await storage.stepStarted('one', 2, 'catch up a:1 with b:1');
    await clock.advance(10);
    await storage.stepEnded('one', 2, 'catch up a:1 with b:1', { ...done, error: 'no' });
    await storage.stepEnded('one', 1, 'attach b:1 to a:1', done);
    await storage.stepEnded('one', 9, 'begun by nobody', done);
    assert.deepEqual(told, ['catch up false 10', 'attach true 20']);
    assert.equal(stored.length, 5);
  });
});
