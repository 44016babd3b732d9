import assert from 'node:assert/strict';
import { callClient } from '../../support/client.ts';
import { until } from '../../support/daemon.ts';
import { DaemonGroup } from '../../support/daemon-group.ts';

describe('the client of a group of daemons', () => {
  let group: DaemonGroup;
  before(async () => {
    group = await DaemonGroup.start({ seeds: [] });
  });
  after(() => group.stop());

  it('finds the leader, and the next one when that is lost', async () => {
    const env = { ORCHESTRATOR_API: group.daemons.map(({ url }) => url).join(' ') };
    const prints = async (...argv: readonly string[]) => {
      const { status, stdout, stderr } = await callClient(argv, env);
      assert.equal(status, 0, stderr);
      return stdout;
    };
    const first = await until('the client names the leader', async () => {
      const leader = await group.leader();
      return (await prints('which-api')) === `${leader.url}/api\n` && leader;
    });
    assert.equal(await prints('-c', 'begin-downtime', '-i', 'db1', '-r', 'why'), 'db1:3306\n');
    assert.equal(await prints('raft-health'), 'healthy\n');
    await first.kill('SIGKILL');
    await until(
      'it finds the next one', // an election may take longer than one command looks for a leader
      async () => (await prints('-c', 'begin-downtime', '-i', 'db2', '-r', 'why')) === 'db2:3306\n',
    );
    const second = await group.leader();
    assert.notEqual(second, first);
    assert.match(await prints('raft-leader'), /^127\.\d+\.\d+\.\d:10008\n$/);
    const alive = group.daemons.filter((daemon) => daemon !== first);
    await until('both survivors hold what was asked for', async () =>
      alive.every((daemon) => {
        const hosts = daemon.rows('SELECT hostname FROM database_instance_downtime ORDER BY hostname');
        return hosts.map(({ hostname }) => hostname).join() === 'db1,db2';
      }),
    );
  });
});
