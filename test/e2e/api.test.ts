// What an operator asks for by the API, as the shell client does it: every recovery twice, clusters by their alias, servers by another name.

import assert from 'node:assert/strict';
import { type Answer, until } from '../support/daemon.ts';
import { scenarios } from '../support/scenario.ts';

const BY_HAND = { RecoverMasterClusterFilters: [], DetectClusterAliasQuery: "SELECT 'shop'" };

scenarios('a recovery on request', { tree: [undefined, 0, 0, 0] }, (scenario, test) => {
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

    await until('all three are shown under the alias', async () => {
      return (await daemon.api<unknown[]>('cluster/alias/shop')).length === 3;
    });
    assert.deepEqual((await daemon.api<{ Key: unknown }>('master/shop')).Key, Details);
    await daemon.api(`ack-recovery/${(await daemon.api<{ Id: number }[]>('audit-recovery'))[0]?.Id}?comment=seen`);
    assert.deepEqual(await daemon.api('audit-recovery?unacknowledged=true'), []);
  });
});

scenarios('host names', { tree: [undefined, 0], flavours: ['mariadb'] }, (scenario, test) => {
  test('are resolved once, kept over a restart, and forgotten on request', async () => {
    const daemon = await scenario.watching({ HostnameResolveMethod: 'ip' });
    const { port } = scenario.primary.key;
    const address = { Hostname: '127.0.0.1', Port: port };
    const found = async () => (await daemon.api<{ Key?: unknown }>(`instance/localhost/${port}`)).Key;
    const cache = async () =>
      (await daemon.api<{ Details: Record<string, { Object: string }> }>('hostname-resolve-cache')).Details;
    assert.equal(await found(), undefined);
    assert.deepEqual((await daemon.api<Answer>(`resolve/localhost/${port}`)).Details, address);
    assert.equal((await daemon.api<Answer>('resolve/localhost/1')).Code, 'ERROR');
    assert.deepEqual(await found(), address);
    await daemon.kill('SIGTERM');
    await daemon.launch();
    await until('the server is known again', async () => (await daemon.api<unknown[]>('all-instances')).length === 2);
    assert.equal((await cache()).localhost?.Object, '127.0.0.1');
    assert.deepEqual(await found(), address);
    await daemon.done('reset-hostname-resolve-cache');
    assert.equal((await cache()).localhost, undefined);
    await daemon.done('begin-downtime/localhost/1/me/why'); // known by neither name
    const discovered = await daemon.api<{ Details: { Key: unknown } }>(`discover/localhost/${port}`);
    assert.deepEqual(discovered.Details.Key, address);
    assert.equal((await daemon.api<unknown[]>('all-instances')).length, 2);
    for (const [protection, code] of [
      [`begin-downtime/db1.invalid/${port}/me/why`, 'ERROR'],
      [`begin-maintenance/db1.invalid/${port}/me/why`, 'ERROR'],
      [`begin-downtime/localhost/${port}/me/why`, 'OK'],
      [`end-downtime/db1.invalid/${port}`, 'OK'], // what was filed under it once must stay in reach
    ] as const)
      assert.equal((await daemon.api<Answer>(protection)).Code, code, protection);
  });
});
