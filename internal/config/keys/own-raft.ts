import { bool, int, later, list, restart, text } from './key.ts';

const raft = { ...restart, ...later };
const MIB = 2 ** 20;

/** Keys of the group that the contract does not know. */
export const OWN_RAFT = {
  RaftClusterName: text(
    'orchestrator',
    'Name of the group, the same on all its nodes. Nodes of another name are refused.',
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
