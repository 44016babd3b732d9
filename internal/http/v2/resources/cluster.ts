import { z } from 'zod';
import { type ClusterSnapshot, primariesOf } from '../../../topology/cluster.ts';
import { compareKeys, keyText } from '../../../topology/instance-key.ts';
import { Count, named, Server, ServerList, serverOf, serverOrNull, textOrNull } from '../schema.ts';

export const ClusterForm = named(
  'Cluster',
  z
    .strictObject({
      name: z.string().describe('`host:port` of its topmost server; changes with a failover'),
      alias: z.string().describe('What people call it; its name where nobody has said more'),
      domain: z.string().nullable(),
      primary: Server.nullable().describe('The one that takes writes, or would'),
      coPrimaries: ServerList.describe('All servers at the top, where there is more than one'),
      instanceCount: Count,
      unreachableCount: Count,
      downtimedCount: Count,
      automatedRecovery: z.strictObject({ primary: z.boolean(), intermediatePrimary: z.boolean() }),
    })
    .describe('Servers that replicate from one another'),
);

export interface ClusterFlags {
  readonly primary: boolean;
  readonly intermediate: boolean;
}

export function clusterOf(snapshot: ClusterSnapshot, flags: ClusterFlags): z.infer<typeof ClusterForm> {
  const tops = primariesOf(snapshot).map(({ instance }) => instance.key);
  const { members, downtimes } = snapshot;
  return {
    name: snapshot.name,
    alias: snapshot.alias,
    domain: textOrNull(snapshot.domain),
    primary: serverOrNull(tops[0]),
    coPrimaries: tops.length > 1 ? [...tops].sort(compareKeys).map(serverOf) : [],
    instanceCount: members.length,
    unreachableCount: members.filter(({ valid }) => !valid).length,
    downtimedCount: members.filter(({ instance }) => downtimes.has(keyText(instance.key))).length,
    automatedRecovery: { primary: flags.primary, intermediatePrimary: flags.intermediate },
  };
}
