import type { Inspection } from '../../raft/store/inspect.ts';
import { type Command, fail, type Lines, required } from '../command.ts';

export const RAFT: readonly Command[] = [
  {
    name: 'raft-scale-down',
    section: 'Raft',
    summary: 'Remove members of the group until so many are left, those with the highest numbers first',
    options: '-to!',
    notes:
      'To be run on a node that stays, before the nodes that go are stopped: the other way round they are dead voters. One goes at a time, and its daemon ends with status 14. Nobody goes where no majority of the rest would answer. To be repeated as often as one likes.',
    inGroup: true,
    runPlain: async (context) => {
      const to = required(context, 'to');
      if (!/^[1-9]\d{0,2}$/.test(to)) fail(`-to ${to}: expected a number of nodes, at least 1`);
      const { DaemonClient } = await import('../../app/daemon-client.ts');
      const daemon = await DaemonClient.find(context.config);
      if (daemon === undefined) return fail('no daemon of this configuration runs here: run it where one does');
      const { scaleDown } = await import('../../app/group/scale-down.ts');
      const { systemClock } = await import('../../runtime/clock.ts');
      const left = await scaleDown(Number(to), {
        ...{ daemon, clock: systemClock },
        onRemoved: (address, members) => context.print([`${address} is removed, ${members} members are left`]),
      });
      return [`the group has ${left} members`];
    },
  },
  {
    name: 'raft-inspect',
    section: 'Raft',
    summary:
      'Show what a stopped node has in RaftDataDir: identity, term, vote, snapshot, membership, entries with their checksums',
    options: '[-json]',
    notes: 'Changes nothing. Refused while the node runs. Damage is named, and the status is 12 then.',
    inGroup: true,
    runPlain: async ({ arguments: given, config, print }) => {
      if (config.RaftDataDir === '') fail('RaftDataDir is not set: name a configuration file with -config');
      const { inspect } = await import('../../raft/store/inspect.ts');
      const found = inspect(config.RaftDataDir);
      print(given.on('json') ? [JSON.stringify(found)] : asText(found));
      if (found.damage.length > 0) {
        const { OrchestratorError } = await import('../../runtime/errors.ts');
        const all = found.damage.map(({ where, what }) => `${where}: ${what}`).join('; ');
        throw new OrchestratorError('RAFT_STORE_DAMAGED', `RaftDataDir ${found.directory} is damaged: ${all}`);
      }
      return [];
    },
  },
];

function asText(found: Inspection): Lines {
  const facts = [
    ['directory', found.directory],
    ...identityFacts(found),
    ...hardStateFacts(found),
    ['snapshot', snapshotText(found)],
    ['membership', membershipText(found)],
    ['entries', found.entries.length === 0 ? 'none' : `${found.entries.length}: index, term, kind, bytes, checksum`],
  ];
  return [
    ...facts.map(([name = '', text = '']) => `${name.padEnd(12)}${text}`),
    ...found.entries.map(({ index, term, kind, bytes, crcOk }) => {
      const numbers = `${String(index).padStart(10)}${String(term).padStart(8)}`;
      return `${numbers}  ${kind.padEnd(14)}${String(bytes).padStart(8)}  ${crcOk ? 'ok' : 'WRONG'}`;
    }),
  ];
}

function identityFacts({ identity }: Inspection): readonly (readonly string[])[] {
  if (identity === null) return [['node', 'unknown']];
  const { clusterId, nodeId, incarnation, generation, address } = identity;
  return [
    ['node', `${nodeId}, incarnation ${incarnation}`],
    ['cluster', clusterId === undefined ? 'none yet' : `${clusterId}, generation ${generation}`],
    ['address', address],
  ];
}

function hardStateFacts({ hardState }: Inspection): readonly (readonly string[])[] {
  if (hardState === null) return [['term', 'unknown']];
  const { term, vote, removed } = hardState;
  const given = vote === '' ? 'spent, not known for whom' : (vote ?? 'none');
  return [['term', `${term}, vote: ${given}`], ...(removed ? [['removed', 'the group has told it so']] : [])];
}

function snapshotText({ snapshot }: Inspection): string {
  return snapshot === null ? 'none' : `${snapshot.id}: up to entry ${snapshot.index}, ${snapshot.bytes} bytes`;
}

function membershipText({ membership }: Inspection): string {
  if (membership === null) return 'none';
  const { members, voters, outgoing, learners } = membership.configuration;
  const address = new Map(members.map(({ id, address: at }) => [id, at]));
  const group = (name: string, ids: readonly string[]) =>
    ids.length === 0 ? [] : [`${name} ${ids.map((id) => `${id} (${address.get(id) ?? 'no address'})`).join(', ')}`];
  const groups = [...group('voters', voters), ...group('outgoing', outgoing), ...group('learners', learners)];
  return `of entry ${membership.index}: ${groups.join('; ')}`;
}
