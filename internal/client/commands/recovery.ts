import type { ApiCommand, Need } from '../command.ts';
import * as print from '../printing.ts';

const A: readonly Need[] = ['cluster'];

/** A planned or a forced change of the master. */
function takeover(
  name: string,
  summary: string,
  rest: Partial<Pick<ApiCommand, 'needs' | 'takes' | 'notes'>> = {},
): ApiCommand {
  return {
    ...{ name, summary, needs: A, ...rest },
    section: 'Recovery',
    path: ({ cluster, destination }) => `${name}/${cluster}${destination === '' ? '' : `/${destination}`}`,
    print: print.successor,
    changes: true,
  };
}

function switchOf(name: string, summary: string): ApiCommand {
  return { name, section: 'Recovery', summary, needs: [], path: () => name, print: print.text };
}

/** Recoveries, and the group of daemons. */
export const RECOVERY: readonly ApiCommand[] = [
  {
    name: 'recover',
    section: 'Recovery',
    summary: 'Recover a dead instance now, whatever holds automatic recoveries back',
    needs: ['instance'],
    takes: ['destination'],
    path: ({ instance, destination }) => `recover/${instance}${destination === '' ? '' : `/${destination}`}`,
    print: print.key,
    changes: true,
  },
  takeover('graceful-master-takeover', 'Hand the mastership over with nothing lost; prints the new master', {
    takes: ['destination'],
    notes: 'Without -d the master must have exactly one replica. The old master is left as a stopped replica.',
  }),
  takeover(
    'graceful-master-takeover-auto',
    'The same, choosing a replica where -d names none, and starting replication on the old master',
    { takes: ['destination'] },
  ),
  {
    ...takeover('force-master-failover', 'Replace the master of a cluster at once, even a living one'),
    path: ({ cluster }) => `force-master-failover/${cluster}`,
  },
  takeover('force-master-takeover', 'Replace the master of a cluster at once by a replica of your choice', {
    needs: ['cluster', 'destination'],
  }),
  {
    name: 'ack-cluster-recoveries',
    section: 'Recovery',
    summary: 'Acknowledge the recoveries of a cluster: they hold back no other one any more',
    needs: ['cluster', 'reason'],
    path: ({ cluster, of }) => `ack-recovery/cluster/${cluster}?comment=${of('reason')}`,
    print: print.text,
    changes: true,
  },
  {
    name: 'ack-all-recoveries',
    section: 'Recovery',
    summary: 'Acknowledge all recoveries',
    needs: ['reason'],
    path: ({ of }) => `ack-all-recoveries?comment=${of('reason')}`,
    print: print.text,
    changes: true,
  },
  { ...switchOf('disable-global-recoveries', 'Forbid automatic recoveries, everywhere'), changes: true },
  { ...switchOf('enable-global-recoveries', 'Allow automatic recoveries again'), changes: true },
  switchOf('check-global-recoveries', 'Print whether automatic recoveries are enabled or disabled'),
  {
    name: 'raft-leader',
    section: 'Raft',
    summary: 'Print the address of the leader of the group',
    needs: [],
    onLeader: true,
    path: () => 'raft-leader',
    print: print.text,
  },
  {
    name: 'raft-health',
    section: 'Raft',
    summary: 'Print whether the node is well in its group',
    needs: [],
    path: () => 'raft-health',
    print: print.text,
  },
  {
    name: 'raft-leader-hostname',
    section: 'Raft',
    summary: 'Print the host name of the leader of the group',
    needs: [],
    onLeader: true,
    path: () => 'status',
    print: print.field('Hostname'),
  },
  {
    name: 'raft-elect-leader',
    section: 'Raft',
    summary: 'Have a node whose host name contains the one of -H lead the group',
    needs: ['hostname'],
    onLeader: true,
    path: ({ of }) => `raft-yield-hint/${of('hostname')}`,
    print: print.text,
    changes: true,
  },
];
