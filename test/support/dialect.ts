// The words in which tests ask real servers for things; they differ by family.

import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { ADMIN_LOGIN, type Flavour, type SandboxServer } from '../../scripts/sandbox/sandbox.ts';

interface Words {
  readonly stopReceiver: string;
  readonly startReceiver: string;
  readonly stopApplier: string;
  readonly stopReplication: string;
  readonly startReplication: string;
  readonly ownPosition: string;
  readonly replicaStatus: string;
  /** Expression: all transactions of a server, its own and replicated ones. */
  readonly history: string;
  /** Back to a server that follows nobody, is writable and has no history. */
  readonly reset: readonly string[];
}

const FORGET_DATA = ['SET sql_log_bin = 0', 'DROP DATABASE IF EXISTS app', 'SET sql_log_bin = 1'];

export const WORDS: Readonly<Record<Flavour, Words>> = {
  mariadb: {
    stopReceiver: 'STOP SLAVE IO_THREAD',
    startReceiver: 'START SLAVE IO_THREAD',
    stopApplier: 'STOP SLAVE SQL_THREAD',
    stopReplication: 'STOP SLAVE',
    startReplication: 'START SLAVE',
    ownPosition: 'SHOW MASTER STATUS',
    replicaStatus: 'SHOW SLAVE STATUS',
    history: '@@global.gtid_binlog_state',
    reset: [
      'STOP ALL SLAVES',
      'RESET SLAVE ALL',
      'SET GLOBAL read_only = 0',
      ...FORGET_DATA,
      'RESET MASTER',
      "SET GLOBAL gtid_slave_pos = ''",
    ],
  },
  mysql: {
    stopReceiver: 'STOP REPLICA IO_THREAD',
    startReceiver: 'START REPLICA IO_THREAD',
    stopApplier: 'STOP REPLICA SQL_THREAD',
    stopReplication: 'STOP REPLICA',
    startReplication: 'START REPLICA',
    ownPosition: 'SHOW BINARY LOG STATUS',
    replicaStatus: 'SHOW REPLICA STATUS',
    history: '@@global.gtid_executed',
    reset: [
      'STOP REPLICA',
      'RESET REPLICA ALL',
      'SET GLOBAL super_read_only = 0',
      'SET GLOBAL read_only = 0',
      ...FORGET_DATA,
      'RESET BINARY LOGS AND GTIDS',
    ],
  },
};

/** Several statements on one session. */
export async function inSession(server: SandboxServer, statements: readonly string[]): Promise<void> {
  const connection = await createConnection({
    host: server.key.hostname,
    port: server.key.port,
    ...ADMIN_LOGIN,
    connectTimeout: 15_000,
  });
  try {
    for (const sql of statements) await connection.query(sql);
  } finally {
    connection.destroy();
  }
}

export interface ReplicaStatus {
  readonly source: { readonly hostname: string; readonly port: number };
  readonly receiving: boolean;
  readonly applying: boolean;
  /** What was read of the source: its log file and position. */
  readonly read: string;
  readonly delaySeconds: number;
  readonly tls: boolean;
  readonly errors: string;
}

/** Undefined: the server follows nobody. */
export async function replicaStatus(server: SandboxServer): Promise<ReplicaStatus | undefined> {
  const [row] = await server.query(WORDS[server.flavour].replicaStatus);
  if (row === undefined) return undefined;
  const of = (source: string, master: string) => String((row as RowDataPacket)[source] ?? row[master] ?? '');
  return {
    source: { hostname: of('Source_Host', 'Master_Host'), port: Number(of('Source_Port', 'Master_Port')) },
    receiving: of('Replica_IO_Running', 'Slave_IO_Running') === 'Yes',
    applying: of('Replica_SQL_Running', 'Slave_SQL_Running') === 'Yes',
    read: `${of('Source_Log_File', 'Master_Log_File')}:${of('Read_Source_Log_Pos', 'Read_Master_Log_Pos')}`,
    delaySeconds: Number(row.SQL_Delay ?? 0),
    tls: of('Source_SSL_Allowed', 'Master_SSL_Allowed') === 'Yes',
    errors: `${row.Last_IO_Error ?? ''}${row.Last_SQL_Error ?? ''}`,
  };
}

/** Where a server's own log ends, in the words of `ReplicaStatus.read`. */
export async function ownPosition(server: SandboxServer): Promise<string> {
  const [row] = await server.query(WORDS[server.flavour].ownPosition);
  return `${row?.File}:${row?.Position}`;
}
