import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { TOPOLOGY_LOGIN } from '../../scripts/sandbox/sandbox.ts';
import { until } from '../support/daemon.ts';
import { inSession } from '../support/dialect.ts';
import { address, type Scenario, scenarios } from '../support/scenario.ts';

/** Nobody took over, and no replica was left stopped: each of them is back as soon as its source is. */
async function comesBackAsItWas(scenario: Scenario): Promise<void> {
  const { primary, replicas } = scenario;
  assert.deepEqual(await scenario.writable(replicas), []);
  await scenario.revive(primary);
  for (const replica of replicas) await scenario.follows(replica, primary);
  assert.deepEqual(await scenario.writable(scenario.servers), [primary]);
}

/** How many processes have this text on their command line. */
function processesNaming(text: string): number {
  const commandLine = (pid: string) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    } catch {
      return ''; // it ended meanwhile
    }
  };
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && commandLine(name).includes(text)).length;
}

scenarios('no failover', { tree: [undefined, 0, 0] }, (scenario, test) => {
  const downtime = ({ primary: { key } }: Scenario) => `begin-downtime/${key.hostname}/${key.port}/me/test/10m`;
  for (const [reason, gate, config, path] of [
    ['the filters do not match', 'filter matches', { RecoverMasterClusterFilters: ['another'] }, undefined],
    ['recoveries are disabled globally', 'recoveries enabled', {}, () => 'disable-global-recoveries'],
    ['the primary is in downtime', 'not suppressed', {}, downtime],
  ] as const) {
    test(`when ${reason}, which is said`, async () => {
      const daemon = await scenario.watching(config);
      if (path !== undefined) await daemon.done(path(scenario));
      await scenario.kill(scenario.primary);
      await until(`the log names the gate "${gate}"`, async () =>
        daemon
          .log()
          .split('\n')
          .some((line) => line.includes('a gate says no') && line.includes(`"${gate}"`)),
      );
      await scenario.noRecovery();
      await comesBackAsItWas(scenario);
    });
  }

  test('when our account may not make a replica writable; once that is granted, by itself', async () => {
    const right = scenario.flavour === 'mysql' ? 'SYSTEM_VARIABLES_ADMIN' : 'READ_ONLY ADMIN';
    const account = `'${TOPOLOGY_LOGIN.user}'@'%'`;
    const change = (what: string) => async () => {
      for (const replica of scenario.replicas)
        await inSession(replica, [
          ...(scenario.flavour === 'mysql' ? ['SET GLOBAL super_read_only = 0'] : []),
          'SET sql_log_bin = 0',
          `${what} ${account}`,
        ]);
    };
    const grant = change(`GRANT ${right} ON *.* TO`);
    scenario.onSettle(grant);
    await change(`REVOKE ${right} ON *.* FROM`)();
    const daemon = await scenario.watching({ RefusedStatementRetrySeconds: 1 });
    for (const replica of scenario.replicas) await daemon.logged(`"instance":"${address(replica)}","missing":[{`);
    await scenario.kill(scenario.primary);
    await until('the gate names the right', async () =>
      daemon
        .log()
        .split('\n')
        .some((line) => line.includes('a gate says no') && line.includes('may change servers') && line.includes(right)),
    );
    await scenario.noRecovery();
    await grant();
    await scenario.healed(scenario.replicas, [1]);
  });

  test('when all appliers stop on a living primary', async () => {
    await scenario.watching();
    for (const replica of scenario.replicas) await replica.query(scenario.words.stopApplier);
    await scenario.analysed('AllMasterReplicasNotReplicating');
    await scenario.noRecovery();
    assert.deepEqual(await scenario.writable(scenario.servers), [scenario.primary]);
  });

  test('when all receivers are stopped on a living primary', async () => {
    await scenario.watching();
    for (const replica of scenario.replicas) await replica.query(scenario.words.stopReceiver);
    await scenario.analysed('AllMasterReplicasNotReplicating');
    await scenario.noRecovery();
    assert.deepEqual(await scenario.writable(scenario.servers), [scenario.primary]);
  });

  test('when a PreFailoverProcesses script fails: nothing was changed', async () => {
    const daemon = await scenario.watching({ PreFailoverProcesses: ['exit 3'] });
    await scenario.kill(scenario.primary);
    await daemon.logged('recovery ends');
    await comesBackAsItWas(scenario);
  });

  test('unless an operator asks for it without any script', async () => {
    const told = join(scenario.directory, 'told');
    const say = [`echo {failureType} >> ${told}`];
    const quiet = { OnFailureDetectionProcesses: say, PostMasterFailoverProcesses: say, PostFailoverProcesses: say };
    await scenario.watching({ ...quiet, RecoverMasterClusterFilters: [], PreFailoverProcesses: ['exit 3'] });
    await scenario.kill(scenario.primary);
    await scenario.daemon.logged('"name":"filter matches"');
    rmSync(told, { force: true }); // the detection was told of before
    const { hostname, port } = scenario.primary.key;
    const answer = await scenario.daemon.api<{ Code: string; Message: string }>(`recover-lite/${hostname}/${port}`);
    assert.equal(answer.Code, 'OK', answer.Message);
    await scenario.healed(scenario.replicas, [1]);
    await scenario.recoveries();
    assert.equal(existsSync(told), false, 'no script was run');
  });

  test('when a PreFailoverProcesses script hangs: it is ended with all it started', async () => {
    const marker = `hangs-for-${process.pid}`;
    const hang = `(sleep 77; echo ${marker}) & wait`;
    const daemon = await scenario.watching({ PreFailoverProcesses: [hang], HookTimeoutSeconds: 1 });
    await scenario.kill(scenario.primary);
    await until('the script hangs', async () => processesNaming(marker) > 0);
    await daemon.logged('not done within 1000 ms');
    await daemon.logged('recovery ends');
    await until('nothing of the script is left', async () => processesNaming(marker) === 0);
    await comesBackAsItWas(scenario);
  });

  test('when the primary is back within PrimaryDownGraceMilliseconds', async () => {
    const daemon = await scenario.watching({ PrimaryDownGraceMilliseconds: 60_000 });
    await scenario.kill(scenario.primary);
    await daemon.logged('grace over');
    await comesBackAsItWas(scenario);
    const { hostname, port } = scenario.primary.key;
    await until('the daemon sees it', async () => {
      const { IsLastCheckValid } = await daemon.api<{ IsLastCheckValid: boolean }>(`instance/${hostname}/${port}`);
      return IsLastCheckValid;
    });
    await scenario.noRecovery();
  });
});

scenarios('PrimaryDownGraceMilliseconds', { tree: [undefined, 0, 0] }, (scenario, test) => {
  test('holds a failover back for as long as it says, and no longer', async () => {
    const graceMs = 5_000;
    const daemon = await scenario.watching({ PrimaryDownGraceMilliseconds: graceMs });
    const killedMs = performance.now();
    await scenario.kill(scenario.primary);
    await daemon.logged('grace over');
    assert.deepEqual(await scenario.writable(scenario.replicas), []);
    await scenario.healed(scenario.replicas, [1]);
    assert.ok(performance.now() - killedMs >= graceMs);
    assert.equal((await scenario.recoveries())[0]?.IsSuccessful, true);
  });
});
