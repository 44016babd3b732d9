import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type Daemon, until } from '../support/daemon.ts';
import { scenarios } from '../support/scenario.ts';

async function isGone(daemon: Daemon): Promise<boolean> {
  return fetch(`${daemon.url}/api/lb-check`).then(
    () => false,
    () => true,
  );
}

scenarios('a daemon killed', { tree: [undefined, 0, 0, 0] }, (scenario, test) => {
  test('before it changed anything recovers once it is started again', async () => {
    const marker = join(scenario.directory, 'killed');
    const daemon = await scenario.watching({
      PreFailoverProcesses: [`test -e ${marker} || { touch ${marker}; kill -9 $PPID; }`],
    });
    await scenario.kill(scenario.primary);
    await until('the daemon is gone', () => isGone(daemon));
    assert.deepEqual(await scenario.writable(scenario.replicas), []);
    await daemon.launch();
    await scenario.healed(scenario.replicas, [1]);
    const recoveries = await scenario.recoveries(2);
    assert.deepEqual(
      recoveries.map(({ IsSuccessful }) => IsSuccessful),
      [true, false],
    );
  });

  for (let steps = 1; steps <= 6; steps += 1) {
    test(`when ${steps} steps of the recovery were journalled finishes it, or starts over, when it is back`, async () => {
      const daemon = await scenario.watching();
      await scenario.replicated(2);
      await scenario.kill(scenario.primary);
      await daemon.killAtStep(steps);
      await daemon.launch();
      await scenario.healed(scenario.replicas, [1, 2]);
      assert.ok((await scenario.recoveries('any')).some(({ IsSuccessful }) => IsSuccessful));
      await scenario.revive(scenario.primary);
      await scenario.fenced(scenario.primary);
    });
  }
});
