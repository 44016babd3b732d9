import assert from 'node:assert/strict';
import { until } from '../support/daemon.ts';
import { address, scenarios } from '../support/scenario.ts';
import { EventListener, type HeardEvent } from '../support/sse.ts';
import { V2Client } from '../support/v2.ts';

const numberOf = ({ id }: HeardEvent) => Number(id.split('.')[1]);

scenarios('events of a failover', { tree: [undefined, 0, 0] }, (scenario, test) => {
  test('are heard in order, whole though the listener was away for a part of it, and fit the state', async () => {
    const daemon = await scenario.watching();
    const client = await V2Client.at(daemon.url);
    const url = `${daemon.url}/api/v2/events`;
    const before = await EventListener.open(url);
    scenario.onSettle(() => before.close());
    await before.hears('the beginning', ({ event }) => event === 'open');
    const { primary } = scenario;
    await scenario.kill(primary);
    await before.hears('a recovery', ({ event, data }) => event === 'recovery' && data.phase === 'began');
    before.close();
    await scenario.healed(scenario.replicas, [1]);
    const after = await EventListener.open(url, before.lastId);
    scenario.onSettle(() => after.close());
    const ended = await after.hears('its end', ({ event, data }) => event === 'recovery' && data.phase === 'ended');
    assert.equal(after.heard[0]?.data.resumed, true);

    const heard = [...before.heard, ...after.heard.slice(1)];
    assert.deepEqual(
      heard.map(numberOf),
      heard.map((_, n) => numberOf(heard[0] as HeardEvent) + n),
    ); // no gap, nothing twice
    const first = (fits: (event: HeardEvent) => boolean) => heard.findIndex(fits);
    const story = [
      first(
        ({ data }) =>
          data.type === 'topology' &&
          data.server === address(primary) &&
          (data.changed as string[]).includes('reachable'),
      ),
      first(({ data }) => data.type === 'analysis' && data.server === address(primary) && data.code === 'deadPrimary'),
      first(({ data }) => data.type === 'recovery' && data.phase === 'began'),
      first(
        ({ data }) =>
          data.type === 'recoveryStep' && data.phase === 'began' && String(data.step).startsWith('promote '),
      ),
      first(({ data }) => data.type === 'recovery' && data.phase === 'ended'),
    ];
    assert.ok(!story.includes(-1), `${story} of ${JSON.stringify(heard.map(({ data }) => data))}`);
    assert.deepEqual(
      story,
      [...story].sort((a, b) => a - b),
    );

    const { successor, successful, uid } = ended.data;
    assert.equal(successful, true);
    await until('it is shown to lead', async () => {
      return (await client.done(`/clusters/${String(successor)}`)).primary === successor;
    });
    const body = { comment: 'seen', uid };
    const acknowledged = await client.done('/acknowledgements', { method: 'POST', body });
    assert.deepEqual(acknowledged, { acknowledged: [uid] });
    await after.hears('that somebody has looked', ({ data }) => data.phase === 'acknowledged' && data.uid === uid);
  });

  test('are those of what operators do by real verbs, and a new process says that it knows nothing of the old one', async () => {
    const daemon = await scenario.watching();
    const client = await V2Client.at(daemon.url);
    const [one, other] = [scenario.server(1), scenario.server(2)];
    const listener = await EventListener.open(`${daemon.url}/api/v2/events`);
    scenario.onSettle(() => listener.close());
    const relocate = { operation: 'relocate', below: address(one) };
    const plan = await client.done<{ moves: readonly { steps: readonly { text: string }[] }[] }>(
      `/instances/${address(other)}/operation-plan?operation=relocate&below=${address(one)}`,
    );
    const texts = plan.moves.flatMap(({ steps }) => steps.map(({ text }) => text));
    assert.ok(
      texts.some((text) => text.startsWith(`point ${address(other)} to ${address(one)} `)),
      texts.join('; '),
    );
    const before = await client.done(`/instances/${address(other)}`);
    assert.equal(before.source, address(scenario.primary)); // planned, not moved
    const outcome = await client.done(`/instances/${address(other)}/operations`, { method: 'POST', body: relocate });
    assert.deepEqual(outcome.moved, [address(other)]);
    await listener.hears(
      'the move',
      ({ data }) =>
        data.type === 'topology' && data.server === address(other) && (data.changed as string[]).includes('source'),
    );
    const downtime = { server: address(one), reason: 'disk', durationSeconds: 60 };
    await client.done('/downtimes', { method: 'POST', body: downtime });
    await client.done(`/downtimes/${address(one)}`, { method: 'DELETE' });
    await listener.hears('its end', ({ data }) => data.type === 'downtime' && data.endsAt === null);
    const takeover = { kind: 'takeover', cluster: address(scenario.primary), successor: address(one) };
    const { recovery } = await client.done<{ recovery: { successor: string } }>('/recoveries', {
      method: 'POST',
      body: takeover,
    });
    assert.equal(recovery.successor, address(one));
    await until('it is shown to follow nobody', async () => {
      const { items } = await client.done<{ items: readonly { server: string; source: string | null }[] }>(
        '/instances',
      );
      return items.find(({ server }) => server === address(one))?.source === null;
    });

    await daemon.kill('SIGTERM');
    await until('the stream ended with the process', async () => listener.ended);
    await daemon.launch();
    const again = await EventListener.open(`${daemon.url}/api/v2/events`, listener.lastId);
    scenario.onSettle(() => again.close());
    await again.hears('a reset', ({ data }) => data.type === 'reset' && data.reason === 'restarted');
  });
});
