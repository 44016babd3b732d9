// Moving in: the backend of a deployment without a group becomes the first state of one.

import type { Imported } from '../../app/group/import-group.ts';
import { type Command, fail, type Lines, required } from '../command.ts';

export const RAFT_IMPORT: readonly Command[] = [
  {
    name: 'raft-import',
    section: 'Raft',
    summary: 'Make a new group of this node from the backend of an orchestrator without one, in an empty RaftDataDir',
    options: '-from-backend! [-dry-run]',
    notes:
      'On exactly one node, while all that used the backend are stopped; the other nodes start with empty directories and join. The backend is read and stays as it is: an SQLite file, or a schema named mysql://user:password@host:port/schema or user:password@tcp(host:port)/schema, without user:password@ by the login of the configuration. Recoveries that were open have failed. The group decides nothing until most nodes of RaftNodes are in it. With -dry-run only what would be taken is told, also of a backend that is in use.',
    inGroup: true,
    runPlain: async (context) => {
      const from = required(context, 'from-backend');
      const { config, arguments: given } = context;
      if (config.RaftDataDir === '') fail('RaftDataDir is not set: name a configuration file with -config');
      const { importGroup } = await import('../../app/group/import-group.ts');
      return asText(await importGroup(config, from, given.on('dry-run')));
    },
  },
];

function asText({ source, node, clusterId, gathered }: Imported): Lines {
  const { tables, servers, missing, leftOut, user } = gathered;
  const counts = [...tables].map(([{ name }, rows]) => [name, String(rows.length)] as const);
  const rows = [['servers that are watched', String(servers.length)] as const, ...counts];
  return [
    clusterId === undefined
      ? `${source} would become a group of ${node}`
      : `group ${clusterId} of ${node}, from ${source}`,
    ...rows.map(([name, count]) => `${name.padEnd(32)}${count.padStart(10)}`),
    ...list('tables that it does not have', missing),
    ...list('columns that are not known here', leftOut),
    ...(user === undefined ? [] : [`the orchestrator on ${user.hostname} uses it: to be stopped before`]),
  ];
}

function list(what: string, names: readonly string[]): Lines {
  return names.length === 0 ? [] : [`${what}: ${names.join(', ')}`];
}
