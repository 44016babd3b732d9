import assert from 'node:assert/strict';
import type { Envelope } from '../../../internal/app/daemon-client.ts';
import { scaleDown } from '../../../internal/app/group/scale-down.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const step = (Members: number, ...Removed: readonly string[]) =>
  ({ To: 3, Removed, Members, Done: Members <= 3 }) as Envelope;
const error = (Message: string): Envelope => ({ Code: 'ERROR', Message, Details: null });
const HANDS_OVER = error('4 members are left; this node goes next and hands leadership over first: ask again');

const ROWS: readonly (readonly [
  what: string,
  answers: readonly Envelope[],
  told: readonly string[],
  outcome: number | RegExp,
])[] = [
  ['nothing to be done', [step(3)], [], 3],
  ['step by step', [step(4, 'e'), step(3, 'd')], ['e, 4 left', 'd, 3 left'], 3],
  [
    'through a change of the leader',
    [step(4, 'e'), HANDS_OVER, HANDS_OVER, step(3, 'd')],
    ['e, 4 left', 'd, 3 left'],
    3,
  ],
  ['refused on the way', [step(4, 'e'), error('a, b would stay')], ['e, 4 left'], /^a, b would stay$/],
  ['no progress', [HANDS_OVER], [], /ask again$/],
];

describe('a group made smaller through the API', () => {
  for (const [what, answers, told, outcome] of ROWS)
    it(what, async () => {
      const clock = new FakeClock(0);
      const left = [...answers];
      const asked: unknown[] = [];
      const daemon = {
        attempt: async (...request: readonly unknown[]) => {
          asked.push(request);
          return (left.length > 1 ? left.shift() : left[0]) ?? {};
        },
      };
      const lines: string[] = [];
      const onRemoved = (address: string, members: number) => void lines.push(`${address}, ${members} left`);
      const done = scaleDown(3, { daemon, clock, onRemoved });
      const checked =
        typeof outcome === 'number'
          ? done.then((members) => assert.equal(members, outcome))
          : assert.rejects(done, { code: 'CONFLICT', message: outcome });
      await clock.advance(120_000);
      await checked;
      assert.deepEqual(lines, told);
      assert.deepEqual(asked[0], [['raft-scale-down', 3], { one: 'true' }]);
    });
});
