import { format } from 'mysql2';
import { compareCoordinates } from '../topology/binlog-position.ts';
import type { BinlogCoordinates, Instance, ReplicationStatus, ReplicationTls, SemiSync } from '../topology/instance.ts';
import { type InstanceKey, isDetachedHost } from '../topology/instance-key.ts';
import { type ChannelWords, channelOf, channelWords } from './channel-words.ts';
import { endClientSessions } from './client-sessions.ts';
import type { Dialect } from './dialect.ts';
import { applyUpTo, beginLog } from './log-alignment.ts';
import { endInLogOf, withoutPlace } from './replica-place.ts';
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
  /** Sends what is not waited for: resolves when the server has begun it. Nothing can be sent afterwards. */
  last?(sql: string): Promise<void>;
  /** The address that a replica is told of this source; without it, the source's own. */
  told?(source: InstanceKey): Promise<InstanceKey>;
}

/** How long a wait lasts before it is asked whether there is anything to wait for, s; longer each time. */
const FIRST_SLICE_SECONDS = 1;
/** A source of which nothing comes for so many of them is not waited for. */
const SILENT_SLICES = 3;

/** A replica with the source side on and too few replicas of its own lets its applier wait for acknowledgements. */
function waitsForNobody({ sourceEnabled, sourceActive, sourceClients, waitForReplicaCount }: SemiSync): boolean {
  return sourceEnabled && sourceActive && sourceClients < Math.max(1, waitForReplicaCount);
}

/** One session that changes one server. The words differ by family; what is asked does not. */
export class MysqlSession {
  readonly #line: Line;
  readonly #dialect: Dialect;
  readonly #credentialsQuery: string;
  readonly #statements: string[];
  #known: Instance | undefined;

  /**
   * @param known the server as last read, for the name of its replication channel; without it the server is asked
   * @param statements where those of this session are added
   */
  constructor(line: Line, dialect: Dialect, credentialsQuery: string, known?: Instance, statements: string[] = []) {
    this.#statements = statements;
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

  /** The last thing that this session does. */
  async stopReceiverSoon(): Promise<void> {
    const { stopReceiver } = await this.#words();
    if (this.#line.last === undefined) return void (await this.#run(stopReceiver));
    this.#statements.push(stopReceiver);
    await this.#line.last(stopReceiver);
  }

  async stopReplication(): Promise<void> {
    await this.#run((await this.#words()).stopReplication);
  }

  async startApplier(): Promise<void> {
    if (!this.#dialect.binlogServer) await this.#run((await this.#words()).startApplier);
  }

  /** The server goes on to the second statement by itself, whatever becomes of us. */
  async restartReceiver(): Promise<void> {
    const { stopReceiver, startReceiver } = await this.#words();
    if (!this.#dialect.binlogServer) return void (await this.#run(`${stopReceiver}; ${startReceiver}`));
    await this.#run(stopReceiver);
    await this.#run(startReceiver);
  }

  async startReceiver(): Promise<void> {
    await this.#run((await this.#words()).startReceiver);
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

  /** A binlog server has nothing to apply. */
  async drain(limitMs: number): Promise<boolean> {
    if (this.#dialect.binlogServer) return true;
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

  /** Whether this replica acknowledges what it receives. Takes effect when the receiver connects anew. */
  async setSemiSyncReplica(enabled: boolean): Promise<void> {
    const { semiSync } = await this.read();
    if (!semiSync.available || semiSync.replicaEnabled === enabled) return;
    const name = semiSync.replicaPluginNew ? 'rpl_semi_sync_replica_enabled' : 'rpl_semi_sync_slave_enabled';
    await this.#run(`SET GLOBAL ${name} = ?`, [enabled ? 1 : 0]);
  }

  /** A statement that both families write to their binary logs, and that closes and opens a log file at most. */
  async writeNothing(): Promise<void> {
    await this.#run('FLUSH SLOW LOGS');
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

  /** Where GTIDs do not tell, by what this server has to apply of a log that both know: that of `holder`, or of a source of both. */
  async waitApplied(holder: Instance, limitMs: number): Promise<boolean> {
    const { gtid } = holder;
    if (gtid.kind === 'mariadb') return this.#waitGtid(gtid.currentPos, limitMs);
    if (gtid.mode.toUpperCase() === 'ON') return this.#waitGtid(gtid.executed, limitMs);
    const { replication } = await this.read();
    if (replication?.gtid === 'mysql') return this.#waitGtid(gtid.executed, limitMs);
    const end = replication && endInLogOf(replication, holder);
    if (replication === undefined || end === undefined) return false;
    return (await this.#reaches(end, replication.channel, limitMs / 1000)) ?? false;
  }

  /**
   * Gives the server another source. One that replicates already is sent host, port and heartbeat period (the one option that
   * the statement resets): it keeps user, password, TLS and public key options by itself. One that was a source gets `login`.
   *
   * @param at for a MySQL server that goes by file and position: both threads stop, and it goes on at that place of the log, or by GTID
   * @throws {OrchestratorError} `CONFLICT`: a MySQL replica by file and position would begin at the first log there
   */
  async pointTo(source: InstanceKey, login?: ReplicationLogin, at?: BinlogCoordinates | 'gtid'): Promise<void> {
    const { sourceOption, publicKeyOption, demoteOption, mariadb } = this.#dialect;
    this.#known = await this.read();
    const { replication } = this.#known;
    const words = await this.#words();
    const former = replication === undefined;
    const byPosition = !mariadb && replication?.gtid === 'none';
    if (byPosition && at === undefined && !isDetachedHost(source.hostname)) throw withoutPlace(this.#known, source);
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
      this.#setPlace(at ?? 'gtid', set);
      if (publicKeyOption !== undefined) set(publicKeyOption, 1);
    } else if (byPosition && at !== undefined) {
      await this.#run(words.stopReplication);
      this.#setPlace(at, set);
    } else {
      await this.stopReceiver();
      if (byPosition) await this.#keepPlace(set);
    }
    const shown = values.map((value) => (login !== undefined && value === login.password ? '<hidden>' : value));
    await this.#run(words.changeSource(options.join(', ')), values, shown);
  }

  /** The statement forgets it where it names a host: what the applier has still in hand is not fetched again. */
  async #keepPlace(set: (name: string, value: SqlValue) => void): Promise<void> {
    const { replication } = await this.read();
    const at = replication?.applier === 'running' ? replication.read : replication?.executed;
    if (at !== undefined && at.file !== '') this.#setPlace(at, set);
  }

  #setPlace(at: BinlogCoordinates | 'gtid', set: (name: string, value: SqlValue) => void): void {
    const { sourceOption } = this.#dialect;
    if (at === 'gtid') set(`${sourceOption}_AUTO_POSITION`, 1);
    else {
      set(`${sourceOption}_LOG_FILE`, at.file);
      set(`${sourceOption}_LOG_POS`, at.position);
    }
  }

  async replicationLogin(): Promise<ReplicationLogin | undefined> {
    const own = this.#dialect.selectReplicationLogin;
    if (this.#credentialsQuery === '' && own === undefined) return undefined;
    const [row] =
      this.#credentialsQuery === '' && own !== undefined
        ? await this.#run(own, [await this.#channel()])
        : await this.#runCredentialsQuery();
    const [user = '', password = '', caFile = '', cert = '', key = ''] = Object.values(row ?? {}).map((value) =>
      String(value ?? ''),
    );
    if (user === '') return undefined;
    const tls = borrowedTls((await this.read()).replication, { caFile, cert, key });
    return tls === undefined ? { user, password } : { user, password, tls };
  }

  /**
   * A receiver that was stopped in the middle of a transaction begins again, and is stopped when the applier has got beyond that one. MySQL
   * lets an applier that is to stop wait a minute for the rest of what it has begun; MariaDB rolls it back at once.
   *
   * MySQL with parallel appliers says up to 300 ms late how far it has got, so that it is waited for before anything is started.
   *
   * @returns `nothing`: there is no such transaction, or its source sends nothing of it
   */
  async receiveBegun(): Promise<'nothing' | 'received' | 'applierStopped'> {
    if (this.#dialect.mariadb || this.#dialect.binlogServer) return 'nothing';
    const { replication: begun } = await this.read();
    if (begun === undefined || (compareCoordinates(begun.executed, begun.read) ?? 0) >= 0) return 'nothing';
    const late = await this.#reaches(begun.read, begun.channel, FIRST_SLICE_SECONDS);
    if (late !== false) return late ? 'nothing' : 'applierStopped';
    await this.startReceiver();
    try {
      const next = { ...begun.executed, position: begun.executed.position + 1 };
      for (let silent = 0, last = begun.read; silent < SILENT_SLICES; ) {
        const reached = await this.#reaches(next, begun.channel, FIRST_SLICE_SECONDS);
        if (reached !== false) return reached ? 'received' : 'applierStopped';
        const read = (await this.read()).replication?.read ?? last;
        silent = compareCoordinates(read, last) === 0 ? silent + 1 : 0;
        last = read;
      }
      return 'nothing';
    } finally {
      await this.stopReceiver();
    }
  }

  /** A binlog server takes no name that nobody resolves: it stays stopped. */
  async detachSource(): Promise<void> {
    if (this.#dialect.binlogServer) return this.stopReceiver();
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

  endClientSessions(): Promise<readonly string[]> {
    return endClientSessions((sql) => this.#run(sql));
  }

  applyUpTo(at: BinlogCoordinates, limitMs: number): Promise<boolean> {
    return applyUpTo(this, at, limitMs, async (leftMs) => {
      const { replication } = await this.read();
      return replication !== undefined && this.#waitFile({ ...replication, read: at }, leftMs);
    });
  }

  beginLog(log: string, missing: number): Promise<void> {
    return beginLog(
      (sql, values) => this.#run(sql, values),
      () => this.read(),
      log,
      missing,
    );
  }

  async #waitGtid(target: string, limitMs: number): Promise<boolean> {
    if (target === '') return true;
    const [row] = await this.#run(`SELECT ${this.#dialect.waitForGtid}(?, ?) AS result`, [
      target,
      Math.max(limitMs, 1) / 1000,
    ]); // MySQL takes 0 for ever
    return String(row?.result) === '0';
  }

  /**
   * A receiver may have been stopped in the middle of a transaction, whose beginning is never applied: it is fetched again, from the last
   * place that was. So an applier that has nothing left to do, twice in a row, counts as having reached the end.
   */
  async #waitFile({ read, channel }: ReplicationStatus, limitMs: number): Promise<boolean> {
    if (read.file === '') return true;
    let left = limitMs / 1000;
    let idleAt: number | undefined;
    for (let slice = FIRST_SLICE_SECONDS; ; slice = idleAt === undefined ? slice * 2 : FIRST_SLICE_SECONDS) {
      const seconds = Math.min(slice, left);
      const reached = await this.#reaches(read, channel, seconds);
      if (reached === undefined) return false;
      if (reached) return true;
      const applied = await this.#idleApplier();
      if (applied !== undefined && applied === idleAt) return true;
      idleAt = applied;
      left -= seconds;
      if (left <= 0) return false;
    }
  }

  /** Within so many seconds; undefined: the applier stopped. */
  async #reaches(
    { file, position }: BinlogCoordinates,
    channel: string,
    seconds: number,
  ): Promise<boolean | undefined> {
    const whole = Math.max(1, Math.ceil(seconds)); // MariaDB and MySQL 5.7 leave out fractions, and take 0 for ever
    const values = [file, position, whole, ...(channel === '' ? [] : [channel])];
    const sql = `SELECT ${this.#dialect.waitForPosition}(${values.map(() => '?').join(', ')}) AS result`;
    const [row] = await this.#run(sql, values);
    if (row?.result === null || row?.result === undefined) return undefined;
    return Number(row.result) >= 0;
  }

  /** How far it has got in the log of its source, if it has applied everything that is whole; undefined: it is at work. */
  async #idleApplier(): Promise<number | undefined> {
    const [row] = await this.#line.run(this.#dialect.selectApplierIdle, []);
    if (Number(row?.idle ?? 0) !== 1 || Number(row?.busy ?? 0) > 0) return undefined;
    return (await this.read()).replication?.executed.position;
  }

  #run(sql: string, values: readonly SqlValue[] = [], shown = values): Promise<readonly Row[]> {
    this.#statements.push(sentText(sql, shown));
    return this.#line.run(sql, values);
  }

  /** The query of the operator may name the password itself. */
  #runCredentialsQuery(): Promise<readonly Row[]> {
    this.#statements.push('ReplicationCredentialsQuery');
    return this.#line.run(this.#credentialsQuery, []);
  }
}

/** A statement as it is shown to people. */
export function sentText(sql: string, shown: readonly SqlValue[]): string {
  return format(sql, [...shown]);
}
