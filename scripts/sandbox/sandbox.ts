// Real servers on loopback, for tests, for development and for `npm start`. The data directory of each flavour is made
// once and copied for every instance.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { closeSync, cpSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createConnection, type RowDataPacket } from 'mysql2/promise';

export type Flavour = 'mysql' | 'mariadb';

export const TOPOLOGY_LOGIN = { user: 'orchestrator', password: 'orch_topology' } as const;
export const REPLICATION_LOGIN = { user: 'repl', password: 'repl_pw' } as const;

export interface SandboxOptions {
  readonly flavour: Flavour;
  readonly servers: number;
  readonly directory: string;
  /** `chain`: each server follows the one before it. Default: all follow the first. */
  readonly topology?: 'star' | 'chain';
  /** More server options, by index. */
  readonly extraArguments?: readonly (readonly string[])[];
}

/** Where the project keeps unpacked servers and made-once data directories. Ignored by git. */
export const CACHE = resolve(process.cwd(), '.cache/servers');
const MYSQL_ROOT = join(CACHE, 'sid/root');
const MYSQL_LIBRARIES = join(MYSQL_ROOT, 'usr/lib/x86_64-linux-gnu');

/** Program and leading arguments of each server that can be started here. */
function program(flavour: Flavour): readonly string[] | undefined {
  if (flavour === 'mariadb')
    return ['/usr/sbin/mariadbd', '/usr/bin/mariadbd'].filter((path) => existsSync(path)).slice(0, 1);
  if (existsSync(join(MYSQL_ROOT, 'usr/sbin/mysqld'))) {
    return [
      join(MYSQL_LIBRARIES, 'ld-linux-x86-64.so.2'),
      '--library-path',
      MYSQL_LIBRARIES,
      join(MYSQL_ROOT, 'usr/sbin/mysqld'),
    ];
  }
  return ['/usr/sbin/mysqld'].filter((path) => existsSync(path));
}

export async function findFlavours(): Promise<readonly Flavour[]> {
  return (['mariadb', 'mysql'] as const).filter((flavour) => (program(flavour)?.length ?? 0) > 0);
}

const MARIADB_ARGUMENTS = `--performance-schema=OFF --innodb-buffer-pool-size=8M --innodb-log-file-size=4M --innodb-log-buffer-size=2M --innodb-doublewrite=0
 --innodb-flush-log-at-trx-commit=2 --sync-binlog=0 --innodb-buffer-pool-load-at-startup=0 --innodb-buffer-pool-dump-at-shutdown=0 --innodb-use-native-aio=0
 --innodb-read-io-threads=1 --innodb-write-io-threads=1 --innodb-purge-threads=1 --key-buffer-size=8K --aria-pagecache-buffer-size=128K --table-open-cache=64
 --max-connections=100 --open-files-limit=1024 --log-slave-updates=1 --gtid-strict-mode=1 --slave-net-timeout=3`;
const MYSQL_ARGUMENTS = `--mysqlx=OFF --innodb-data-file-path=ibdata1:5M:autoextend --innodb-autoextend-increment=1 --secure-file-priv=NULL --performance-schema=OFF
 --innodb-buffer-pool-size=5M --innodb-redo-log-capacity=8M --innodb-log-buffer-size=256K --innodb-doublewrite=OFF --innodb-flush-log-at-trx-commit=2
 --sync-binlog=0 --innodb-flush-method=nosync --innodb-use-native-aio=OFF --innodb-read-io-threads=1 --innodb-write-io-threads=1 --innodb-purge-threads=1
 --innodb-page-cleaners=1 --innodb-log-writer-threads=OFF --innodb-buffer-pool-load-at-startup=OFF --innodb-buffer-pool-dump-at-shutdown=OFF
 --table-open-cache=64 --table-definition-cache=400 --max-connections=100 --open-files-limit=1024 --replica-parallel-workers=1
 --gtid-mode=ON --enforce-gtid-consistency=ON --replica-net-timeout=3`;
const words = (text: string) => text.split(/\s+/).filter((word) => word !== '');

function mysqlPlaces(): readonly string[] {
  if (!existsSync(MYSQL_ROOT)) return [];
  return [
    `--basedir=${MYSQL_ROOT}/usr`,
    `--lc-messages-dir=${MYSQL_ROOT}/usr/share/mysql`,
    `--character-sets-dir=${MYSQL_ROOT}/usr/share/mysql/charsets`,
    `--plugin-dir=${MYSQL_ROOT}/usr/lib/mysql/plugin`,
  ];
}

const MARIADB_USERS = [
  `CREATE USER 'orchestrator'@'%' IDENTIFIED BY 'orch_topology';`,
  `GRANT ALL PRIVILEGES ON *.* TO 'orchestrator'@'%' WITH GRANT OPTION;`,
  `CREATE USER 'repl'@'%' IDENTIFIED BY 'repl_pw';`,
  `GRANT REPLICATION SLAVE ON *.* TO 'repl'@'%';`,
  `CREATE USER 'app'@'%' IDENTIFIED BY 'app_pw';`,
  `GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP ON app.* TO 'app'@'%';`,
];

function makeBase(flavour: Flavour): string {
  const base = join(CACHE, `base-${flavour}`);
  if (existsSync(join(base, '.complete'))) return base;
  rmSync(base, { recursive: true, force: true });
  mkdirSync(join(base, 'mysql'), { recursive: true });
  const [file = '', ...leading] = program(flavour) ?? [];
  if (flavour === 'mariadb') {
    const share = '/usr/share/mysql';
    const prefix = existsSync(`${share}/mysql_system_tables.sql`) ? 'mysql' : 'mariadb';
    const names = [
      `${prefix}_system_tables.sql`,
      `${prefix}_performance_tables.sql`,
      `${prefix}_system_tables_data.sql`,
      'maria_add_gis_sp_bootstrap.sql',
    ];
    const sql = [
      'USE mysql;',
      'SET @auth_root_socket=NULL;',
      ...names.map((name) => readFileSync(join(share, name), 'utf8')),
      'FLUSH PRIVILEGES;',
      ...MARIADB_USERS,
    ];
    execFileSync(
      file,
      [
        ...leading,
        '--no-defaults',
        '--bootstrap',
        '--user=root',
        `--datadir=${base}`,
        '--skip-log-bin',
        '--innodb-log-file-size=4M',
      ],
      {
        input: `${sql.join('\n')}\n`,
        stdio: ['pipe', 'ignore', 'ignore'],
      },
    );
  } else {
    const users = join(CACHE, 'users.sql');
    writeFileSync(users, `${MARIADB_USERS.join('\n')}\n`);
    rmSync(base, { recursive: true, force: true });
    execFileSync(
      file,
      [
        ...leading,
        '--no-defaults',
        '--initialize-insecure',
        '--user=root',
        `--init-file=${users}`,
        `--datadir=${base}`,
        ...mysqlPlaces(),
        ...words(MYSQL_ARGUMENTS),
        `--log-error=${CACHE}/initialise.log`,
      ],
      { stdio: 'ignore' },
    );
    rmSync(join(base, 'auto.cnf'), { force: true });
  }
  writeFileSync(join(base, '.complete'), '');
  return base;
}

async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const free = await new Promise<boolean>((done) => {
      const server = createServer();
      server.once('error', () => done(false));
      server.listen(port, '127.0.0.1', () => server.close(() => done(true)));
    });
    if (free) return port;
  }
}

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** One server process and its data directory. */
export class SandboxServer {
  readonly flavour: Flavour;
  readonly key: { readonly hostname: string; readonly port: number };
  readonly directory: string;
  readonly #arguments: readonly string[];
  #child: ChildProcess | undefined;

  constructor(flavour: Flavour, port: number, directory: string, serverId: number, extra: readonly string[]) {
    this.flavour = flavour;
    this.key = { hostname: '127.0.0.1', port };
    this.directory = directory;
    this.#arguments = [
      '--no-defaults',
      '--user=root',
      `--datadir=${directory}`,
      `--port=${port}`,
      '--bind-address=127.0.0.1',
      `--socket=${directory}/s.sock`,
      `--pid-file=${directory}/pid`,
      `--log-error=${directory}/error.log`,
      `--server-id=${serverId}`,
      '--log-bin=bin',
      '--skip-name-resolve',
      '--report-host=127.0.0.1',
      `--report-port=${port}`,
      ...(flavour === 'mysql' ? [...mysqlPlaces(), ...words(MYSQL_ARGUMENTS)] : words(MARIADB_ARGUMENTS)),
      ...extra,
    ];
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Ready is when a query answers. */
  async start(): Promise<void> {
    const [file = '', ...leading] = program(this.flavour) ?? [];
    const output = openSync(join(this.directory, 'output.log'), 'a');
    const child = spawn(file, [...leading, ...this.#arguments], { stdio: ['ignore', output, output] });
    closeSync(output);
    this.#child = child;
    running.add(child);
    child.once('exit', () => running.delete(child));
    const end = Date.now() + 30_000;
    for (;;) {
      if (child.exitCode !== null)
        throw new Error(`server on port ${this.key.port} ended: see ${this.directory}/error.log`);
      try {
        await this.query('SELECT 1');
        return;
      } catch (err) {
        if (Date.now() > end) throw err;
        await delay(20);
      }
    }
  }

  /** SIGKILL and SIGTERM wait for the process to end. */
  async kill(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    if (signal !== 'SIGKILL' && signal !== 'SIGTERM') {
      child.kill(signal);
      return;
    }
    const ended = new Promise((done) => child.once('exit', done));
    child.kill(signal);
    await ended;
  }

  async restart(): Promise<void> {
    await this.kill('SIGKILL');
    await this.start();
  }

  async query(sql: string): Promise<RowDataPacket[]> {
    const connection = await createConnection({
      host: this.key.hostname,
      port: this.key.port,
      ...TOPOLOGY_LOGIN,
      connectTimeout: 3_000,
    });
    try {
      const [rows] = await connection.query<RowDataPacket[]>(sql);
      return rows;
    } finally {
      connection.destroy();
    }
  }

  /** A restart forgets `read_only`: replicas get it back. */
  async protectReplica(): Promise<void> {
    const mariadb = this.flavour === 'mariadb';
    const status = await this.query(mariadb ? 'SHOW ALL SLAVES STATUS' : 'SHOW REPLICA STATUS');
    if (status.length > 0) await this.query(mariadb ? 'SET GLOBAL read_only=1' : 'SET GLOBAL super_read_only=1');
  }

  async follow(source: { readonly hostname: string; readonly port: number }): Promise<void> {
    const { user, password } = REPLICATION_LOGIN;
    if (this.flavour === 'mariadb') {
      await this.query(`CHANGE MASTER TO MASTER_HOST='${source.hostname}', MASTER_PORT=${source.port}, MASTER_USER='${user}', MASTER_PASSWORD='${password}',
        MASTER_USE_GTID=slave_pos, MASTER_HEARTBEAT_PERIOD=1, MASTER_CONNECT_RETRY=1`);
      await this.query('START SLAVE');
      await this.query('SET GLOBAL read_only=1');
      return;
    }
    await this.query(`CHANGE REPLICATION SOURCE TO SOURCE_HOST='${source.hostname}', SOURCE_PORT=${source.port}, SOURCE_USER='${user}', SOURCE_PASSWORD='${password}',
      SOURCE_AUTO_POSITION=1, SOURCE_HEARTBEAT_PERIOD=1, SOURCE_CONNECT_RETRY=1, GET_SOURCE_PUBLIC_KEY=1`);
    await this.query('START REPLICA');
    await this.query('SET GLOBAL super_read_only=1');
  }
}

/**
 * A server just started sometimes refuses to be configured. Each refusal is printed, so that its reason is on record, and the
 * set-up, which can be repeated, is tried again for ten seconds.
 */
async function untilFollows(server: SandboxServer, source: SandboxServer['key']): Promise<void> {
  const end = Date.now() + 10_000;
  for (;;) {
    try {
      await server.follow(source);
      return;
    } catch (err) {
      if (Date.now() > end) throw err;
      process.stderr.write(
        `sandbox: port ${server.key.port} refused to follow: ${err instanceof Error ? err.message : String(err)}\n`,
      );
      await delay(50);
    }
  }
}

/** Several servers that replicate by GTID. */
export class Sandbox {
  readonly servers: readonly SandboxServer[];

  private constructor(servers: readonly SandboxServer[]) {
    this.servers = servers;
  }

  static async create(options: SandboxOptions): Promise<Sandbox> {
    const base = makeBase(options.flavour);
    const servers: SandboxServer[] = [];
    for (let index = 0; index < options.servers; index += 1) {
      const directory = join(options.directory, `server${index + 1}`);
      const portFile = join(directory, 'sandbox.port');
      const fresh = !existsSync(portFile);
      if (fresh) cpSync(base, directory, { recursive: true });
      const port = fresh ? await freePort() : Number(readFileSync(portFile, 'utf8'));
      writeFileSync(portFile, String(port));
      servers.push(
        new SandboxServer(options.flavour, port, directory, index + 1, options.extraArguments?.[index] ?? []),
      );
    }
    const sandbox = new Sandbox(servers);
    const made = join(options.directory, 'sandbox.made');
    try {
      await Promise.all(servers.map((server) => server.start()));
      if (!existsSync(made)) {
        for (const [index, server] of servers.entries()) {
          const source = servers[options.topology === 'chain' ? index - 1 : 0];
          if (index > 0 && source !== undefined) await untilFollows(server, source.key);
        }
        writeFileSync(made, '');
      } else {
        for (const server of servers) await server.protectReplica();
      }
    } catch (err) {
      await sandbox.stop();
      throw err;
    }
    return sandbox;
  }

  /** Ends every process. The data stays. */
  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.kill('SIGKILL')));
  }
}
