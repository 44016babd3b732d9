import assert from 'node:assert/strict';
import type { RecoveryRecord } from '../../../internal/recovery/book.ts';
import { repeatedRecovery } from '../../../internal/recovery/repeated.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const FAILED = { hostname: 'db1', port: 3306 };
const SUCCESSOR = { hostname: 'db2', port: 3306 };

function aRecord(more: Partial<RecoveryRecord>): RecoveryRecord {
  return {
    uid: 'one',
    kind: 'primary',
    code: 'DeadMaster',
    failed: FAILED,
    cluster: 'db1:3306',
    alias: 'main',
    startedMs: 0,
    successful: true,
    successor: SUCCESSOR,
    lost: [],
    participants: [],
    errors: [],
    harmless: false,
    ...more,
  };
}

/** `endsMs`: after how long the cluster is left alone; the record is there, ended, from then on. */
async function asked(clock: FakeClock, record: RecoveryRecord | undefined, endsMs = 0) {
  const freeMs = clock.nowMs() + endsMs;
  const busy = () => clock.nowMs() < freeMs;
  const found = repeatedRecovery(
    FAILED,
    { busy, clock, records: () => (record === undefined || busy() ? [] : [record]) },
    new AbortController().signal,
  );
  await clock.advance(endsMs + 100);
  return (await found)?.uid;
}

describe('a recovery that is asked for again', () => {
  const clock = new FakeClock();
  const ago = (ms: number) => ({ endedMs: clock.nowMs() - ms });

  it('is answered by the success of a moment ago', async () => {
    assert.equal(await asked(clock, aRecord(ago(29_000))), 'one');
  });

  for (const [what, record] of [
    ['there was none', () => undefined],
    ['it succeeded a while ago', () => aRecord(ago(31_000))],
    ['it failed before', () => aRecord({ ...ago(1_000), successful: false })],
    ['another server was recovered', () => aRecord({ ...ago(1_000), failed: SUCCESSOR })],
    ['an earlier process left it open', () => aRecord({})],
  ] as const) {
    it(`starts when ${what}`, async () => assert.equal(await asked(clock, record()), undefined));
  }

  for (const successful of [true, false]) {
    it(`waits for the one that runs and tells its ${successful ? 'success' : 'failure'}`, async () => {
      const endedMs = clock.nowMs() + 2_000;
      assert.equal(await asked(clock, aRecord({ endedMs, successful }), 2_000), 'one');
    });
  }

  it('goes on when what it waited for was about another server', async () => {
    assert.equal(await asked(clock, aRecord({ ...ago(0), failed: SUCCESSOR }), 2_000), undefined);
  });
});
