import { uint } from './key.ts';

/** Keys of the API in a group that the contract does not know. */
export const OWN_RAFT_API = {
  RaftStaleReadSeconds: uint(
    5,
    'While no leader is known, reads are answered by a node that heard of one this recently; later only those with `?stale=true`.',
    { unit: 's' },
  ),
  RaftReadyMaxLagEntries: uint(1024, 'A node that lacks more of what was agreed on is not ready, and not healthy.', {
    unit: 'entries',
  }),
};
