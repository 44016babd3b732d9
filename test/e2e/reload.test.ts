import { scenarios } from '../support/scenario.ts';

scenarios('a reload of the configuration', { tree: [undefined, 0, 0] }, (scenario, test) => {
  test('opts a cluster in whose primary is dead already', async () => {
    const daemon = await scenario.watching({ RecoverMasterClusterFilters: ['another'] });
    await scenario.kill(scenario.primary);
    await scenario.analysed('DeadMaster');
    await daemon.logged('filter matches');
    daemon.reconfigure({ RecoverMasterClusterFilters: ['*'] });
    await scenario.healed(scenario.replicas, [1]);
  });

  test('that fails leaves the daemon healing', async () => {
    const daemon = await scenario.watching();
    daemon.reconfigure((text) => text.replace('{', '{,'));
    await daemon.logged('configuration not reloaded');
    await scenario.kill(scenario.primary);
    await scenario.healed(scenario.replicas, [1]);
  });
});
