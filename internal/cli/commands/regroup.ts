import type { OperationName, Regrouped } from '../../operations/requests.ts';
import { chooseCandidate } from '../../topology/candidate.ts';
import { replicasOf } from '../../topology/cluster.ts';
import { hasSeveralSources, type Instance, type WatchedInstance } from '../../topology/instance.ts';
import { type InstanceKey, keyText, sameKey } from '../../topology/instance-key.ts';
import { type Command, type CommandContext, fail, type Section } from '../command.ts';

const TARGET = '-i HOST[:PORT]';

/** Who of some replicas is the best, and the others below it. */
export const REGROUP_COMMANDS: readonly Command[] = [
  regroup('regroup-replicas', ['regroup-slaves'], 'Smart relocation', 'regroup', {
    summary: 'Put the replicas of an instance, which may be dead, below the best of them',
    prints: counted,
  }),
  regroup('regroup-replicas-bls', [], 'Binlog server relocation', 'regroupBinlogServers', {
    summary: 'Put the binlog servers below an instance below the one of them that is furthest',
    prints: (key) => [key],
  }),
  regroup('regroup-replicas-gtid', ['regroup-slaves-gtid'], 'GTID relocation', 'regroupByGtid', {
    summary: 'Put the replicas of an instance below the best of them, those only that go by GTID',
    prints: (key, { lost, equal, moved }) => [key, `${key} lost: ${lost}, moved: ${equal + moved}`],
  }),
  regroup('regroup-replicas-pgtid', ['regroup-slaves-pgtid'], 'Pseudo-GTID relocation', 'regroupByPseudoGtid', {
    summary:
      'Put the replicas of an instance below the best of them by comparing logs, and by GTID those that go by it',
    prints: counted,
  }),
  {
    name: 'get-candidate-replica',
    synonyms: ['get-candidate-slave'],
    section: 'Classic file:pos relocation',
    summary: 'Print the replica of an instance that would lead the others; from what was read last, nothing is stopped',
    options: TARGET,
    each: true,
    run: (context) => {
      const { snapshot, watched } = context.select.member();
      return [keyText(best(context, watched.instance, replicasOf(snapshot, watched.instance.key)))];
    },
  },
  {
    name: 'internal-suggest-promoted-replacement',
    section: 'Meta',
    summary: 'Print who should lead when the instance is gone and the one of -d was promoted',
    options: `${TARGET} -d! HOST[:PORT]`,
    each: true,
    run: (context) => {
      const { select } = context;
      const dead = select.member();
      const promoted = select.member(select.destination() ?? fail('Cannot deduce destination: give -d'));
      const below = [dead, promoted].flatMap(({ snapshot, watched }) => replicasOf(snapshot, watched.instance.key));
      const others = below.filter(({ instance }) => !sameKey(instance.key, promoted.watched.instance.key));
      return [keyText(best(context, dead.watched.instance, [promoted.watched, ...new Set(others)]))];
    },
  },
];

function counted(key: string, { lost, equal, moved }: Regrouped): readonly string[] {
  return [key, `${key} lost: ${lost}, trivial: ${equal}, pseudo-gtid: ${moved}`];
}

function regroup(
  name: string,
  synonyms: readonly string[],
  section: Section,
  operation: OperationName,
  parts: {
    readonly summary: string;
    readonly prints: (key: string, counts: Regrouped) => readonly string[];
  },
): Command {
  const { summary, prints } = parts;
  return {
    ...{ name, synonyms, section, summary },
    options: TARGET,
    each: true,
    changesServers: true,
    run: async (context) => {
      const target = context.select.member().watched.instance.key;
      const { subject, errors, regrouped } = await (await context.actions()).operate({ operation, target });
      for (const error of errors) context.log.error({}, error);
      return prints(keyText(subject), regrouped ?? { lost: 0, equal: 0, moved: 0 });
    },
  };
}

/** As a failover would choose, but wherever the server stands. */
function best({ world }: CommandContext, failed: Instance, replicas: readonly WatchedInstance[]): InstanceKey {
  const choice = chooseCandidate({
    failed,
    replicas: replicas
      .filter(({ valid, instance }) => valid && !hasSeveralSources(instance))
      .map(({ instance }) => instance),
    options: {
      ...world.settings.operations,
      preventCrossDataCenter: false,
      preventCrossRegion: false,
      maxLagSeconds: 0,
    },
  });
  if (choice.kind === 'chosen') return choice.candidate.key;
  const excluded = choice.excluded.map(({ key, reason }) => `${keyText(key)} ${reason}`);
  return fail([...choice.reasons, ...excluded].join('; '));
}
