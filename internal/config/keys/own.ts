import { bool, int, restart, text, uint } from './key.ts';
import { OWN_RAFT } from './own-raft.ts';
import { OWN_RAFT_API } from './own-raft-api.ts';
import { OWN_KEY_VALUE } from './publishing.ts';

/** Keys that the contract does not know. */
export const OWN = {
  FenceReplacedPrimary: bool(
    true,
    'Makes a replaced primary read-only and ends its sessions, as soon as it can be reached.',
  ),
  ReadOnlyPrimaryHoldSeconds: uint(
    10,
    'How long a primary must have been read-only before `RecoverNonWriteableMaster` makes it writable.',
    { unit: 's' },
  ),
  PrimaryDownGraceMilliseconds: uint(0, 'How long a dead primary is waited for before it is replaced.', { unit: 'ms' }),
  ProbeIntervalMilliseconds: uint(1000, 'Period of probes of a server; at most `InstancePollSeconds`.', {
    unit: 'ms',
    min: 10,
  }),
  ProbeReadTimeoutMilliseconds: uint(1000, 'How long a probe may take, connecting included.', { unit: 'ms', min: 10 }),
  SuspectProbeTimeoutMilliseconds: uint(400, 'The same where something seems wrong.', { unit: 'ms', min: 10 }),
  SuspectProbeIntervalMilliseconds: uint(50, 'Period of probes where something seems wrong.', { unit: 'ms', min: 10 }),
  SuspectWindowMilliseconds: uint(5000, 'How long something that seemed wrong is watched that closely.', {
    unit: 'ms',
  }),
  ConfirmingProbeFailures: uint(
    2,
    'Failed probes in a row that confirm that a server is silent. A refused connection needs no confirmation.',
    { unit: 'probes', min: 1 },
  ),
  PromotionDrainTimeoutMilliseconds: uint(30_000, 'How long a candidate may take to apply what it received.', {
    unit: 'ms',
  }),
  PromoteOnDrainTimeout: bool(
    false,
    'Promotes it then all the same; what it has not applied is invisible until it has.',
  ),
  RecoveryStepTimeoutMilliseconds: uint(
    10_000,
    'How long one change of one server may take, and an operation the read of a server that answers.',
    {
      unit: 'ms',
      min: 100,
    },
  ),
  RecoveryConfirmationNodes: int(
    0,
    'Before a recovery that nobody asked for, the other nodes are asked what they see of the failed server; one that sees it take writes stops the recovery for one poll. So many of them must miss it too. 0: none has to, and two nodes alone do not ask each other; -1: nobody is asked.',
    { unit: 'nodes', min: -1, max: 20 },
  ),
  RecoveryOpinionTimeoutMilliseconds: uint(
    400,
    'How long the other nodes get to answer that; who does not has no say.',
    { unit: 'ms', min: 20 },
  ),
  RecoveryStepMaxSeconds: uint(
    20,
    'How long one step of a recovery may take in all, what it waits for replication aside. A new leader waits that long where it cannot end what its predecessor has open on a server.',
    { unit: 's', min: 1 },
  ),
  FenceRetryMilliseconds: uint(100, 'Pause between attempts to reach a replaced primary.', { unit: 'ms', min: 10 }),
  FailedRecoveryRetryMilliseconds: uint(10_000, 'Pause after a recovery that failed without having changed anything.', {
    unit: 'ms',
  }),
  RecoveryMaxRounds: uint(3, 'How often a recovery plans anew because a server that it needs died.', {
    unit: 'rounds',
    min: 1,
  }),
  ReconnectSettleMilliseconds: uint(
    1000,
    'How long replicas that were asked to reconnect get to do so before a failover.',
    {
      unit: 'ms',
    },
  ),
  RefusedStatementRetrySeconds: uint(600, 'How long a part of a probe that a server refused is left out.', {
    unit: 's',
  }),
  AttachWatchTimeoutMilliseconds: uint(2000, 'How long a moved replica is watched until it replicates.', {
    unit: 'ms',
  }),
  AttachWatchIntervalMilliseconds: uint(20, 'Period of that.', { unit: 'ms', min: 5 }),
  DetectionHoldMilliseconds: uint(1000, 'How long a problem that nothing is done about must last to be told of.', {
    unit: 'ms',
  }),
  FenceAttemptTimeoutMilliseconds: uint(10_000, 'How long one attempt to fence may take.', { unit: 'ms', min: 100 }),
  ReconnectReplicasThrottleSeconds: uint(30, 'Least pause between two requests to reconnect.', { unit: 's' }),
  HookTimeoutSeconds: uint(60, 'How long a hook may run before it is ended.', { unit: 's', min: 1 }),
  DaemonFindTimeoutMilliseconds: uint(
    1000,
    'How long a command waits for the daemon of this host to say what it works on.',
    {
      unit: 'ms',
      min: 10,
    },
  ),
  DaemonActTimeoutSeconds: uint(600, 'How long a command waits for the daemon to have done what it was asked.', {
    unit: 's',
    min: 1,
  }),
  AccessTokenSecretFile: text(
    '',
    'In a group, file with a secret of 32 bytes or more, the same on all nodes, that access tokens are signed with; empty: that of `RaftSharedSecretFile`.',
  ),
  TopologyHistoryPurgeDays: uint(0, 'Age at which stored pictures of topologies are deleted; 0: never.', {
    unit: 'days',
  }),
  BackendFlushIntervalMilliseconds: uint(200, 'Period at which what changed is written to the backend.', {
    ...restart,
    unit: 'ms',
    min: 10,
  }),
  ...OWN_RAFT,
  ...OWN_RAFT_API,
  ...OWN_KEY_VALUE,
};
