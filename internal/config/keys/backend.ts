import { bool, compat, int, later, MAX_INT32, restart, text, uint } from './key.ts';

const mysql = restart;

export const BACKEND = {
  BackendDB: text(
    'mysql',
    'Where the daemon keeps what must outlive it: `mysql`, or `sqlite` (also `sqlite3`).',
    restart,
  ),
  SkipOrchestratorDatabaseUpdate: bool(
    false,
    'Leaves the tables of the backend as they are at the start; `-enable-database-update` says otherwise.',
    restart,
  ),
  PanicIfDifferentDatabaseDeploy: bool(false, 'Refuses to start on tables that another version has set up.', {
    ...compat,
    ...restart,
  }),
  MySQLOrchestratorHost: text('', 'Server of the backend.', mysql),
  MySQLOrchestratorPort: uint(3306, 'Its port.', mysql),
  MySQLOrchestratorDatabase: text('', 'Its schema, created when missing.', mysql),
  MySQLOrchestratorUser: text('', 'Account of the backend.'),
  MySQLOrchestratorPassword: text('', 'Its password; `${NAME}` takes it from the environment.', { secret: true }),
  MySQLOrchestratorCredentialsConfigFile: text(
    '',
    'File with a section `[client]` whose `user` and `password` replace both keys above.',
  ),
  MySQLOrchestratorSSLPrivateKeyFile: text('', 'PEM file: key of the client certificate.', mysql),
  MySQLOrchestratorSSLCertFile: text('', 'PEM file: client certificate.', mysql),
  MySQLOrchestratorSSLCAFile: text('', 'PEM file: who may sign the certificate of the backend.', mysql),
  MySQLOrchestratorSSLSkipVerify: bool(false, 'Takes any certificate of the backend.', mysql),
  MySQLOrchestratorUseMutualTLS: bool(false, 'Speaks TLS to the backend.', mysql),
  MySQLOrchestratorMaxPoolConnections: int(128, 'Most connections to the backend; 0 or less: no limit.', mysql),
  MySQLOrchestratorReadTimeoutSeconds: int(
    30,
    'How long an answer of the backend may take. Nothing waits for it meanwhile.',
    {
      ...mysql,
      unit: 's',
      min: 1,
    },
  ),
  MySQLOrchestratorRejectReadOnly: bool(false, 'Drops a connection to a backend that has become read-only.', {
    ...compat,
    ...mysql,
  }),
  MySQLOrchestratorMaxAllowedPacket: int(
    -1,
    'Largest packet to the backend, where the server takes more; -1 and 0: what the server takes. Many rows are sent in as many statements as that needs.',
    {
      ...compat,
      ...mysql,
      unit: 'bytes',
      max: MAX_INT32,
    },
  ),
  MySQLConnectTimeoutSeconds: int(2, 'How long connecting to the backend may take, and to a server in `-c resolve`.', {
    ...restart,
    unit: 's',
    min: 1,
  }),
  MySQLConnectionLifetimeSeconds: int(0, 'Age at which a connection to the backend is replaced; 0: never.', {
    ...compat,
    ...restart,
    unit: 's',
  }),
  BufferInstanceWrites: bool(false, 'Collects what probes found before it is written. Always done here, in batches.', {
    ...compat,
    ...later,
  }),
  InstanceWriteBufferSize: int(100, 'Size of that collection; 0 or less switches `BufferInstanceWrites` off.', {
    ...compat,
    ...later,
    unit: 'instances',
  }),
  InstanceFlushIntervalMilliseconds: int(100, 'Its period. See `BackendFlushIntervalMilliseconds`.', {
    ...compat,
    ...later,
    unit: 'ms',
  }),
};

export const SQLITE = {
  SQLite3DataFile: text('', 'Data file, created when missing. Needed where `BackendDB` is SQLite.', restart),
};
