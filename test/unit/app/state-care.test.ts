import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StateCare, type StateCareDeps } from '../../../internal/app/group/state-care.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import { FakeClock } from '../../support/fake-clock.ts';

describe('the state of a node that was taken into a group', () => {
  let directory = '';
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'state-care-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  /** Gets it from a leader, by `fetch`. */
  function caring(fetch: (signal: AbortSignal) => Promise<Uint8Array>) {
    const clock = new FakeClock();
    const warnings: string[] = [];
    let reads = 0;
    const group = {
      standpoint: { self: 'n2', leader: 'n1', role: 'follower', configuration: { voters: ['n1', 'n2'] } },
      applied: 7,
      replaceState: async (from: (atLeast: number) => Promise<unknown>) => from(7),
    };
    const care = new StateCare({
      ...{ clock, directory, told: () => undefined, audit: () => {}, digests: {} },
      node: () => ({ group }),
      agreed: { standing: async () => 'joined' },
      courier: { fetch: (_leader: string, _atLeast: number, signal: AbortSignal) => fetch(signal) },
      present: async function* () {
        reads += 1;
        yield Buffer.from('state');
      },
      log: { ...silentLog, warn: (_: object, text: string) => void warnings.push(text) },
    } as unknown as StateCareDeps);
    care.start();
    return { care, clock, warnings, reads: () => reads };
  }

  it('is asked for again and again; the trouble is told once, and what this node held is kept once', async () => {
    const { care, clock, warnings, reads } = caring(() => Promise.reject(new Error('as the test has it')));
    for (let look = 0; look < 5; look += 1) {
      await clock.advance(500);
      await new Promise(setImmediate);
    }
    await care.stop();
    assert.deepEqual(warnings, [
      'this node takes the state of the leader',
      'the state of this node is not repaired yet',
    ]);
    assert.deepEqual([reads(), readdirSync(directory)], [1, ['replaced-7.state']]);
  });

  it('holds a node that ends up no longer than its last look, which it gives up', async () => {
    const { care, clock, warnings } = caring(
      (signal) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        }),
    );
    await clock.advance(500);
    await care.stop();
    assert.equal(clock.pending, 0);
    assert.deepEqual(warnings, ['this node takes the state of the leader']);
  });
});
