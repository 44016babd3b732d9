import { bool, compat, int, MAX_INT32, text, uint } from './key.ts';

export const SERVERS = {
  MySQLTopologyUser: text('', 'Account on every monitored server.'),
  MySQLTopologyPassword: text('', 'Its password; `${NAME}` takes it from the environment.', { secret: true }),
  MySQLTopologyCredentialsConfigFile: text(
    '',
    'File with a section `[client]` whose `user` and `password` replace both keys above.',
  ),
  MySQLTopologySSLPrivateKeyFile: text('', 'PEM file: key of the client certificate.'),
  MySQLTopologySSLCertFile: text('', 'PEM file: client certificate, sent when its key is given too.'),
  MySQLTopologySSLCAFile: text(
    '',
    'PEM file: who may sign the certificates of servers. Empty: the authorities of the system.',
  ),
  MySQLTopologySSLSkipVerify: bool(false, 'Takes any certificate of a server.'),
  MySQLTopologyUseMutualTLS: bool(false, 'Speaks TLS to every server, always.'),
  MySQLTopologyUseMixedTLS: bool(true, 'Speaks TLS to those servers that insist on it.'),
  TLSCacheTTLFactor: uint(
    100,
    'How long it is remembered that a server insists, in multiples of `InstancePollSeconds`.',
    {
      ...compat,
    },
  ),
  MySQLTopologyMaxAllowedPacket: int(-1, 'Largest packet to a server: as much as the server takes, whatever it says.', {
    ...compat,
    unbuilt: 'the driver has no such limit, and no statement to a server is long',
    unit: 'bytes',
    max: MAX_INT32,
  }),
  MySQLDiscoveryReadTimeoutSeconds: int(10, 'Upper limit of `ProbeReadTimeoutMilliseconds`; 0 or less: none.', {
    unit: 's',
  }),
  MySQLTopologyReadTimeoutSeconds: int(600, 'Upper limit of `RecoveryStepTimeoutMilliseconds`; 0 or less: none.', {
    unit: 's',
  }),
};
