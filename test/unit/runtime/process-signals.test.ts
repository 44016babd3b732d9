import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { ProcessSignals } from '../../../internal/runtime/process-signals.ts';

class FakeProcess extends EventEmitter {
  status: number | undefined;
  exit(status: number): void {
    this.status ??= status;
  }
}

describe('signals of a daemon', () => {
  let process: FakeProcess;
  let nowMs: number;
  let signals: ProcessSignals;
  let reloads: number;

  beforeEach(() => {
    process = new FakeProcess();
    nowMs = 5;
    reloads = 0;
    signals = new ProcessSignals({ process, clock: { monotonicMs: () => nowMs } });
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
        nowMs += afterMs;
        process.emit(signal);
      }
      assert.equal(await signals.stopped, given[0]?.[0]);
      assert.equal(signals.stopping, true);
      assert.equal(process.status, status);
    });
});
