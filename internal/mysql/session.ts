import { format } from 'mysql2';
import { errorText, OrchestratorError } from '../runtime/errors.ts';
import {
  hasSeveralSources,
  type Instance,
  type ReplicationStatus,
  type ReplicationTls,
  type SemiSync,
} from '../topology/instance.ts';
import { type InstanceKey, keyText } from '../topology/instance-key.ts';
import { type ChannelWords, channelWords } from './channel-words.ts';
import type { Dialect } from './dialect.ts';
import { borrowedTls, tlsOptions } from './replication-tls.ts';
import type { Row, SqlValue } from './server-connection.ts';

export interface ReplicationLogin {
  readonly user: string;
  readonly password: string;
  /** How the connection is secured; undefined: not said, the server's own default. */
  readonly tls?: ReplicationTls;
}

/** What a session speaks through: a connection to a server, or a rehearsal of one. */
export interface Line {
  run(sql: string, values: readonly SqlValue[]): Promise<readonly Row[]>;
  read(): Promise<Instance>;
  /** The address that a replica is told of this source; without it, the source's own. */
  told?(source: InstanceKey): Promise<InstanceKey>;
}

const SERVER_USERS: ReadonlySet<string> = new Set(['system user', 'event_scheduler']);
const SERVER_COMMANDS: ReadonlySet<string> = new Set([
  'Daemon',
  'Binlog Dump',
  'Binlog Dump GTID',
  'Slave_IO',
  'Slave_SQL',
]);
/** The session left by itself. */
const UNKNOWN_THREAD_ERRNO = 1094;

/** A replica with the source side on and too few replicas of its own lets its applier wait for acknowledgements. */
function waitsForNobody({ sourceEnabled, sourceActive, sourceClients, waitForReplicaCount }: SemiSync): boolean {
  return sourceEnabled && sourceActive && sourceClients < Math.max(1, waitForReplicaCount);
}

/** One session that changes one server. The words differ by family; what is asked does not. */
export class MysqlSession {
  readonly #line: Line;
  readonly #dialect: Dialect;
  readonly #credentialsQuery: string;
  readonly #statements: string[] = [];
  #known: Instance | undefined;

  /** @param known the server as last read, for the name of its replication channel; without it the server is asked */
  constructor(line: Line, dialect: Dialect, credentialsQuery: string, known?: Instance) {
    this.#line = line;
    this.#dialect = dialect;
    this.#credentialsQuery = credentialsQuery;
    this.#known = known;
  }

  get statements(): readonly string[] {
    return this.#statements;
  }

  read(): Promise<Instance> {
    return this.#line.read();
  }

  async stopReceiver(): Promise<void> {
    await this.#run((await this.#words()).stopReceiver);
  }

  async startApplier(): Promise<void> {
    await this.#run((await this.#words()).startApplier);
  }

  async startReplication(): Promise<void> {
    await this.#run((await this.#words()).startReplication);
  }

  async #words(): Promise<ChannelWords> {
    return channelWords(this.#dialect, await this.#channel());
  }

  async #channel(): Promise<string> {
    this.#known ??= await this.read();
    return channelOf(this.#known);
  }

  async drain(limitMs: number): Promise<boolean> {
    const before = await this.read();
    const { replication } = before;
    if (replication === undefined) return true;
    if (replication.applier !== 'running') await this.startApplier();
    const wait = () =>
      replication.gtid === 'none'
        ? this.#waitFile(replication, limitMs)
        : this.#waitGtid(replication.received, limitMs);
    return waitsForNobody(before.semiSync) ? this.#withoutSemiSync(before.semiSync, wait) : wait();
  }

  /** Whether this server, once it takes writes, lets them wait for acknowledgements of its replicas. */
  async setSemiSyncSource(enabled: boolean): Promise<void> {
    const { semiSync } = await this.read();
    if (semiSync.available && semiSync.sourceEnabled !== enabled) await this.#switchSource(semiSync, enabled);
  }

  async #withoutSemiSync<T>(semiSync: SemiSync, work: () => Promise<T>): Promise<T> {
    await this.#switchSource(semiSync, false);
    try {
      return await work();
    } finally {
      await this.#switchSource(semiSync, true);
    }
  }

  async #switchSource({ sourcePluginNew }: SemiSync, enabled: boolean): Promise<void> {
    const name = sourcePluginNew ? 'rpl_semi_sync_source_enabled' : 'rpl_semi_sync_master_enabled';
    await this.#run(`SET GLOBAL ${name} = ?`, [enabled ? 1 : 0]);
  }

  async waitApplied(holder: Instance, limitMs: number): Promise<boolean> {
    if (holder.gtid.kind === 'mysql') return this.#waitGtid(holder.gtid.executed, limitMs);
    return this.#waitGtid(holder.gtid.currentPos, limitMs);
  }

  /**
   * Gives the server another source. One that replicates already is sent host, port and heartbeat period (the one option that
   * the statement resets): it keeps user, password, TLS and public key options by itself. One that was a source gets `login`.
   */
  async pointTo(source: InstanceKey, login?: ReplicationLogin): Promise<void> {
    const { sourceOption, publicKeyOption, demoteOption, mariadb } = this.#dialect;
    this.#known = await this.read();
    const { replication } = this.#known;
    const words = await this.#words();
    const former = replication === undefined;
    const options: string[] = [];
    const values: SqlValue[] = [];
    const set = (name: string, value: SqlValue) => {
      options.push(`${name} = ?`);
      values.push(value);
    };
    const told = (await this.#line.told?.(source)) ?? source;
    set(`${sourceOption}_HOST`, told.hostname);
    set(`${sourceOption}_PORT`, told.port);
    if (login !== undefined && former) {
      set(`${sourceOption}_USER`, login.user);
      set(`${sourceOption}_PASSWORD`, login.password);
      for (const [name, value] of tlsOptions(login.tls, mariadb)) set(`${sourceOption}_${name}`, value);
    }
    const heartbeat = replication?.heartbeatSeconds ?? 0;
    if (heartbeat > 0) set(`${sourceOption}_HEARTBEAT_PERIOD`, heartbeat);
    if (mariadb) {
      options.push('MASTER_USE_GTID = slave_pos');
      if (former && demoteOption !== undefined) options.push(demoteOption);
      await this.#run(words.stopReplication);
    } else if (former) {
      set(`${sourceOption}_AUTO_POSITION`, 1);
      if (publicKeyOption !== undefined) set(publicKeyOption, 1);
    } else {
      await this.stopReceiver();
    }
    const shown = values.map((value) => (login !== undefined && value === login.password ? '<hidden>' : value));
    await this.#run(words.changeSource(options.join(', ')), values, shown);
  }

  async replicationLogin(): Promise<ReplicationLogin | undefined> {
    const own = this.#dialect.selectReplicationLogin;
    if (this.#credentialsQuery === '' && own === undefined) return undefined;
    const [row] =
      this.#credentialsQuery === '' && own !== undefined
        ? await this.#run(own, [await this.#channel()])
        : await this.#run(this.#credentialsQuery);
    const [user = '', password = '', caFile = '', cert = '', key = ''] = Object.values(row ?? {}).map((value) =>
      String(value ?? ''),
    );
    if (user === '') return undefined;
    const tls = borrowedTls((await this.read()).replication, { caFile, cert, key });
    return tls === undefined ? { user, password } : { user, password, tls };
  }

  async detachSource(): Promise<void> {
    const { replication } = await this.read();
    if (replication === undefined || replication.source.hostname.startsWith('//')) return;
    await this.pointTo({ hostname: `//${replication.source.hostname}`, port: replication.source.port });
  }

  async forgetSource(): Promise<void> {
    const { stopReplication, forgetSource } = await this.#words();
    await this.#run(stopReplication);
    await this.#run(forgetSource);
  }

  async setReadOnly(readOnly: boolean): Promise<void> {
    if (readOnly && this.#dialect.superReadOnly) await this.#run('SET GLOBAL super_read_only = 1');
    else await this.#run('SET GLOBAL read_only = ?', [readOnly ? 1 : 0]);
  }

  /**
   * Ends what clients run: not replication, not the server's own threads, not us. The answer is what could not be ended,
   * such as a session of an account with `SYSTEM_USER`, which outranks ours.
   */
  async endClientSessions(): Promise<readonly string[]> {
    const left: string[] = [];
    const [own] = await this.#run("SELECT CONNECTION_ID() AS id, SUBSTRING_INDEX(CURRENT_USER(), '@', 1) AS user");
    for (const { Id, User, Command } of await this.#run('SHOW PROCESSLIST')) {
      if (String(Id) === String(own?.id) || User === own?.user || SERVER_USERS.has(String(User))) continue;
      const id = Number(Id);
      if (SERVER_COMMANDS.has(String(Command)) || !Number.isSafeInteger(id)) continue;
      await this.#run(`KILL ${id}`).catch((err: unknown) => {
        const errno = err instanceof OrchestratorError ? err.context.errno : undefined;
        if (!errno) throw err; // the connection is gone, not the session
        if (errno !== UNKNOWN_THREAD_ERRNO) left.push(`${id} of ${String(User)}: ${errorText(err)}`);
      });
    }
    return left;
  }

  async #waitGtid(target: string, limitMs: number): Promise<boolean> {
    if (target === '') return true;
    const [row] = await this.#run(`SELECT ${this.#dialect.waitForGtid}(?, ?) AS result`, [target, limitMs / 1000]);
    return String(row?.result) === '0';
  }

  async #waitFile({ read: { file, position }, channel }: ReplicationStatus, limitMs: number): Promise<boolean> {
    if (file === '') return true;
    const values = [file, position, limitMs / 1000, ...(channel === '' ? [] : [channel])];
    const sql = `SELECT ${this.#dialect.waitForPosition}(${values.map(() => '?').join(', ')}) AS result`;
    const [row] = await this.#run(sql, values);
    return row?.result !== null && Number(row?.result) >= 0;
  }

  #run(sql: string, values: readonly SqlValue[] = [], shown = values): Promise<readonly Row[]> {
    this.#statements.push(format(sql, [...shown]));
    return this.#line.run(sql, values);
  }
}

/** @throws {OrchestratorError} `CONFLICT` for a server that replicates from several sources */
export function channelOf(instance: Instance): string {
  if (hasSeveralSources(instance))
    throw new OrchestratorError(
      'CONFLICT',
      `${keyText(instance.key)} replicates from several sources: it is left alone`,
    );
  return instance.replication?.channel ?? '';
}
