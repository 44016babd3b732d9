import type { RefusalReason } from '../core/effects.ts';

/** Why the core does not do what it was asked for, in words. */
export const REASONS: Readonly<Record<RefusalReason, string>> = {
  notLeader: 'this node does not lead',
  notReady: 'the new leader is not ready yet',
  leadershipLost: 'the leader changed before it was done',
  transferring: 'leadership is being handed over',
  backlogFull: 'too much waits to be agreed on',
  tooLarge: 'it is too large for one entry',
  timedOut: 'no majority agreed in time',
  changeRunning: 'another change of the members is under way',
  unknownMember: 'there is no such member',
  duplicateMember: 'there is such a member already',
  duplicateAddress: 'another member has this address',
  lastVoter: 'the last voter cannot go',
  tooManyVoters: 'there are as many voters as allowed',
  tooManyLearners: 'there are as many learners as allowed',
  notCaughtUp: 'that member lags too far behind',
  memberAlive: 'that member still answers',
  noHealthyQuorum: 'it would leave less than a majority that answers',
  nothingToChange: 'it is so already',
  noTarget: 'no other member can take over',
};
