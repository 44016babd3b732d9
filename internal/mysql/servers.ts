// What recovery and discovery ask of real servers, on connections of two kinds: one held per watched server for reading,
// and one per change, which holds a named lock while it works.

import type { Clock } from '../runtime/clock.ts';
import { OrchestratorError } from '../runtime/errors.ts';
import type { Instance } from '../topology/instance.ts';
import { type InstanceKey, keyText } from '../topology/instance-key.ts';
import { instanceFromRows } from './probe-rows.ts';
import { type Login, type Row, ServerConnection, type SqlValue } from './server-connection.ts';

const VARIABLES = `SHOW GLOBAL VARIABLES WHERE Variable_name IN ('version','version_comment','hostname','report_host','report_port','port',
'server_id','read_only','super_read_only','binlog_format','binlog_row_image','log_bin','log_slave_updates','log_replica_updates')
OR Variable_name LIKE 'rpl_semi_sync_%'`;
const STATUS = "SHOW GLOBAL STATUS WHERE Variable_name = 'Uptime' OR Variable_name LIKE 'Rpl_semi_sync_%'";

const MYSQL_PROBE = [
  'SELECT @@global.gtid_executed AS gtid_executed, @@global.gtid_purged AS gtid_purged, @@global.server_uuid AS server_uuid, @@global.gtid_mode AS gtid_mode',
  VARIABLES,
  STATUS,
  'SHOW REPLICA STATUS',
  'SHOW BINARY LOG STATUS',
  'SHOW REPLICAS',
].join(';');
const MARIADB_PROBE = [
  `SELECT @@global.gtid_slave_pos AS gtid_slave_pos, @@global.gtid_current_pos AS gtid_current_pos, @@global.gtid_binlog_pos AS gtid_binlog_pos,
@@global.gtid_binlog_state AS gtid_binlog_state, @@global.gtid_domain_id AS gtid_domain_id, @@global.gtid_strict_mode AS gtid_strict_mode`,
  VARIABLES,
  STATUS,
  'SHOW ALL SLAVES STATUS',
  'SHOW MASTER STATUS',
  'SHOW SLAVE HOSTS',
].join(';');

export interface ReplicationLogin {
  readonly user: string;
  readonly password: string;
}

export interface ServersSettings {
  readonly login: Login;
  /** The operator's query for replication user and password; empty: the server's own table, where it has one. */
  readonly replicationCredentialsQuery: string;
  /** How long ending the sessions of a server that is being fenced may take. */
  readonly sweepTimeoutMs: number;
}

export interface ServersDeps {
  readonly settings: ServersSettings;
  readonly clock: Clock;
  readonly onDisconnect: (key: InstanceKey) => void;
}

interface Opened {
  readonly connection: ServerConnection;
  readonly version: string;
}

interface Held {
  readonly connection: ServerConnection;
  readonly mariadb: boolean;
}

export class MysqlServers {
  readonly #deps: ServersDeps;
  readonly #held = new Map<string, Held>();
  /** Connections that nobody uses, to servers that may freeze: one that is open already is heard first when they wake. */
  readonly #ready = new Map<string, Opened>();

  constructor(deps: ServersDeps) {
    this.#deps = deps;
  }

  async probe(key: InstanceKey, timeoutMs: number, signal: AbortSignal): Promise<Instance> {
    const deadline = AbortSignal.any([signal, this.#deps.clock.timeoutSignal(timeoutMs)]);
    let held = this.#held.get(keyText(key));
    if (held === undefined || held.connection.closed) held = await this.#hold(key, deadline);
    try {
      return await read(held.connection, held.mariadb, deadline);
    } catch (err) {
      this.#held.delete(keyText(key));
      held.connection.close();
      throw err;
    }
  }

  forget(key: InstanceKey): void {
    const held = this.#held.get(keyText(key));
    this.#held.delete(keyText(key));
    held?.connection.close();
    this.dropReady(key);
  }

  stop(): void {
    for (const held of this.#held.values()) held.connection.close();
    this.#held.clear();
    for (const { connection } of this.#ready.values()) connection.close();
    this.#ready.clear();
  }

  /** Keeps one more connection open, for `fenceReady`. */
  async keepReady(key: InstanceKey, timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (this.#ready.get(keyText(key))?.connection.closed === false) return;
    const deadline = AbortSignal.any([signal, this.#deps.clock.timeoutSignal(timeoutMs)]);
    const ready = await this.#open(key, deadline);
    this.dropReady(key);
    this.#ready.set(keyText(key), ready);
  }

  dropReady(key: InstanceKey): void {
    this.#ready.get(keyText(key))?.connection.close();
    this.#ready.delete(keyText(key));
  }

  /**
   * Fences a server on the connection kept ready: a frozen one finds the statement waiting when it wakes.
   *
   * @throws {OrchestratorError} at once when no connection is ready, else when it breaks
   */
  async fenceReady(key: InstanceKey, signal: AbortSignal): Promise<void> {
    const ready = this.#ready.get(keyText(key));
    this.#ready.delete(keyText(key));
    if (ready === undefined) throw new OrchestratorError('CONNECT_FAILED', `no connection to ${keyText(key)} is ready`);
    return this.#fence(ready, signal);
  }

  /** @throws {OrchestratorError} when the server is not known to be read-only after `timeoutMs` */
  async fence(key: InstanceKey, timeoutMs: number, signal: AbortSignal): Promise<void> {
    const deadline = AbortSignal.any([signal, this.#deps.clock.timeoutSignal(timeoutMs)]);
    return this.#fence(await this.#open(key, deadline), deadline);
  }

  /**
   * Read-only first, so that nothing slips in while sessions are ended. The statement waits for others that run, which is
   * why the sessions are ended from a second connection at the same time, and once more behind it.
   */
  async #fence({ connection, version }: Opened, signal: AbortSignal): Promise<void> {
    const done = new AbortController();
    const sweep = this.change(
      connection.key,
      this.#deps.settings.sweepTimeoutMs,
      AbortSignal.any([signal, done.signal]),
      (session) => session.endClientSessions(),
    ).catch(() => undefined); // the sweep behind the statement is the one that counts
    try {
      const session = new MysqlSession(connection, version, '', signal);
      await session.setReadOnly(true);
      await session.endClientSessions();
    } finally {
      done.abort();
      connection.close();
      await sweep;
    }
  }

  async change<T>(
    key: InstanceKey,
    timeoutMs: number,
    signal: AbortSignal,
    work: (session: MysqlSession) => Promise<T>,
  ): Promise<T> {
    const deadline = AbortSignal.any([signal, this.#deps.clock.timeoutSignal(timeoutMs)]);
    const connection = await ServerConnection.connect(key, this.#deps.settings.login, deadline);
    try {
      const rows = await connection.query(
        "SELECT VERSION() AS version, GET_LOCK('orchestrator.change', ?) AS locked",
        [Math.ceil(timeoutMs / 1000)],
        deadline,
      );
      if (String(rows[0]?.locked) !== '1')
        throw new OrchestratorError('CONFLICT', `${keyText(key)}: another session is changing this server`);
      return await work(
        new MysqlSession(
          connection,
          String(rows[0]?.version),
          this.#deps.settings.replicationCredentialsQuery,
          deadline,
        ),
      );
    } finally {
      connection.close();
    }
  }

  async #open(key: InstanceKey, signal: AbortSignal): Promise<Opened> {
    const connection = await ServerConnection.connect(key, this.#deps.settings.login, signal);
    const rows = await connection.query('SELECT VERSION() AS version', [], signal);
    return { connection, version: String(rows[0]?.version) };
  }

  async #hold(key: InstanceKey, signal: AbortSignal): Promise<Held> {
    const { connection, version } = await this.#open(key, signal);
    const held = { connection, mariadb: version.includes('MariaDB') };
    this.#held.set(keyText(key), held);
    connection.onClose(() => {
      if (this.#held.get(keyText(key)) !== held) return;
      this.#held.delete(keyText(key));
      this.#deps.onDisconnect(key);
    });
    return held;
  }
}

async function read(connection: ServerConnection, mariadb: boolean, signal: AbortSignal): Promise<Instance> {
  const { results, failed } = await connection.many(mariadb ? MARIADB_PROBE : MYSQL_PROBE, signal);
  if (failed !== undefined && failed.index < 4) {
    throw new OrchestratorError('PROBE_FAILED', `${keyText(connection.key)}: ${failed.message}`, {
      context: { errno: failed.errno },
    });
  }
  const rows = (index: number): readonly Row[] => results[index] ?? [];
  return instanceFromRows(connection.key, {
    gtid: rows(0),
    variables: rows(1),
    status: rows(2),
    replication: rows(3),
    ownCoordinates: rows(4),
    replicas: rows(5),
  });
}

/** One session that changes one server. The words differ by family; what is asked does not. */
export class MysqlSession {
  readonly #connection: ServerConnection;
  readonly #version: string;
  readonly #mariadb: boolean;
  readonly #credentialsQuery: string;
  readonly #signal: AbortSignal;

  constructor(connection: ServerConnection, version: string, credentialsQuery: string, signal: AbortSignal) {
    this.#connection = connection;
    this.#version = version;
    this.#mariadb = version.includes('MariaDB');
    this.#credentialsQuery = credentialsQuery;
    this.#signal = signal;
  }

  read(): Promise<Instance> {
    return read(this.#connection, this.#mariadb, this.#signal);
  }

  async stopReceiver(): Promise<void> {
    await this.#run(this.#mariadb ? 'STOP SLAVE IO_THREAD' : 'STOP REPLICA IO_THREAD');
  }

  async startApplier(): Promise<void> {
    await this.#run(this.#mariadb ? 'START SLAVE SQL_THREAD' : 'START REPLICA SQL_THREAD');
  }

  async startReplication(): Promise<void> {
    await this.#run(this.#mariadb ? 'START SLAVE' : 'START REPLICA');
  }

  async drain(limitMs: number): Promise<boolean> {
    const before = await this.read();
    const { replication } = before;
    if (replication === undefined) return true;
    if (replication.applier !== 'running') await this.startApplier();
    if (replication.gtid === 'none') return this.#waitFile(replication.read.file, replication.read.position, limitMs);
    return this.#waitGtid(replication.received, limitMs);
  }

  async waitApplied(holder: Instance, limitMs: number): Promise<boolean> {
    if (holder.gtid.kind === 'mysql') return this.#waitGtid(holder.gtid.executed, limitMs);
    return this.#waitGtid(holder.gtid.currentPos, limitMs);
  }

  async pointTo(source: InstanceKey, login?: ReplicationLogin): Promise<void> {
    const { replication } = await this.read();
    const former = replication === undefined;
    const options: string[] = [];
    const values: SqlValue[] = [];
    const set = (name: string, value: SqlValue) => {
      options.push(`${name} = ?`);
      values.push(value);
    };
    const word = this.#mariadb ? 'MASTER' : 'SOURCE';
    set(`${word}_HOST`, source.hostname);
    set(`${word}_PORT`, source.port);
    if (login !== undefined && former) {
      set(`${word}_USER`, login.user);
      set(`${word}_PASSWORD`, login.password);
    }
    const heartbeat = this.#mariadb ? replication?.heartbeatSeconds : await this.#mysqlHeartbeat();
    if (heartbeat !== undefined && heartbeat > 0) set(`${word}_HEARTBEAT_PERIOD`, heartbeat);
    if (this.#mariadb) {
      options.push('MASTER_USE_GTID = slave_pos');
      if (former && this.#mariadbAtLeast(10, 10)) options.push('MASTER_DEMOTE_TO_SLAVE = 1');
      await this.#run('STOP SLAVE');
      await this.#run(`CHANGE MASTER TO ${options.join(', ')}`, values);
      return;
    }
    if (former) {
      set('SOURCE_AUTO_POSITION', 1);
      set('GET_SOURCE_PUBLIC_KEY', 1);
    } else {
      await this.stopReceiver();
    }
    await this.#run(`CHANGE REPLICATION SOURCE TO ${options.join(', ')}`, values);
  }

  async replicationLogin(): Promise<ReplicationLogin | undefined> {
    const sql =
      this.#credentialsQuery ||
      (this.#mariadb ? '' : "SELECT User_name, User_password FROM mysql.slave_master_info WHERE Channel_name = ''");
    if (sql === '') return undefined;
    const [row] = await this.#run(sql);
    const [user, password] = Object.values(row ?? {});
    return user ? { user: String(user), password: String(password ?? '') } : undefined;
  }

  async detachSource(): Promise<void> {
    const { replication } = await this.read();
    if (replication === undefined || replication.source.hostname.startsWith('//')) return;
    await this.pointTo({ hostname: `//${replication.source.hostname}`, port: replication.source.port });
  }

  async forgetSource(): Promise<void> {
    await this.#run(this.#mariadb ? 'STOP SLAVE' : 'STOP REPLICA');
    await this.#run(this.#mariadb ? 'RESET SLAVE ALL' : 'RESET REPLICA ALL');
  }

  async setReadOnly(readOnly: boolean): Promise<void> {
    if (readOnly && !this.#mariadb) await this.#run('SET GLOBAL super_read_only = 1');
    else await this.#run('SET GLOBAL read_only = ?', [readOnly ? 1 : 0]);
  }

  /** Ends what clients run: not replication, not the server's own threads, not us. */
  async endClientSessions(): Promise<void> {
    const rows = await this.#run(
      `SELECT ID AS id FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID() AND USER NOT IN ('system user', 'event_scheduler')
       AND COMMAND NOT IN ('Daemon', 'Binlog Dump', 'Binlog Dump GTID', 'Slave_IO', 'Slave_SQL') AND USER <> SUBSTRING_INDEX(CURRENT_USER(), '@', 1)`,
    );
    for (const row of rows) {
      const id = Number(row.id);
      if (!Number.isSafeInteger(id)) continue;
      await this.#run(`KILL ${id}`).catch((err: unknown) => {
        if (!(err instanceof OrchestratorError && err.context.errno === 1094)) throw err; // it left by itself
      });
    }
  }

  async #waitGtid(target: string, limitMs: number): Promise<boolean> {
    if (target === '') return true;
    const seconds = limitMs / 1000;
    const sql = this.#mariadb
      ? 'SELECT MASTER_GTID_WAIT(?, ?) AS result'
      : 'SELECT WAIT_FOR_EXECUTED_GTID_SET(?, ?) AS result';
    const [row] = await this.#run(sql, [target, seconds]);
    return String(row?.result) === '0';
  }

  async #waitFile(file: string, position: number, limitMs: number): Promise<boolean> {
    if (file === '') return true;
    const [row] = await this.#run(`SELECT ${this.#mariadb ? 'MASTER' : 'SOURCE'}_POS_WAIT(?, ?, ?) AS result`, [
      file,
      position,
      limitMs / 1000,
    ]);
    return row?.result !== null && Number(row?.result) >= 0;
  }

  async #mysqlHeartbeat(): Promise<number | undefined> {
    const [row] = await this.#run(
      "SELECT HEARTBEAT_INTERVAL AS seconds FROM performance_schema.replication_connection_configuration WHERE CHANNEL_NAME = ''",
    );
    return row === undefined ? undefined : Number(row.seconds);
  }

  #mariadbAtLeast(major: number, minor: number): boolean {
    const [, a = 0, b = 0] = (/(\d+)\.(\d+)\.\d+-MariaDB/.exec(this.#version) ?? []).map(Number);
    return a > major || (a === major && b >= minor);
  }

  #run(sql: string, values: readonly SqlValue[] = []): Promise<readonly Row[]> {
    return this.#connection.query(sql, values, this.#signal);
  }
}
