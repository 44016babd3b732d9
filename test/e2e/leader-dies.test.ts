import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Daemon, until } from '../support/daemon.ts';
import { DaemonGroup } from '../support/daemon-group.ts';
import { address, scenarios } from '../support/scenario.ts';

const SCRIPTS_LEFT = 'SELECT step FROM recovery_journal WHERE ended_at IS NULL';

scenarios('a leader that dies', { tree: [undefined, 0, 0], flavours: ['mariadb'] }, (scenario, test) => {
  let group: DaemonGroup;

  afterEach(() => group?.stop());

  async function leading(config: Readonly<Record<string, unknown>> = {}): Promise<Daemon> {
    group = await DaemonGroup.start({
      seeds: [address(scenario.primary)],
      config: { AuditToBackendDB: true, ...config },
    });
    for (const daemon of group.daemons)
      await until('every server is discovered', async () => {
        return daemon.rows('SELECT hostname FROM database_instance').length === scenario.servers.length;
      });
    const leader = await group.leader();
    scenario.watchedBy(leader);
    return leader;
  }

  /** Those that run, once one of them leads. */
  async function without(leader: Daemon): Promise<readonly Daemon[]> {
    await leader.kill();
    const running = group.daemons.filter((daemon) => daemon !== leader);
    const heir = await until('another one leads', async () => {
      for (const daemon of running) if (await group.leads(daemon)) return daemon;
      return undefined;
    });
    scenario.watchedBy(heir);
    return running;
  }

  test('in a planned takeover before the promotion has it undone by the next one', async () => {
    const leader = await leading();
    const release = await scenario.stuckTakeover();
    const running = await without(leader);
    release();
    assert.equal(await scenario.healed(scenario.servers, [1]), scenario.primary);
    assert.match(await scenario.audited('resume-recovery'), /^let go: .* takes writes again$/);
    const [record] = await scenario.recoveries();
    assert.equal(record?.IsSuccessful, false);
    await group.level(running);
  });

  test('while a script behind a recovery runs has the others run by the next one, and none a second time', async () => {
    const told = join(scenario.directory, 'told');
    const say = (word: string) => `echo ${word} >> ${told}`;
    const said = () => readFileSync(told, 'utf8').trim().split('\n');
    const leader = await leading({
      PostMasterFailoverProcesses: [`${say('first')}; sleep 2`, say('second')],
      PostFailoverProcesses: [say('third')],
    });
    await scenario.kill(scenario.primary);
    await until('the first script runs', async () => existsSync(told) && said().includes('first'));
    const running = await without(leader);
    await until('the others were run', async () => said().includes('third'));
    await scenario.healed(scenario.replicas, [1]);
    await until('nothing is left to run', async () =>
      running.every((daemon) => daemon.rows(SCRIPTS_LEFT).length === 0),
    );
    assert.deepEqual(said(), ['first', 'second', 'third']);
    const [record] = await scenario.recoveries();
    const notes = (await scenario.steps(record?.UID ?? '')).join('\n');
    assert.match(notes, /script 1 of PostMasterFailoverProcesses was begun before: whether it ended is not known/);
    await group.level(running);
  });
});
