// What an operator asks for by the API, as the shell client does it: every recovery twice, clusters by their alias.

import assert from 'node:assert/strict';
import { scenarios } from '../support/scenario.ts';

interface Answer {
  readonly Code: string;
  readonly Details: unknown;
}

const BY_HAND = { RecoverMasterClusterFilters: [], DetectClusterAliasQuery: "SELECT 'shop'" };

scenarios('a recovery on request', { tree: [undefined, 0, 0] }, (scenario, test) => {
  test('runs once, however often it is asked for, and its alias goes to the new primary', async () => {
    const daemon = await scenario.watching(BY_HAND);
    const { hostname, port } = scenario.primary.key;
    const path = `recover/${hostname}/${port}`;
    await scenario.kill(scenario.primary);
    await scenario.analysed('DeadMaster');
    const answers = await Promise.all([daemon.api<Answer>(path), daemon.api<Answer>(path)]);
    const leader = await scenario.healed(scenario.replicas, [1]);
    const [other] = scenario.replicas.filter((replica) => replica !== leader);
    assert.ok(other);
    answers.push(await daemon.api<Answer>(path));
    answers.push(await daemon.api<Answer>(`${path}/${other.key.hostname}/${other.key.port}`));
    const Details = { Hostname: leader.key.hostname, Port: leader.key.port };
    for (const answer of answers) assert.deepEqual([answer.Code, answer.Details], ['OK', Details]);
    assert.equal((await scenario.recoveries()).length, 1);

    const ofAlias = await daemon.api<readonly { readonly Key: unknown }[]>('cluster/alias/shop');
    assert.equal(ofAlias.length, 2);
    assert.deepEqual((await daemon.api<{ Key: unknown }>('master/shop')).Key, Details);
    await daemon.api(`ack-recovery/${(await daemon.api<{ Id: number }[]>('audit-recovery'))[0]?.Id}?comment=seen`);
    assert.deepEqual(await daemon.api('audit-recovery?unacknowledged=true'), []);
  });
});
