import { uint } from './key.ts';

/** Keys of the API in a group, and of leaving it, that the contract does not know. */
export const OWN_RAFT_API = {
  RaftStaleReadSeconds: uint(
    5,
    'While no leader is known, reads are answered by a node that heard of one this recently; later only those with `?stale=true`.',
    { unit: 's' },
  ),
  RaftReadyMaxLagEntries: uint(1024, 'A node that lacks more of what was agreed on is not ready, and not healthy.', {
    unit: 'entries',
  }),
  RaftTransferWaitSeconds: uint(
    20,
    'How long a node that is stopped or drained lets running recoveries end before it hands leadership over.',
    { unit: 's' },
  ),
  ShutdownDrainSeconds: uint(
    5,
    'In a group: how long a node that is stopped goes on answering, not ready any more, until load balancers have noticed.',
    { unit: 's' },
  ),
  ShutdownTimeoutSeconds: uint(60, 'In a group: a node that is not done with stopping by then ends with status 124.', {
    unit: 's',
    min: 1,
  }),
};
