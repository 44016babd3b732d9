// Wall clocks that jump an hour to either side and run too fast or too slow, each node by itself. Who leads must not depend on them, and
// what is stamped must not go back.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect } from '../../internal/raft/store/inspect.ts';
import { type Daemon, runHere, until } from '../support/daemon.ts';
import { WallClocks } from '../support/preload.ts';
import { Clients } from './clients.ts';
import { LONG, longScenarios, SEED } from './group-scenarios.ts';
import { checkHistory, describeOperation, describeVerdict } from './linearizability.ts';
import { downtimeRegister } from './registers.ts';

const HOUR_S = 3_600;
const LIMIT_MS = 240_000;
const teller = fileURLToPath(new URL('../support/clock-teller.js', import.meta.url));

interface Told {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

if (LONG)
  describe('a program with a wall clock of its own', () => {
    let directory: string;
    let log: string;
    before(() => {
      directory = mkdtempSync(join(tmpdir(), 'clocks-'));
      log = join(directory, 'log');
    });
    after(() => rmSync(directory, { recursive: true, force: true }));

    /** The latest of both threads. */
    function told(): readonly Told[] {
      const line = readFileSync(log, 'utf8').trim().split('\n').at(-1)!;
      const { here, there } = JSON.parse(line) as { readonly here: Told; readonly there: Told };
      return [here, there];
    }
    const between = (before: readonly Told[], now: readonly Told[]) =>
      now.map(({ wallMs, monotonicMs }, at) => ({
        wallMs: wallMs - before[at]!.wallMs,
        monotonicMs: monotonicMs - before[at]!.monotonicMs,
      }));

    it('sees it jump, and run faster, in all its threads, while its monotonic clock goes on', async function () {
      const clocks = WallClocks.open(directory);
      if (clocks === undefined) {
        assert.ok(!process.env.CI, 'libfaketime must be there under CI');
        console.log('SKIPPED: no libfaketime');
        this.skip();
      }
      const { run } = clocks.place({ run: runHere, listen: '', door: '' }, 'one');
      const { pid, ended } = await run(process.execPath, [teller], log);
      const first = await until('it tells', async () => told());
      for (const hours of [1, -1]) {
        clocks.set('one', hours * HOUR_S);
        const apart = await until('the clock has jumped', async () => {
          const passed = between(first, told());
          return passed.every(({ wallMs }) => Math.sign(wallMs) === hours && Math.abs(wallMs) > 3_000_000) && passed;
        });
        for (const { wallMs, monotonicMs } of apart) {
          assert.ok(
            Math.abs(wallMs - monotonicMs - hours * HOUR_S * 1_000) < 10_000,
            `${wallMs} ms of ${monotonicMs} ms`,
          );
          assert.ok(monotonicMs >= 0 && monotonicMs < 20_000, `${monotonicMs} ms`);
        }
      }
      clocks.set('one', 0, 2);
      const before = await until('it is back', async () => between(first, told())[0]!.wallMs > 0 && told());
      const quick = await until('some seconds have passed', async () => {
        const passed = between(before, told());
        return passed.every(({ monotonicMs }) => monotonicMs > 3_000) && passed;
      });
      for (const { wallMs, monotonicMs } of quick)
        assert.ok(Math.abs(wallMs / monotonicMs - 2) < 0.2, `${wallMs} ms in ${monotonicMs} ms`);
      process.kill(pid, 'SIGKILL');
      await ended;
    });
  });

longScenarios('nodes whose wall clocks go wrong', { tree: [undefined, 0, 0], limitMs: LIMIT_MS }, (stage, test) => {
  const { scenario } = stage;

  /** What the daemon itself takes for the time, by its log; seconds ahead of ours. */
  async function aheadBy(daemon: Daemon): Promise<number> {
    const { time } = JSON.parse(daemon.log().trim().split('\n').at(-1)!) as { readonly time: string };
    return (Date.parse(time) - Date.now()) / 1_000;
  }

  async function says(daemon: Daemon, aheadSeconds: number): Promise<boolean> {
    const { Warnings } = await stage.group.status(daemon);
    const found = /^the clock of this node is (\d+)\.\d s (ahead of|behind) that of the leader$/m.exec(
      Warnings.join('\n'),
    );
    const told = Number(found?.[1] ?? 0) * (found?.[2] === 'behind' ? -1 : 1);
    return Math.abs(told - aheadSeconds) < 60;
  }

  /** Nodes with a clock each, by their places in the group; undefined: there is no such library, which is told. */
  async function started(): Promise<WallClocks | undefined> {
    const clocks = WallClocks.open(scenario.directory);
    if (clocks !== undefined) await stage.start({}, { place: (place, at) => clocks.place(place, `${at}`) });
    else {
      assert.ok(!process.env.CI, 'libfaketime must be there under CI');
      console.log('SKIPPED: no libfaketime');
    }
    return clocks;
  }

  test('fail over in the hour by which the clock of their leader was set back', async () => {
    const clocks = await started();
    if (clocks === undefined) return;
    await scenario.replicated(2);
    const leader = await stage.group.leader();
    scenario.watchedBy(leader);
    stage.strikesWith(`the clock of ${stage.nameOf(leader)} is set back`);
    clocks.set(String(stage.group.daemons.indexOf(leader)), -HOUR_S);
    await until('its own clock is wrong', async () => {
      await leader.done('begin-downtime/nowhere/1/test/is-logged');
      return Math.abs((await aheadBy(leader)) + HOUR_S) < 60;
    });
    await scenario.kill(scenario.primary);
    await scenario.healed(scenario.replicas, [1, 2]);
    await stage.agree(1);
  });

  test(`have the leader they had, its term, and stamps that never go back (seed ${SEED})`, async () => {
    const clocks = await started();
    if (clocks === undefined) return;
    const { daemons } = stage.group;
    const clients = new Clients(downtimeRegister, 4, daemons, scenario.replicas, SEED);
    stage.papers.set('registers.txt', () => clients.history.map(describeOperation).join('\n'));
    await scenario.replicated(2);
    const leader = await stage.group.leader();
    const others = await stage.group.others();
    const { Term: term } = await stage.group.status(leader);
    const nodes = [leader, ...others];
    const moves: readonly (readonly [who: number, aheadSeconds: number, rate?: number])[] = [
      [0, HOUR_S],
      [0, -HOUR_S],
      [1, HOUR_S],
      [2, -HOUR_S],
      [0, HOUR_S],
      [0, 0, 3],
      [1, 0, 0.3],
      [0, 0, 0.3],
      [0, -HOUR_S],
    ];
    let leaderAhead = 0;
    for (const [who, ahead, rate] of moves) {
      const node = nodes[who]!;
      stage.strikesWith(`the clock of ${stage.nameOf(node)} is put ${ahead} s ahead, at ${rate ?? 1} times the speed`);
      clocks.set(String(daemons.indexOf(node)), ahead, rate);
      const before = clients.acknowledged;
      await until('much is agreed on', async () => clients.acknowledged > before + 20);
      if (rate === undefined)
        await until('its own clock is wrong', async () => Math.abs((await aheadBy(node)) - ahead) < 60);
      if (who === 0) leaderAhead = ahead;
      else if (rate === undefined)
        await until('it compares itself with its leader', () => says(node, ahead - leaderAhead));
      const now = await stage.group.status(leader);
      assert.deepEqual([now.State, now.Term], ['Leader', term], `the clock of node ${who} is ${ahead} s ahead`);
    }
    await stage.agree(0);
    assert.equal(describeVerdict(checkHistory(await clients.stop())), 'linearizable');
    await stage.kills(leader);
    await stage.heirOf(leader);
    await scenario.kill(scenario.primary);
    await scenario.healed(scenario.replicas, [1, 2]);
    await leader.launch();
    await stage.agree(1);
    for (const daemon of daemons) {
      await daemon.kill();
      const stamps = inspect(join(daemon.directory, 'raft')).entries.map(({ stampMs }) => stampMs);
      assert.ok(stamps.length > 100, `only ${stamps.length} entries`);
      assert.deepEqual(
        stamps,
        stamps.toSorted((a, b) => a - b),
      );
    }
  });
});
