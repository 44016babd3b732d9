import assert from 'node:assert/strict';
import { ADMIN_LOGIN } from '../../scripts/sandbox/sandbox.ts';
import { until } from '../support/daemon.ts';
import { address, scenarios } from '../support/scenario.ts';
import { Writer } from '../support/writer.ts';

const CREDENTIALS = { ReplicationCredentialsQuery: "SELECT 'repl', 'repl_pw'" };

scenarios('a graceful takeover', { tree: [undefined, 0, 0, 0] }, (scenario, test) => {
  async function takeOver(target = scenario.server(2)): Promise<{ Code: string; Message: string }> {
    const { hostname, port } = target.key;
    return scenario.daemon.api(`graceful-master-takeover-auto/${address(scenario.primary)}/${hostname}/${port}`);
  }

  test('hands over with nothing lost, and the old primary follows', async () => {
    await scenario.watching(CREDENTIALS);
    await scenario.session(scenario.primary, ADMIN_LOGIN); // whom the daemon may not be allowed to end
    const answer = await takeOver();
    assert.equal(answer.Code, 'OK', answer.Message);
    assert.equal(await scenario.healed(scenario.servers, [1]), scenario.server(2));
  });

  test('loses no acknowledged write of applications that go on writing', async () => {
    const target = scenario.server(2);
    await scenario.watching(CREDENTIALS);
    const writers = [0, 1, 2].map((at) => new Writer(scenario.servers, 1_000_000 * (at + 1)));
    scenario.onSettle(async () => void (await Promise.all(writers.map((writer) => writer.stop()))));
    const everyone = (moment: string, count: number, on: unknown) =>
      until(`every application wrote ${moment}`, async () =>
        writers.every((writer) => writer.acknowledged.filter(({ server }) => server === on).length >= count),
      );
    await everyone('before', 20, scenario.primary);
    const answer = await takeOver(target);
    assert.equal(answer.Code, 'OK', answer.Message);
    await everyone('afterwards', 20, target);
    for (const writer of writers) await writer.stop();
    for (const { acknowledged } of writers) {
      const first = acknowledged.findIndex(({ server }) => server === target);
      assert.ok(
        acknowledged.slice(first).every(({ server }) => server === target),
        'no write went back',
      );
    }
    const held = new Set(await scenario.rows(target));
    const lost = writers.flatMap(({ ids }) => ids).filter((id) => !held.has(id));
    assert.deepEqual(lost, []);
    await scenario.healed(scenario.servers, [...held]);
    assert.equal(await scenario.history(scenario.primary), await scenario.history(target));
  });

  test('is refused before anything changes when the target does not replicate', async () => {
    const target = scenario.server(2);
    await scenario.watching(CREDENTIALS);
    await target.query(scenario.words.stopApplier);
    const answer = await takeOver(target);
    assert.equal(answer.Code, 'ERROR', answer.Message);
    assert.deepEqual(await scenario.writable(scenario.servers), [scenario.primary]);
  });
});
