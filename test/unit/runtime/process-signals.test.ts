import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { ProcessSignals } from '../../../internal/runtime/process-signals.ts';
import { FakeClock } from '../../support/fake-clock.ts';

class FakeProcess extends EventEmitter {
  status: number | undefined;
  exit(status: number): void {
    this.status ??= status;
  }
}

describe('signals of a daemon', () => {
  let process: FakeProcess;
  let clock: FakeClock;
  let signals: ProcessSignals;
  let reloads: number;

  beforeEach(() => {
    process = new FakeProcess();
    clock = new FakeClock();
    reloads = 0;
    signals = new ProcessSignals({ process, clock });
  });

  it('reloads at each SIGHUP, and once for all that came before it could', () => {
    process.emit('SIGHUP');
    process.emit('SIGHUP');
    signals.onReload(() => {
      reloads += 1;
    });
    assert.equal(reloads, 1);
    process.emit('SIGHUP');
    assert.equal(reloads, 2);
    assert.equal(signals.stopping, false);
  });

  const stops: readonly [title: string, given: readonly [signal: string, afterMs: number][], status?: number][] = [
    ['stops in order at SIGTERM', [['SIGTERM', 0]]],
    [
      'takes the same wish twice for one',
      [
        ['SIGINT', 0],
        ['SIGINT', 3],
        ['SIGTERM', 990],
      ],
    ],
    [
      'ends at once when asked again',
      [
        ['SIGTERM', 0],
        ['SIGTERM', 1_001],
      ],
      143,
    ],
    [
      'ends at once at a late Ctrl-C, and says which signal',
      [
        ['SIGTERM', 0],
        ['SIGINT', 5_000],
        ['SIGTERM', 1],
      ],
      130,
    ],
  ];
  for (const [title, given, status] of stops)
    it(title, async () => {
      for (const [signal, afterMs] of given) {
        await clock.advance(afterMs);
        process.emit(signal);
      }
      assert.equal(await signals.stopped, given[0]?.[0]);
      assert.equal(signals.stopping, true);
      assert.equal(process.status, status);
    });

  it('hurries at the second one where somebody can, and ends at the third', async () => {
    let hurried = 0;
    signals.onSecond(() => {
      hurried += 1;
    });
    for (const [afterMs, expected, status] of [
      [0, 0, undefined],
      [900, 0, undefined],
      [500, 1, undefined],
      [900, 1, undefined], // the same wish as the one before
      [500, 1, 143],
    ] as const) {
      await clock.advance(afterMs);
      process.emit('SIGTERM');
      assert.deepEqual([hurried, process.status], [expected, status]);
    }
  });

  it('ends after the longest time it was given', async () => {
    signals.endAfter(60_000, 124);
    await clock.advance(59_999);
    assert.equal(process.status, undefined);
    await clock.advance(1);
    assert.equal(process.status, 124);
  });
});
