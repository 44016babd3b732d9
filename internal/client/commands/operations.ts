import type { ApiCommand, Need, Section } from '../command.ts';
import * as print from '../printing.ts';

const H: readonly Need[] = ['instance'];
const HG: readonly Need[] = ['instance', 'destination'];

function relocation(name: string, needs: readonly Need[], summary: string, how = print.moved): ApiCommand {
  const path: ApiCommand['path'] = needs.includes('destination')
    ? ({ instance, destination }) => `${name}/${instance}/${destination}`
    : ({ instance }) => `${name}/${instance}`;
  return { name, section: 'Relocation', summary, needs, path, print: how, changes: true };
}

/** Below the source of `-i`, or below the server of `-d` where the API goes by it. */
function ofReplicas(name: string, summary: string): ApiCommand {
  return {
    ...relocation(name, H, summary, print.keysOfInstances),
    takes: ['destination'],
    path: ({ instance, destination }) => `${name}/${instance}${destination === '' ? '' : `/${destination}`}`,
  };
}

function onServer(name: string, summary: string, synonyms: readonly string[] = []): ApiCommand {
  return {
    ...{ name, synonyms, summary },
    section: 'Replication and servers',
    needs: H,
    path: ({ instance }) => `${name}/${instance}`,
    print: print.keyOfInstance,
    changes: true,
  };
}

function question(name: string, summary: string): ApiCommand {
  const path: ApiCommand['path'] = ({ instance, destination }) => `${name}/${instance}/${destination}`;
  return { name, section, summary, needs: HG, path, print: print.keyIfTrue };
}

const section: Section = 'Replication and servers';

/** What changes replication on servers, and questions about it. */
export const OPERATIONS: readonly ApiCommand[] = [
  relocation('relocate', HG, 'Move a replica below another instance by whichever way is safe'),
  relocation('relocate-replicas', HG, 'Move the replicas of an instance below another one', print.keysOfInstances),
  relocation('match', HG, 'Move a replica below another instance by comparing their logs'),
  relocation('match-up', H, 'Move a replica one level up by comparing logs'),
  ofReplicas('match-up-replicas', 'Move the replicas of an instance one level up by comparing logs'),
  relocation('move-up', H, 'Move a replica one level up'),
  relocation('move-below', HG, 'Move a replica below one that has the same source'),
  relocation('move-equivalent', HG, 'Move a replica by recorded equivalent positions'),
  ofReplicas('move-up-replicas', 'Move the replicas of an instance one level up'),
  relocation('make-co-master', H, 'Have the source of a read-only replica replicate from it, too'),
  { ...relocation('take-master', H, 'Have a replica and its source change places'), synonyms: ['enslave-master'] },
  { ...relocation('take-siblings', H, 'Move all siblings of a replica below it'), synonyms: ['enslave-siblings'] },
  relocation('move-gtid', HG, 'Move a replica below another instance by GTID'),
  relocation(
    'move-replicas-gtid',
    HG,
    'Move the replicas of an instance below another one by GTID',
    print.keysOfInstances,
  ),
  relocation('repoint', HG, 'Point a replica to another instance that has the same positions'),
  ofReplicas(
    'repoint-replicas',
    'Point the replicas of an instance to their source again, or to the one that -d names',
  ),
  onServer('stop-replica', 'Stop replication'),
  onServer('stop-replica-nice', 'Stop replication when all that was received is applied'),
  onServer('start-replica', 'Start replication'),
  onServer('restart-replica', 'Stop and start replication'),
  onServer('reset-replica', 'Have a replica forget its source: it is none any more'),
  onServer('change-master-credentials', 'Give a replica the replication login that the daemon is configured with'),
  onServer('detach-replica', 'Keep a replica from its source by a name that leads nowhere; can be undone'),
  onServer('reattach-replica', 'Undo detach-replica'),
  onServer('detach-replica-master-host', 'The same as detach-replica'),
  onServer('reattach-replica-master-host', 'The same as reattach-replica'),
  onServer('skip-query', 'Skip the one event or transaction that replication stopped at'),
  onServer(
    'gtid-errant-reset-master',
    'Have a replica forget its errant transactions, and all its binary logs with them',
  ),
  onServer('gtid-errant-inject-empty', 'Write the errant transactions of a replica as empty ones on the master'),
  onServer('enable-semi-sync-master', 'Have writes wait for replicas', ['enable-semi-sync-source']),
  onServer('disable-semi-sync-master', 'Have writes wait for no replica', ['disable-semi-sync-source']),
  onServer('enable-semi-sync-replica', 'Have a replica acknowledge what it receives'),
  onServer('disable-semi-sync-replica', 'Have a replica acknowledge nothing'),
  onServer('set-read-only', 'Make an instance read-only'),
  onServer('set-writeable', 'Make an instance writable'),
  onServer('flush-binary-logs', 'Begin a new binary log'),
  {
    ...onServer('purge-binary-logs', 'Delete the binary logs before a file; refused while a replica still needs them'),
    needs: ['instance', 'binlog'],
    notes: 'latest stands for the present file.',
    path: ({ instance, of }) => `purge-binary-logs/${instance}/${of('binlog')}`,
  },
  {
    name: 'locate-gtid-errant',
    section,
    summary: 'List the binary logs that hold errant transactions of a replica',
    needs: H,
    path: ({ instance }) => `locate-gtid-errant/${instance}`,
    print: print.texts,
  },
  {
    name: 'last-pseudo-gtid',
    section,
    summary: 'Print the last Pseudo-GTID entry in the binary logs of an instance',
    needs: H,
    path: ({ instance }) => `last-pseudo-gtid/${instance}`,
    print: print.text,
  },
  {
    name: 'restart-replica-statements',
    section,
    summary: 'Print what to send so that a statement runs while replication stands still; nothing is executed',
    notes: 'Prints a list in JSON.',
    needs: ['instance', 'query'],
    path: ({ instance, of }) => `restart-replica-statements/${instance}?q=${of('query')}`,
    print: print.json,
  },
  {
    ...onServer('delay-replication', 'Have a replica stay this many seconds behind'),
    needs: ['instance', 'seconds'],
    path: ({ instance, of }) => `delay-replication/${instance}/${of('seconds')}`,
    print: print.text,
  },
  question('can-replicate-from', 'Print the destination if the instance could replicate from it'),
  question('can-replicate-from-gtid', 'Print the destination if the instance could replicate from it by GTID'),
];
