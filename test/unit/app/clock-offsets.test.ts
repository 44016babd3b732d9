import assert from 'node:assert/strict';
import { ClockOffsets, clockText, clockTrouble } from '../../../internal/app/group/clock-offsets.ts';

describe('the clocks of the members', () => {
  it('are compared by the word that was on its way for the shortest time, of the last eight', () => {
    const clocks = new ClockOffsets();
    assert.equal(clocks.of('b'), undefined);
    for (const delayMs of [40, 3_000, 2, 900]) clocks.heard('b', 12_500, 10_000 + delayMs);
    assert.equal(clocks.of('b'), 2_498);
    for (let n = 0; n < 8; n += 1) clocks.heard('b', 10_000, 10_001); // it was set
    assert.equal(clocks.of('b'), -1);
    assert.equal(clocks.of('c'), undefined);
  });

  for (const [offsetMs, trouble] of [
    [undefined, 'none'],
    [1_000, 'none'],
    [-1_001, 'warning'],
    [10_000, 'warning'],
    [-10_001, 'alarm'],
  ] as const)
    it(`of ${offsetMs ?? 'unknown'} ms apart: ${trouble}`, () => assert.equal(clockTrouble(offsetMs), trouble));

  it('say who is behind', () => {
    assert.equal(clockText(12_345), 'the clock of this node is 12.3 s behind that of the leader');
    assert.equal(clockText(-1_500), 'the clock of this node is 1.5 s ahead of that of the leader');
  });
});
