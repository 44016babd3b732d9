// Commands for a stopped node of a group: what is left when there is no majority any more, and what was put by before.

import { createReadStream, createWriteStream, readFileSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Config } from '../../config/keys.ts';
import type { Comparison, Survey, Survivor } from '../../raft/rescue/survey.ts';
import { systemClock } from '../../runtime/clock.ts';
import { errorText } from '../../runtime/errors.ts';
import { type Command, fail, type Lines, required } from '../command.ts';

export const RAFT_RESCUE: readonly Command[] = [
  {
    name: 'raft-recover',
    section: 'Raft',
    summary: 'Force the membership of peers.json upon this stopped node of a group that has lost its majority',
    options: '[-dry-run] [-json] [-file]',
    notes:
      'With -dry-run nothing is changed: it shows how far the log of this node goes and what peers.json in RaftDataDir would make of the group; -file names what -dry-run -json printed on the other survivors, separated by commas, and the one with the most is told. A node that is started with peers.json does the same.',
    inGroup: true,
    runPlain: async ({ arguments: given, config, log }) => {
      const directory = dataDirectory(config);
      const port = config.DefaultRaftPort;
      const { survey, compare } = await import('../../raft/rescue/survey.ts');
      if (!given.on('dry-run')) {
        const { recoverNow } = await import('../../raft/rescue/recover.ts');
        const { generation, voters, lastIndex } = recoverNow(directory, port, log);
        return [`generation ${generation}, voters ${voters.join(', ')}, log up to entry ${lastIndex}: start the node`];
      }
      const found = survey(directory, port);
      if (given.on('json')) return [JSON.stringify(found)];
      const others = given
        .text('file')
        .split(',')
        .filter((name) => name !== '');
      const all = [found.survivor, ...others.map(survivorIn)] as const;
      return [...surveyText(found), ...(others.length === 0 ? [] : comparisonText(compare([...all])))];
    },
  },
  {
    name: 'raft-backup',
    section: 'Raft',
    summary: 'Write what a stopped node has of the state of its group into a file',
    options: '-file!',
    notes: 'From a node that runs /api/raft-backup gives the same. The end of the log may never have been agreed on.',
    inGroup: true,
    runPlain: async (context) => {
      const file = required(context, 'file');
      const { backupOf } = await import('../../raft/rescue/backup.ts');
      const { head, lastIndex, bytes } = backupOf(dataDirectory(context.config), systemClock.nowMs());
      await pipeline(bytes, createWriteStream(file, { flags: 'wx', mode: 0o600 }));
      return [`${file}: group ${head.clusterId}, up to entry ${lastIndex}`];
    },
  },
  {
    name: 'raft-restore',
    section: 'Raft',
    summary: 'Make a new group of this node from a backup, in an empty RaftDataDir',
    options: '-file!',
    notes:
      'The group has a new id. Its other nodes start with empty directories and join it, each with an empty backend. Automatic recoveries are off until somebody enables them, and recoveries that were open have failed.',
    inGroup: true,
    runPlain: async (context) => {
      const { config } = context;
      const file = required(context, 'file');
      const { nodeOptions } = await import('../../app/group/node-options.ts');
      const { forming, advertise: address } = await nodeOptions(config, 0);
      const { self: node, labels } = forming;
      const { restoreBackup } = await import('../../raft/rescue/restore.ts');
      const { encodeCommand } = await import('../../command/command.ts');
      const restored = await restoreBackup({
        ...{ node, address, directory: dataDirectory(config), labels, nowMs: systemClock.nowMs() },
        commands: [
          encodeCommand(node, { op: 'disable-global-recoveries' }),
          encodeCommand(node, { op: 'abandon-recoveries', why: 'the group was restored from a backup' }),
        ],
        bytes: () => createReadStream(file),
      });
      const { head, clusterId, lastIndex } = restored;
      return [
        `group ${clusterId} of ${node}, from group ${head.clusterId} as of ${new Date(head.takenMs).toISOString()}, up to entry ${lastIndex}`,
        'automatic recoveries are off: enable-global-recoveries turns them on',
      ];
    },
  },
  {
    name: 'raft-reset-formation',
    section: 'Raft',
    summary:
      'Take back what this stopped node has promised before there was a group, or let one that was removed begin anew',
    options: '',
    notes:
      'First make sure that no group was formed with this node in it. The files of a removed node are moved into a directory beside them. Refused on a member of a group.',
    inGroup: true,
    runPlain: async ({ config }) => {
      const { resetFormation } = await import('../../raft/rescue/reset.ts');
      const name = `removed-${new Date()
        .toISOString()
        .replaceAll(/[^0-9]/g, '')
        .slice(0, 14)}`;
      const reset = resetFormation(dataDirectory(config), name);
      if (reset.kind === 'setAside') return [`moved to ${reset.place}: the node joins as a new one when it is started`];
      return [
        reset.promised === undefined ? 'nothing was promised' : `group ${reset.promised} is not promised any more`,
      ];
    },
  },
];

function dataDirectory({ RaftDataDir: directory }: Config): string {
  return directory === '' ? fail('RaftDataDir is not set: name a configuration file with -config') : directory;
}

function survivorIn(file: string): Survivor {
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as Survey).survivor;
  } catch (err) {
    return fail(`${file} is not what raft-recover -dry-run -json prints: ${errorText(err)}`);
  }
}

function surveyText({ survivor, peers }: Survey): Lines {
  const { node, clusterId, generation, lastIndex, lastTerm, digest, voters } = survivor;
  const facts = [
    ['node', node],
    ['group', `${clusterId}, generation ${generation}`],
    ['log', `up to entry ${lastIndex} of term ${lastTerm}, digest ${digest}`],
    ['voters', voters.join(', ')],
    ['peers.json', peersText(peers)],
  ];
  return facts.map(([name = '', text = '']) => `${name.padEnd(12)}${text}`);
}

function peersText(peers: Survey['peers']): string {
  if (peers === null) return 'none';
  if ('problem' in peers) return `refused: ${peers.problem}`;
  const others = peers.learners.length === 0 ? '' : `; without a vote: ${peers.learners.join(', ')}`;
  return `would make the voters ${peers.voters.join(', ')}${others}; every entry of the log counts as agreed on then`;
}

function comparisonText({ best, same }: Comparison): Lines {
  if (same) return [`${'compared'.padEnd(12)}the logs are the same: all of these may stand in peers.json`];
  return [
    `${'compared'.padEnd(12)}${best.node} has the most: it alone may stand in peers.json, the others join it with empty directories`,
  ];
}
