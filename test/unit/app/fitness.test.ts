import assert from 'node:assert/strict';
import { Fitness } from '../../../internal/app/group/fitness.ts';
import type { BackendHealth } from '../../../internal/backend/write-queue.ts';
import { silentLog } from '../../../internal/runtime/log.ts';

const HOUR_MS = 3_600_000;
const END_AFTER_MS = 30_000;

/** A node that looks at itself each second of a monotonic clock; its wall clock is what the test makes of it. */
class Node {
  wallMs = 1_700_000_000_000;
  monotonicMs = 0;
  failsSinceMs: number | undefined;
  sound = true;
  yields = false;
  readonly ends: unknown[] = [];
  readonly #fitness = new Fitness({
    backend: { health: () => this.#health() },
    sound: () => this.sound,
    yields: () => this.yields,
    endAfterMs: END_AFTER_MS,
    clock: { monotonicMs: () => this.monotonicMs, nowMs: () => this.wallMs },
    log: silentLog,
    onFatal: (err) => this.ends.push(err),
  });

  get fit(): boolean {
    return this.#fitness.fit;
  }

  seconds(count: number): void {
    for (let second = 0; second < count; second += 1) {
      this.monotonicMs += 1_000;
      this.wallMs += 1_000;
      this.#fitness.look();
    }
  }

  fails(fails: boolean): void {
    this.failsSinceMs = fails ? this.wallMs : undefined;
  }

  #health(): BackendHealth {
    const rest = { waiting: 0, lost: 0 };
    const sinceMs = this.failsSinceMs;
    return sinceMs === undefined ? { ok: true, ...rest } : { ok: false, sinceMs, message: 'gone', ...rest };
  }
}

describe('a node of a group is fit to lead', () => {
  let node: Node;
  beforeEach(() => {
    node = new Node();
    node.seconds(3);
  });

  const fitAfter = (steps: readonly (readonly [seconds: number, fit: boolean])[]) => {
    for (const [seconds, fit] of steps) {
      node.seconds(seconds);
      assert.equal(node.fit, fit, `after ${node.monotonicMs} ms`);
    }
  };

  it('until its backend has taken nothing for five seconds, and ten seconds after that has ended', () => {
    node.fails(true);
    fitAfter([
      [4, true],
      [1, false],
    ]);
    node.fails(false);
    fitAfter([
      [9, false],
      [1, true],
    ]);
    assert.deepEqual(node.ends, []);
  });

  it('and ends when that lasts for as long as was said', () => {
    node.fails(true);
    node.seconds(END_AFTER_MS / 1_000 - 1);
    assert.deepEqual(node.ends, []);
    node.seconds(1);
    assert.equal(node.ends.length, 1);
  });

  for (const hours of [1, -1])
    it(`by time that passes, not by a wall clock that is put ${hours} h ahead`, () => {
      node.fails(true);
      node.seconds(1);
      node.wallMs += hours * HOUR_MS;
      fitAfter([
        [3, true],
        [2, false],
      ]);
      node.fails(false);
      node.seconds(1);
      node.wallMs -= hours * HOUR_MS;
      fitAfter([
        [8, false],
        [1, true],
      ]);
      assert.deepEqual(node.ends, []);
    });

  it('only while its state is that of the group', () => {
    node.sound = false;
    fitAfter([[1, false]]);
    node.sound = true;
    fitAfter([[1, true]]);
  });

  it('only while it does not yield, and after that no sooner than it is well', () => {
    node.yields = true;
    assert.equal(node.fit, false);
    node.sound = false;
    node.seconds(1);
    node.yields = false;
    assert.equal(node.fit, false);
    node.sound = true;
    fitAfter([[1, true]]);
    node.yields = true;
    fitAfter([[20, false]]);
  });
});
