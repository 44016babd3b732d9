import { bool, compat, int, list, restart, retired, text, uint } from './key.ts';

export const HTTP = {
  ListenAddress: text(':3000', '`host:port` of API and console. Without a host: loopback only.', restart),
  ListenSocket: text('', 'Path of a Unix socket to listen on in place of TCP, without TLS.', restart),
  HTTPAdvertise: text(
    '',
    '`scheme://host:port` under which the other nodes reach the API of this one. Empty: the host of `RaftAdvertise`, or without a group that of `ListenAddress` unless it is loopback, with the port of `ListenAddress`.',
    restart,
  ),
  URLPrefix: text('', 'Path under which everything is mounted.', restart),
  UseSSL: bool(false, 'Speaks HTTPS.', restart),
  SSLPrivateKeyFile: text('', 'PEM file: key of the listener.', restart),
  SSLCertFile: text('', 'PEM file: certificate of the listener; shown to the leader with `UseMutualTLS`.', restart),
  SSLCAFile: text('', 'PEM file: who may sign certificates of clients and of the other nodes.', restart),
  SSLSkipVerify: bool(false, 'Takes any certificate of another node.', restart),
  UseMutualTLS: bool(false, 'Clients must present a certificate with one of `SSLValidOUs`.', restart),
  SSLValidOUs: list([], 'Organisational units that are let in.', restart),
  StatusEndpoint: text('/api/status', 'Path of the health check.', restart),
  StatusOUVerify: bool(false, 'The health check asks for the organisational unit too.'),
};

export const AUTHENTICATION = {
  ReadOnly: bool(false, 'Refuses every action.'),
  AuthenticationMethod: text('', 'Who may act. Empty: everybody who reaches the listener.', {
    ...restart,
    choices: ['', 'basic', 'multi', 'proxy', 'token', 'oauth'],
  }),
  HTTPAuthUser: text('', 'User of `basic` and `multi`.'),
  HTTPAuthPassword: text('', 'Its password.', { secret: true }),
  AuthUserHeader: text('X-Forwarded-User', 'Header that names the user in `proxy`.'),
  PowerAuthUsers: list(['*'], 'Users who may act in `proxy`; `*`: all of them.'),
  PowerAuthGroups: list([], 'Groups of this host whose members may act in `proxy`.', compat),
  AccessTokenUseExpirySeconds: uint(60, 'How long a new token waits to be taken up.', { unit: 's' }),
  AccessTokenExpiryMinutes: uint(1440, 'How long a token counts.', { unit: 'min' }),
  OAuthClientId: text('', 'Was never used.', retired),
  OAuthClientSecret: text('', 'Was never used.', { ...retired, secret: true }),
  OAuthScopes: list([], 'Was never used.', retired),
};

export const RAFT = {
  RaftEnabled: bool(false, 'Several daemons form one group.', restart),
  RaftDataDir: text('', 'Directory of the log of the group. Needed with `RaftEnabled`.', restart),
  RaftBind: text('127.0.0.1:10008', '`host[:port]` of this node in the group.', restart),
  RaftAdvertise: text('', '`host[:port]` told to the others. Empty: `RaftBind`.', restart),
  DefaultRaftPort: int(10_008, 'Port of a node that is named without one.', restart),
  RaftNodes: list([], 'All nodes of the group, this one included.', restart),
  ExpectFailureAnalysisConcensus: bool(true, 'Was never used.', retired),
};
