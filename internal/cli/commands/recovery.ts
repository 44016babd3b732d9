import { NO_PROBLEM } from '../../analysis/analyse.ts';
import { keyText } from '../../topology/instance-key.ts';
import type { Command } from '../command.ts';

export const RECOVERY: readonly Command[] = [
  {
    name: 'replication-analysis',
    section: 'Recovery',
    summary: 'List what is wrong with any cluster, downtimed problems left out',
    options: '',
    run: ({ world }) =>
      world.snapshots().flatMap((snapshot) =>
        world
          .analyse(snapshot)
          .filter(({ suppressedBy }) => suppressedBy !== 'downtime')
          .map(({ code, structureWarnings, facts }) => ({
            key: keyText(facts.instance.key),
            codes: [...(code === NO_PROBLEM ? [] : [code]), ...structureWarnings],
          }))
          .filter(({ codes }) => codes.length > 0)
          .map(({ key, codes }) => `${key} (cluster ${snapshot.name}): ${codes.join(', ')}`),
      ),
  },
  {
    name: 'check-global-recoveries',
    section: 'Recovery',
    summary: 'Print whether recoveries are disabled globally',
    options: '',
    run: ({ world }) => [`OK: Global recoveries disabled: ${world.restored.recoveriesDisabled}`],
  },
];
