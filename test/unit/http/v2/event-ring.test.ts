import assert from 'node:assert/strict';
import { EventRing } from '../../../../internal/http/v2/events/ring.ts';

const numbered = (ring: EventRing) => {
  const numbers: (number | undefined)[] = [];
  for (let number = ring.first - 1; number <= ring.last + 1; number += 1) numbers.push(ring.at(number)?.number);
  return numbers;
};

describe('the ring of events', () => {
  it('keeps the newest, in order, and nothing before or behind them', () => {
    const ring = new EventRing('e', 3, () => 7);
    assert.deepEqual([ring.first, ring.last, ring.at(0), ring.at(1)], [1, 0, undefined, undefined]);
    for (let n = 1; n <= 2; n += 1) ring.tell({ type: 'globalRecoveries', enabled: true });
    assert.deepEqual([ring.first, ring.last, numbered(ring)], [1, 2, [undefined, 1, 2, undefined]]);
    for (let n = 3; n <= 8; n += 1) ring.tell({ type: 'globalRecoveries', enabled: false });
    assert.deepEqual([ring.first, ring.last, numbered(ring)], [6, 8, [undefined, 6, 7, 8, undefined]]);
    assert.equal(ring.at(8)?.atMs, 7);
  });

  it('tells listeners of each, and those who left of none', () => {
    const ring = new EventRing('e', 3, () => 7);
    const heard: number[] = [];
    const leave = ring.listen(() => heard.push(ring.last));
    ring.tell({ type: 'globalRecoveries', enabled: true });
    ring.tell({ type: 'globalRecoveries', enabled: true });
    leave();
    ring.tell({ type: 'globalRecoveries', enabled: true });
    assert.deepEqual(heard, [1, 2]);
  });
});
