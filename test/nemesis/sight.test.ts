import assert from 'node:assert/strict';
import { type Daemon, until } from '../support/daemon.ts';
import { groupScenarios } from './group-scenarios.ts';

groupScenarios(
  'a leader that does not see the primary',
  { tree: [undefined, 0, 0], flavour: 'mariadb' },
  (stage, test) => {
    const { scenario } = stage;

    test('does not replace it while another node sees it take writes, whatever its replicas say', async () => {
      if (!stage.network.cutsServers) {
        console.log('SKIPPED: links to servers cannot be cut without network namespaces');
        return;
      }
      await stage.start({ RecoveryOpinionTimeoutMilliseconds: 10_000 }); // who is late has no say: nobody is
      await scenario.replicated(2);
      let blinded: Daemon | undefined;
      /** Leadership may move at any moment: whoever has it does not see the primary. */
      const blindLeader = async () => {
        const leader = await stage.group.leader();
        if (leader === blinded) return leader;
        await stage.network.mend();
        await stage.blind([leader], scenario.primary);
        blinded = leader;
        return leader;
      };
      await until('the leader says UnreachableMaster', async () => {
        const leader = await blindLeader();
        const found = await leader.api<{ Details: { Analysis: string }[] }>('replication-analysis');
        return found.Details.some(({ Analysis }) => Analysis === 'UnreachableMaster');
      });
      await scenario.noRecovery();
      const { hostname, port } = scenario.primary.key;
      await until('the other nodes are asked, and say no', async () => {
        // one that the leader asks to reconnect at this very moment is started again behind our back
        for (const replica of scenario.replicas) await replica.query(scenario.words.stopReceiver);
        const leader = await blindLeader();
        const plan = await leader.api<{ firstNo: { name: string; value: string } | null }>(
          `v2/clusters/${hostname}:${port}/failover-plan`,
        );
        return plan.firstNo?.name === 'second opinion' && plan.firstNo.value.includes('sees it alive and writable');
      });
      await scenario.noRecovery();
      assert.deepEqual(await scenario.writable(scenario.servers), [scenario.primary]);
      for (const replica of scenario.replicas) await replica.query(scenario.words.startReceiver);
      await stage.network.mend();
      await scenario.sees(scenario.primary);
      await stage.agree(0);
    });
  },
);
