import assert from 'node:assert/strict';
import { orderlyStop } from '../../../internal/app/orderly-stop.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import { FakeClock } from '../../support/fake-clock.ts';

/** Notes what is done when, in seconds since the first signal. */
class Stop {
  readonly clock = new FakeClock();
  readonly steps: string[] = [];
  hurry: (() => void) | undefined;
  readonly #startMs = this.clock.nowMs();

  run(handOver: (clock: FakeClock) => Promise<void>): Promise<void> {
    return orderlyStop({
      config: { ShutdownDrainSeconds: 5, ShutdownTimeoutSeconds: 60 },
      group: {
        drain: async () => {
          this.note('drain');
          await handOver(this.clock);
          this.note('handed over');
        },
      },
      server: { stop: async (graceMs) => this.note(`no more requests, ${graceMs} ms for those under way`) },
      signals: {
        onSecond: (hurry) => {
          this.hurry = hurry;
        },
        endAfter: (ms, status) => this.note(`${status} after ${ms / 1000} s`),
      },
      clock: this.clock,
      log: silentLog,
    }).then(() => this.note('the rest ends'));
  }

  note(what: string): void {
    this.steps.push(`${(this.clock.nowMs() - this.#startMs) / 1000}: ${what}`);
  }
}

describe('an orderly stop of a node in a group', () => {
  it('goes on answering until another leads and load balancers have noticed', async () => {
    const stop = new Stop();
    const done = stop.run((clock) => clock.sleep(2_000));
    await stop.clock.advance(7_000);
    await done;
    assert.deepEqual(stop.steps, [
      '0: 124 after 60 s',
      '0: drain',
      '2: handed over',
      '7: no more requests, 5000 ms for those under way',
      '7: the rest ends',
    ]);
    assert.equal(stop.hurry, undefined); // from here on a signal ends the process
  });

  it('leaves all that at the second signal', async () => {
    const stop = new Stop();
    const done = stop.run((clock) => clock.sleep(20_000));
    await stop.clock.advance(1_500);
    stop.hurry?.();
    await done;
    assert.deepEqual(stop.steps, ['0: 124 after 60 s', '0: drain', '1.5: the rest ends']);
  });

  it('goes on where leadership cannot be handed over', async () => {
    const stop = new Stop();
    const done = stop.run(() => Promise.reject(new Error('the consensus thread has ended')));
    await stop.clock.advance(0);
    await done;
    assert.equal(stop.steps.at(-1), '0: the rest ends');
  });
});
