import assert from 'node:assert/strict';
import { GroupWindow } from '../../../internal/app/group/group-window.ts';
import type { Waiting } from '../../../internal/http/group-view.ts';
import { aWait } from '../../support/fake-group.ts';
import { ManualClock } from '../../support/manual-clock.ts';

function aWindow() {
  const clock = new ManualClock();
  const membership: { node: undefined; waiting: Waiting | undefined } = { node: undefined, waiting: undefined };
  const window = new GroupWindow({
    ...{ bind: '', advertise: '', url: '', electionTimeoutMs: 1_000, promotionLimitMs: 1_000 },
    ...{ membership, clock },
    wordOf: () => undefined,
    clockOffsetOf: () => undefined,
    own: () => ({ url: '', draining: false, backend: true }),
    state: {
      sound: true,
      view: { standing: 'agreed', differsSince: undefined, repairing: false, lastRepair: undefined },
    },
    sound: () => true,
    drain: async () => {},
    undrain: () => {},
  });
  return { clock, membership, window };
}

describe('a node without a group, as the API sees it', () => {
  it('says what it does and for how long it has done so', () => {
    const { clock, membership, window } = aWindow();
    const life = () => [window.now().life, window.now().lifeMs];
    clock.advance(300);
    assert.deepEqual(life(), ['discovering', 300]);
    membership.waiting = aWait('joining', 'asks to be let in');
    assert.deepEqual(life(), ['joining', 0]);
    clock.advance(700);
    membership.waiting = aWait('joining', 'asks another one');
    assert.deepEqual(life(), ['joining', 700], 'another reason is no other state');
  });

  it('says when it tries again, however long it was told nothing of it', () => {
    const { clock, membership, window } = aWindow();
    assert.equal(window.now().nextAttemptMs, undefined);
    membership.waiting = aWait('discovering', '', { attempts: { nextMs: clock.monotonicMs() + 200, everyMs: 500 } });
    const times = [0, 150, 50, 100, 1_000].map((passed) => {
      clock.advance(passed);
      return window.now().nextAttemptMs;
    });
    assert.deepEqual(times, [200, 50, 0, 400, 400]);
  });
});
