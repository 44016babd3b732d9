import { NO_PROBLEM } from '../../analysis/analyse.ts';
import type { AcknowledgeRequest } from '../../app/actions.ts';
import { primariesOf } from '../../topology/cluster.ts';
import { sourceKey } from '../../topology/instance.ts';
import { type InstanceKey, keyText, sameKey } from '../../topology/instance-key.ts';
import { type Command, type CommandContext, fail, required } from '../command.ts';
import { ownerOf } from './instances.ts';

const CLUSTER = '-alias CLUSTER | -i HOST[:PORT]';

/** Recovering on request, and the switches and marks around it. */
export const RECOVERY: readonly Command[] = [
  {
    name: 'recover',
    section: 'Recovery',
    summary: 'Recover a dead instance: promote in its place; prints what was promoted, nothing where nothing was to do',
    options: '-i HOST[:PORT] [-d HOST[:PORT]]',
    notes: 'The servers of its cluster are read first. -d names the one that shall be promoted.',
    each: true,
    changesServers: true,
    run: (context) => recover(context, false),
  },
  {
    name: 'recover-lite',
    section: 'Recovery',
    summary: 'The same as recover, without any hook',
    options: '-i HOST[:PORT] [-d HOST[:PORT]]',
    each: true,
    changesServers: true,
    run: (context) => recover(context, true),
  },
  {
    name: 'force-master-failover',
    section: 'Recovery',
    summary: 'Replace the master of a cluster at once, whether it answers or not; the successor is chosen',
    options: CLUSTER,
    each: true,
    changesServers: true,
    run: async ({ select, actions }) => {
      const { name } = select.cluster();
      return [keyText(await (await actions()).forceFailover(name))];
    },
  },
  {
    name: 'force-master-takeover',
    section: 'Recovery',
    summary: 'Replace the master of a cluster at once by a replica of your choice',
    options: `${CLUSTER} -d! HOST[:PORT]`,
    notes: 'The replica must follow the master directly.',
    each: true,
    changesServers: true,
    run: async ({ select, actions }) => {
      const snapshot = select.cluster();
      const destination = select.destination() ?? fail('Cannot deduce destination: give -d');
      const source = sourceKey(select.member(destination).watched.instance);
      if (!primariesOf(snapshot).some(({ instance }) => sameKey(instance.key, source)))
        fail(`${keyText(destination)} does not replicate directly from the master of ${snapshot.name}`);
      return [keyText(await (await actions()).forceFailover(snapshot.name, destination))];
    },
  },
  {
    name: 'graceful-master-takeover',
    section: 'Recovery',
    summary: 'Hand the mastership over with nothing lost; prints the new master and its position',
    options: `${CLUSTER} [-d HOST[:PORT]]`,
    notes: 'Without -d the master must have exactly one replica. The old master is left as a stopped replica.',
    each: true,
    changesServers: true,
    run: (context) => takeOver(context, false),
  },
  {
    name: 'graceful-master-takeover-auto',
    section: 'Recovery',
    summary: 'The same, choosing a replica where -d names none, and starting replication on the old master',
    options: `${CLUSTER} [-d HOST[:PORT]]`,
    each: true,
    changesServers: true,
    run: (context) => takeOver(context, true),
  },
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
    name: 'ack-all-recoveries',
    section: 'Recovery',
    summary: 'Acknowledge all recoveries: they hold back no other one any more',
    options: '-reason! TEXT',
    run: (context) => acknowledge(context, () => ({ of: 'all' })),
  },
  {
    name: 'ack-cluster-recoveries',
    section: 'Recovery',
    summary: 'Acknowledge the recoveries of a cluster',
    options: `${CLUSTER} -reason! TEXT`,
    each: true,
    run: (context) =>
      acknowledge(context, () => {
        const { name, alias } = context.select.cluster();
        return { of: 'cluster', name, alias };
      }),
  },
  {
    name: 'ack-instance-recoveries',
    section: 'Recovery',
    summary: 'Acknowledge the recoveries of a failed instance',
    options: '-i HOST[:PORT] -reason! TEXT',
    each: true,
    run: (context) => acknowledge(context, () => ({ of: 'instance', key: context.select.key() })),
  },
  {
    name: 'disable-global-recoveries',
    section: 'Recovery',
    summary: 'Forbid automatic recoveries, everywhere',
    options: '',
    run: async ({ actions }) => {
      await (await actions()).setRecoveriesDisabled(true);
      return ['OK: Orchestrator recoveries DISABLED globally'];
    },
  },
  {
    name: 'enable-global-recoveries',
    section: 'Recovery',
    summary: 'Allow automatic recoveries again',
    options: '',
    run: async ({ actions }) => {
      await (await actions()).setRecoveriesDisabled(false);
      return ['OK: Orchestrator recoveries ENABLED globally'];
    },
  },
  {
    name: 'check-global-recoveries',
    section: 'Recovery',
    summary: 'Print whether recoveries are disabled globally',
    options: '',
    run: ({ world }) => [`OK: Global recoveries disabled: ${world.restored.recoveriesDisabled}`],
  },
];

async function recover(context: CommandContext, skipHooks: boolean): Promise<readonly string[]> {
  const { select, actions, log } = context;
  const { key } = select.member().watched.instance;
  const done = await (await actions()).recover(key, { ...designated(context), skipHooks });
  if (done.kind === 'promoted') return [keyText(done.successor)];
  log.error({}, done.reason);
  return [];
}

async function takeOver(context: CommandContext, auto: boolean): Promise<readonly string[]> {
  const { select, actions, log } = context;
  const { name } = select.cluster();
  const { successor, coordinates, warnings } = await (await actions()).takeOver(name, { ...designated(context), auto });
  for (const warning of warnings) log.error({}, warning);
  return [keyText(successor), `${coordinates.file}:${coordinates.position}`];
}

/** Of `-d`: a server that the backend knows. */
function designated({ select }: CommandContext): { readonly designated?: InstanceKey } {
  const key = select.destination();
  return key === undefined ? {} : { designated: select.member(key).watched.instance.key };
}

/** The reason is asked for first: nothing else is looked at without one. */
async function acknowledge(context: CommandContext, request: () => AcknowledgeRequest): Promise<readonly string[]> {
  const comment = required(context, 'reason');
  const count = await (await context.actions()).acknowledge(request(), ownerOf(context), comment);
  return [`${count} recoveries acknowledged`];
}
