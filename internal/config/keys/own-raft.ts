import { bool, int, later, list, object, restart, text, uint } from './key.ts';

const raft = { ...restart, ...later };
const MIB = 2 ** 20;

/** Keys of the group that the contract does not know. */
export const OWN_RAFT = {
  RaftClusterName: text(
    'orchestrator',
    'Name of the group, the same on all its nodes. Nodes of another name are refused.',
    raft,
  ),
  RaftNodeName: text(
    '',
    'Name of this node among those that found each other, the same over all its lives, such as the name of a pod. Empty: `RaftAdvertise`. Nodes listed in `RaftNodes` are called as they stand there.',
    raft,
  ),
  RaftDiscovery: object(
    {},
    'How nodes find each other in place of `RaftNodes`: a `Type` and what belongs to it, see [above](#finding-other-nodes).',
    raft,
  ),
  RaftBootstrapExpect: uint(
    0,
    'How many nodes found the group, all of them together; needed with `RaftDiscovery`. Without effect once there is a group. 0: as many as `RaftNodes` names.',
    { ...raft, unit: 'nodes', max: 64 },
  ),
  RaftBootstrapTimeoutSeconds: uint(
    120,
    'A node that belongs to no group by then, and has promised to found none, ends; 0: never.',
    { ...raft, unit: 's' },
  ),
  RaftSingleNode: bool(
    false,
    'With `RaftDiscovery` and `RaftBootstrapExpect` 1: founds a group of one at once, without looking whether anybody else is there.',
    raft,
  ),
  RaftTLSCertFile: text(
    '',
    'PEM file: certificate of this node towards the others. With it come `RaftTLSPrivateKeyFile` and `RaftTLSCAFile`; the files are read again at a reload.',
    raft,
  ),
  RaftTLSPrivateKeyFile: text('', 'PEM file: its key.', raft),
  RaftTLSCAFile: text('', 'PEM file: who signs the certificates of the nodes. Used for nothing else.', raft),
  RaftTLSNamePattern: text(
    '',
    'Regular expression that a whole name in the certificate of the other node must match, besides the name it is dialled by. Empty: any.',
    raft,
  ),
  RaftSharedSecretFile: text(
    '',
    'In place of certificates: a file with a secret of 32 bytes or more in a line. While it is exchanged, a second line holds the other one; both count. The file is read again at a reload.',
    raft,
  ),
  RaftInsecure: bool(
    false,
    'Lets nodes without certificate and secret talk to each other on addresses that are not of this host: whoever reaches the port commands the group.',
    raft,
  ),
  RaftAllowedAddressSpace: list(
    [],
    'Ranges such as `10.0.0.0/8` in which the other nodes must be. Empty: everywhere.',
    raft,
  ),
  RaftMaxMessageBytes: int(4 * MIB, 'Largest message between nodes. A larger one closes the connection.', {
    ...raft,
    min: 2 * MIB,
    max: 64 * MIB,
  }),
};
