import { bool, int, list, map, maps, object, restart, text, uint } from './key.ts';

const ms = { ...restart, unit: 'ms' };
const MIB = 2 ** 20;

/** Keys of the group that the contract does not know. */
export const OWN_RAFT = {
  RaftHeartbeatMilliseconds: int(
    150,
    'The leader says so often that it leads. The same on all nodes, as are the next two.',
    {
      ...ms,
      min: 20,
      max: 5000,
    },
  ),
  RaftElectionTimeoutMilliseconds: int(
    1000,
    'A leader that was not heard of for this long, and up to twice that, is replaced. At least five heartbeats.',
    { ...ms, min: 100, max: 50_000 },
  ),
  RaftLeaderLeaseMilliseconds: int(
    700,
    'A leader that a majority has not answered for this long leads no more. At most nine tenths of the time-out of elections.',
    { ...ms, min: 50 },
  ),
  RaftProposalTimeoutMilliseconds: int(10_000, 'How long a change waits for a majority.', { ...ms, min: 100 }),
  RaftSnapshotEntries: int(8192, 'After so many entries of its log a node takes a snapshot.', { ...restart, min: 16 }),
  RaftSnapshotLogBytes: int(64 * MIB, 'The same by their size.', { ...restart, min: MIB }),
  RaftTrailingEntries: int(10_240, 'Entries that are kept behind a snapshot for nodes that lag.', {
    ...restart,
    min: 0,
  }),
  RaftMaxEntryBytes: int(MIB, 'Largest change that can be agreed on.', { ...restart, min: 64 * 1024 }),
  RaftMaxUncommittedEntries: int(10_000, 'Changes that wait to be agreed on; more are refused at once.', {
    ...restart,
    min: 100,
  }),
  RaftMaxUncommittedBytes: int(64 * MIB, 'The same by their size.', { ...restart, min: MIB }),
  RaftExitOnBackendFailureSeconds: int(
    0,
    'A node whose backend has taken nothing for this long ends; 0: it stays, and leads only where nobody else can.',
    { ...restart, unit: 's', min: 0 },
  ),
  RaftMaxVoters: int(5, 'Nodes that vote. More are taken in, and wait for a place.', { ...restart, min: 1, max: 7 }),
  RaftMaxNonVoters: int(20, 'Nodes that do not vote.', { ...restart, min: 0, max: 20 }),
  RaftAutoPromote: bool(true, 'A node that was taken in votes as soon as it has caught up.', restart),
  RaftNonVoter: bool(false, 'This node follows and never votes.', restart),
  RaftLabels: map({}, 'What this node is like, such as `Region`, `DataCenter` and `Zone`.', restart),
  RaftPreferredLeaders: maps(
    [],
    'Labels that the leader should have, the most wanted first, such as `{"DataCenter": "fra"}`. Leadership goes there when a healthy node has them, but not during a recovery.',
    restart,
  ),
  RaftMinFreeBytes: uint(
    256 * MIB,
    'Room on the disk of `RaftDataDir`. With less the log is shortened; with less than a quarter this node leads only where nobody else can. 0: not looked at.',
    restart,
  ),
  RaftLeaveOnShutdown: bool(
    false,
    'When it is told to end, this node has itself removed from the group, and joins anew at its next start. For nodes that come and go; one whose vote the others need stays a member.',
  ),
  RaftReapVoterAfterSeconds: uint(
    0,
    'A voter that was gone for so long, alone, is removed from the group; at least 600. 0: never.',
    { ...restart, unit: 's' },
  ),
  RaftReapNonVoterAfterSeconds: uint(0, 'The same for nodes that do not vote; at least 60.', {
    ...restart,
    unit: 's',
  }),
  RaftReapMinVoters: uint(3, 'So many voters stay, however long they are gone.', { ...restart, unit: 'nodes' }),
  RaftClusterName: text(
    'orchestrator',
    'Name of the group, the same on all its nodes. Nodes of another name are refused.',
    restart,
  ),
  RaftNodeName: text(
    '',
    'Name of this node among those that found each other, the same over all its lives, such as the name of a pod. Empty: `RaftAdvertise`. Nodes listed in `RaftNodes` are called as they stand there.',
    restart,
  ),
  RaftDiscovery: object(
    {},
    'How nodes find each other in place of `RaftNodes`: a `Type` and what belongs to it, see [above](#finding-other-nodes).',
    restart,
  ),
  RaftBootstrapExpect: uint(
    0,
    'How many nodes found the group, all of them together; needed with `RaftDiscovery`. Without effect once there is a group. 0: as many as `RaftNodes` names.',
    { ...restart, unit: 'nodes', max: 64 },
  ),
  RaftBootstrapTimeoutSeconds: uint(
    120,
    'A node that belongs to no group by then, and has promised to found none, ends; 0: never.',
    { ...restart, unit: 's' },
  ),
  RaftSingleNode: bool(
    false,
    'With `RaftDiscovery` and `RaftBootstrapExpect` 1: founds a group of one at once, without looking whether anybody else is there.',
    restart,
  ),
  RaftTLSCertFile: text(
    '',
    'PEM file: certificate of this node towards the others. With it come `RaftTLSPrivateKeyFile` and `RaftTLSCAFile`; the files are read again at a reload.',
    restart,
  ),
  RaftTLSPrivateKeyFile: text('', 'PEM file: its key.', restart),
  RaftTLSCAFile: text('', 'PEM file: who signs the certificates of the nodes. Used for nothing else.', restart),
  RaftTLSNamePattern: text(
    '',
    'Regular expression that a whole name in the certificate of the other node must match, besides the name it is dialled by. Empty: any.',
    restart,
  ),
  RaftSharedSecretFile: text(
    '',
    'In place of certificates: a file with a secret of 32 bytes or more in a line. While it is exchanged, a second line holds the other one; both count. The file is read again at a reload.',
    restart,
  ),
  RaftInsecure: bool(
    false,
    'Lets nodes without certificate and secret talk to each other on addresses that are not of this host: whoever reaches the port commands the group.',
    restart,
  ),
  RaftAllowedAddressSpace: list(
    [],
    'Ranges such as `10.0.0.0/8` in which the other nodes must be. Empty: everywhere.',
    restart,
  ),
  RaftMaxMessageBytes: int(4 * MIB, 'Largest message between nodes. A larger one closes the connection.', {
    ...restart,
    min: 2 * MIB,
    max: 64 * MIB,
  }),
};
