// What an operator does from another host, by the client alone. ORCHESTRATOR_CLIENT names another program that is to stand the same.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import type { CliResult } from '../support/cli.ts';
import { callClient } from '../support/client.ts';
import { Daemon, until } from '../support/daemon.ts';
import { address, scenarios } from '../support/scenario.ts';

const ANOTHER = process.env.ORCHESTRATOR_CLIENT;
const CONFIG = {
  AttachWatchTimeoutMilliseconds: 20_000, // a connection may take long on a busy machine
  ReplicationCredentialsQuery: "SELECT 'repl', 'repl_pw'",
  DetectClusterAliasQuery: "SELECT 'shop'",
  RecoverMasterClusterFilters: [],
};

scenarios('the client on real servers', { tree: [undefined, 0, 0, 1], flavours: ['mariadb'] }, (scenario, test) => {
  /** Its lines; a status other than the one that is expected fails. */
  async function run(typed: string, expected = 0): Promise<readonly string[]> {
    const argv = ['-c', ...typed.split(' ')];
    const env = { ORCHESTRATOR_API: scenario.daemon.url };
    const { status, stdout, stderr } = await (ANOTHER === undefined ? callClient(argv, env) : call(ANOTHER, argv, env));
    assert.equal(status, expected, `${typed}: ${stdout}${stderr}`);
    return stdout.split('\n').slice(0, -1);
  }

  test('discovers, draws, marks, moves and hands over', async () => {
    const [primary, one, two, three] = scenario.servers.map(address);
    assert.ok(primary && one && two && three);
    scenario.watchedBy(await Daemon.start({ seeds: [], config: CONFIG }));
    assert.deepEqual(await run(`discover -i ${three}`), [three]);
    await until('all are found', async () => (await run('all-instances')).length === 4);
    await until('the alias is known', async () => (await run('clusters-alias'))[0] === `${primary},shop`);
    const drawn = async () => (await run('topology -a shop')).map((line) => line.replace(/ +\[.*/, ''));
    const below = [one, two]
      .toSorted()
      .flatMap((replica) => [`+ ${replica}`, ...(replica === one ? [`  + ${three}`] : [])]);
    await until('the tree is drawn', async () => (await drawn()).join() === [primary, ...below].join());
    assert.deepEqual(await run(`which-master -i ${three}`), [one]);
    assert.deepEqual(await run('replication-analysis'), []);

    assert.deepEqual(await run(`begin-downtime -i ${two} -o me -r disk/fan -u 1h`), [two]);
    assert.deepEqual(await run('downtimed -a shop'), [two]);
    assert.deepEqual(await run(`end-downtime -i ${two}`), [two]);
    assert.deepEqual(await run('downtimed'), []);
    assert.deepEqual(await run(`begin-maintenance -i ${two} -r works`), [two]);
    await run(`begin-maintenance -i ${two} -r again`, 1);
    assert.deepEqual(await run(`end-maintenance -i ${two}`), [two]);
    assert.deepEqual(await run(`tag -i ${two} -t role=backup`), [two]);
    assert.deepEqual(await run('tagged -t role=backup'), [two]);
    assert.deepEqual(await run(`tags -i ${two}`), ['role=backup']);
    assert.deepEqual(await run(`tag-value -i ${two} -t role`), ['backup']);
    assert.deepEqual(await run('untag-all -t role=backup'), [two]);
    await run(`tag-value -i ${two} -t role`, 1);

    assert.deepEqual(await run(`relocate -i ${three} -d ${two}`), [`${three}<${two}`]);
    await scenario.follows(scenario.server(3), scenario.server(2));
    assert.deepEqual(await run(`move-gtid -i ${three} -d ${one}`), [`${three}<${one}`]);
    assert.deepEqual(await run(`move-replicas-gtid -i ${one} -d ${two}`), [three]);
    assert.deepEqual(await run(`move-up-replicas -i ${two}`), [three]);
    await scenario.follows(scenario.server(3), scenario.primary);
    await run(`relocate -i ${one} -d ${one}`, 1);
    assert.deepEqual(await run(`stop-replica -i ${three}`), [three]);
    assert.deepEqual(await run(`is-replication-stopped -i ${three}`), [three]);
    assert.deepEqual(await run(`start-slave -i ${three}`), [three]);
    assert.deepEqual(await run(`set-read-only -i ${one}`), [one]);

    assert.deepEqual(await run(`graceful-master-takeover-auto -a shop -d ${one}`), [one]);
    assert.equal(await scenario.healed(scenario.servers, [1]), scenario.server(1));
    await until('the client hears of it', async () => (await run('all-clusters-masters')).join() === one);
    assert.deepEqual(await run(`ack-all-recoveries -r seen`), ['seen']);
    assert.deepEqual(await run(`forget -i ${three}`), []);
  });
});

function call(program: string, argv: readonly string[], env: Readonly<Record<string, string>>): Promise<CliResult> {
  return new Promise((resolve) => {
    const child = execFile(program, argv, { env: { ...process.env, ...env } }, (_err, stdout, stderr) =>
      resolve({ status: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}
