import assert from 'node:assert/strict';
import { toMs, toText } from '../../../internal/backend/time.ts';

const TEN = Date.UTC(2026, 0, 31, 10);

describe('times of the backend', () => {
  const cases: readonly (readonly [stored: string | number | null | undefined, ms: number])[] = [
    ['2026-01-31 10:00:00', TEN],
    ['2026-01-31T10:00:00Z', TEN],
    ['2026-01-31 10:00:00.250', TEN + 250],
    ['2026-01-31 10:00:00.123456789+00:00', TEN + 123],
    ['2026-01-31 12:00:00+02:00', TEN],
    ['2026-01-31 10:00:00 UTC', TEN],
    ['2026-01-31', TEN - 10 * 3_600_000],
    [TEN / 1000, TEN],
    ['1971-01-01 00:00:00', Date.UTC(1971, 0, 1)],
    ['0000-00-00 00:00:00', 0],
    ['', 0],
    ['soon', 0],
    [null, 0],
    [undefined, 0],
  ];
  for (const [stored, ms] of cases) it(`${JSON.stringify(stored)} is ${ms}`, () => assert.equal(toMs(stored), ms));

  it('are written as whole seconds of UTC', () => assert.equal(toText(TEN + 999), '2026-01-31 10:00:00'));
});
