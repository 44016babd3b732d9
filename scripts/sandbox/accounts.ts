// The accounts of a sandbox server, with the rights that the documentation asks operators to grant and no more: what the
// daemon may not do, its tests see.

import type { Flavour } from './program.ts';

export interface Login {
  readonly user: string;
  readonly password: string;
}

/** The daemon's account: `MySQLTopologyUser`. */
export const TOPOLOGY_LOGIN: Login = { user: 'orchestrator', password: 'orch_topology' };
/** The account with which replicas read from their source. */
export const REPLICATION_LOGIN: Login = { user: 'repl', password: 'repl_pw' };
/** The account of whoever builds and breaks topologies: it may do everything. */
export const ADMIN_LOGIN: Login = { user: 'sandbox', password: 'sandbox_pw' };
/** An application's account, with its data in schema `app`. */
export const APPLICATION_LOGIN: Login = { user: 'app', password: 'app_pw' };

/** Rights of the daemon's account; the README shows the same statements. Sources: the manuals' lists of privileges. */
const TOPOLOGY_GRANTS: Readonly<Record<Flavour, readonly string[]>> = {
  mariadb: [
    'BINLOG MONITOR, SLAVE MONITOR, REPLICATION MASTER ADMIN, PROCESS ON *.*', // to observe
    'REPLICATION SLAVE ADMIN, READ_ONLY ADMIN, CONNECTION ADMIN, BINLOG ADMIN, RELOAD ON *.*', // to operate
  ],
  mysql: [
    'REPLICATION CLIENT, REPLICATION SLAVE, PROCESS ON *.*', // to observe
    'SELECT ON performance_schema.*',
    'SELECT ON mysql.slave_master_info',
    'REPLICATION_SLAVE_ADMIN, SYSTEM_VARIABLES_ADMIN, CONNECTION_ADMIN, BINLOG_ADMIN, RELOAD ON *.*', // to operate
  ],
};

/** Statements that make the accounts, one to a line: MariaDB's bootstrap reads no other way. */
export function accountStatements(flavour: Flavour): readonly string[] {
  return [
    ...account(ADMIN_LOGIN, ['ALL PRIVILEGES ON *.*'], ' WITH GRANT OPTION'),
    ...account(TOPOLOGY_LOGIN, TOPOLOGY_GRANTS[flavour]),
    ...account(REPLICATION_LOGIN, ['REPLICATION SLAVE ON *.*']),
    ...account(APPLICATION_LOGIN, ['SELECT, INSERT, UPDATE, DELETE, CREATE, DROP ON app.*']),
  ];
}

function account({ user, password }: Login, grants: readonly string[], suffix = ''): readonly string[] {
  const name = `'${user}'@'%'`;
  return [
    `CREATE USER ${name} IDENTIFIED BY '${password}';`,
    ...grants.map((grant) => `GRANT ${grant} TO ${name}${suffix};`),
  ];
}
