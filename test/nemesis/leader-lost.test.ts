import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { type Daemon, until } from '../support/daemon.ts';
import { groupScenarios, LONG, type StageOptions } from './group-scenarios.ts';
import { StatementsSince, WRITES_DOWN } from './statements.ts';

const OPTIONS: StageOptions = {
  tree: [undefined, 0, 0],
  flavour: 'mysql',
  extraArguments: () => [WRITES_DOWN, WRITES_DOWN, WRITES_DOWN],
};
/** Long enough for whatever a test does meanwhile, and like no other. That of a killed daemon ends by itself. */
const SECONDS = `4.${process.pid}`;
const SLOW_HOOK = { PreFailoverProcesses: [`sleep ${SECONDS}`] };

after(async () => {
  if (!existsSync('/proc/self/cmdline')) {
    console.log('SKIPPED: the list of processes can be asked on Linux only');
    return;
  }
  await until('the scripts of killed daemons have ended', async () => !readdirSync('/proc').some(isSlowHook));
});

function isSlowHook(pid: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(SECONDS);
  } catch {
    return false; // it has ended, or is no process
  }
}

groupScenarios('a group whose leader is lost', OPTIONS, (stage, test) => {
  const { scenario } = stage;

  async function inMidRecovery(): Promise<Daemon> {
    await stage.start(SLOW_HOOK);
    await scenario.replicated(2);
    const leader = await stage.group.leader();
    await scenario.kill(scenario.primary);
    await until('the recovery is open', async () => leader.rows('SELECT uid FROM topology_recovery').length > 0);
    assert.deepEqual(await scenario.writable(scenario.replicas), [], 'nobody is promoted yet');
    return leader;
  }

  /** One promotion, whatever came of the claim of the first leader; nothing is lost. */
  async function promotedOnce(): Promise<void> {
    await scenario.healed(scenario.replicas, [1, 2]);
    const recoveries = await scenario.recoveries('any');
    assert.equal(recoveries.filter(({ IsSuccessful }) => IsSuccessful).length, 1, JSON.stringify(recoveries));
  }

  test('in the middle of a recovery has it ended by the next one, with one promotion', async () => {
    const leader = await inMidRecovery();
    await leader.kill();
    await stage.heirOf(leader);
    await promotedOnce();
    await leader.launch();
    await stage.group.level();
  });

  test('for a while, frozen in the middle of a recovery, never touches a server when it is back', async () => {
    const leader = await inMidRecovery();
    leader.freeze();
    const heir = await stage.heirOf(leader);
    await promotedOnce();
    const since = new StatementsSince(scenario.replicas);
    leader.thaw();
    assert.equal(await stage.group.leads(leader), false, 'the first thing it says is that it does not lead');
    await leader.logged('this node leads no more');
    await until('it has caught up', async () => {
      const [open] = leader.rows('SELECT COUNT(*) AS n FROM topology_recovery WHERE in_active_period = 1');
      return open?.n === heir.rows('SELECT COUNT(*) AS n FROM topology_recovery WHERE in_active_period = 1')[0]?.n;
    });
    await stage.group.level();
    await scenario.sees(scenario.replicas[0]!);
    assert.deepEqual(since.changes, []);
  });

  if (LONG)
    test('before anything else happens has a successor, which fails over once', async () => {
      await stage.start();
      await scenario.replicated(2);
      const leader = await stage.group.leader();
      await leader.kill();
      await stage.heirOf(leader);
      await scenario.kill(scenario.primary);
      await scenario.healed(scenario.replicas, [1, 2]);
      assert.equal((await scenario.recoveries()).length, 1);
      await leader.launch();
      await stage.agree(1);
    });
});
