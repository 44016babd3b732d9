import assert from 'node:assert/strict';
import { matrix, type Result } from '../../nemesis/matrix.ts';

const passed: Result = {
  suite: 'a group',
  title: 'does well (seed 3)',
  result: 'passed',
  strikes: 2,
  seconds: 1.4,
  seed: 3,
};
const failed: Result = { ...passed, title: "doesn't (seed 3)", result: 'failed', strikes: 1, reason: 'lost\nstack' };

describe('the matrix of a long job', () => {
  const lines = matrix([passed, { ...passed, title: 'does well (seed 4)', seconds: 1.4 }, failed]).split('\n');
  const words = (start: string) =>
    lines
      .find((line) => line.startsWith(start))
      ?.slice(110)
      .trim()
      .split(/\s+/);

  it('has one line for all seeds of a scenario, and one for everything', () => {
    assert.deepEqual(words('a group: does well'), ['2', '4', '3', 'passed']);
    assert.deepEqual(words('a group: doesn'), ['1', '1', '1', 'failed']);
    assert.deepEqual(words('all'), ['3', '5', '4', '2', 'passed,', '1', 'failed']);
  });

  it('tells of each failure how to have it again', () => {
    assert.deepEqual(lines.slice(-3), [
      "failed: a group: doesn't (seed 3)",
      '  lost',
      "  npm run test:nemesis -- --minutes 1 --seed 3 --only 'a group doesn'\\''t (seed 3)'",
    ]);
  });
});
