import type { Command } from '../command.ts';

/** What others are told of primaries. */
export const PUBLISHING: readonly Command[] = [
  {
    name: 'submit-masters-to-kv-stores',
    section: 'Key-value',
    summary: 'Have every key-value store hold the master of a cluster, or of all clusters',
    options: '[-alias CLUSTER | -i HOST[:PORT]]',
    notes: 'Masters that take writes only. Prints key:value for each pair; an error where a store does not take them.',
    run: async ({ select, actions }) => {
      const pairs = await (await actions()).submitPrimaries(select.optionalCluster()?.name);
      return pairs.map(({ key, value }) => `${key}:${value}`);
    },
  },
];
