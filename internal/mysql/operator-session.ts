// What an operator may ask of one server, in the words of its family. Each call is one attempt.

import { OrchestratorError } from '../runtime/errors.ts';
import type { KeptHistory, LogStart } from '../topology/errant-repair.ts';
import { GtidSet } from '../topology/gtid-set.ts';
import type { BinlogCoordinates, Instance } from '../topology/instance.ts';
import type { InstanceKey } from '../topology/instance-key.ts';
import { type ChannelWords, channelOf, channelWords } from './channel-words.ts';
import type { Dialect } from './dialect.ts';
import { forgetHistory, logStarts, rememberHistory } from './history.ts';
import { type LogReader, logReaders } from './log-readers.ts';
import { tlsOptions } from './replication-tls.ts';
import type { Row, SqlValue } from './server-connection.ts';
import { type Line, MysqlSession, type ReplicationLogin, sentText } from './session.ts';

/** A password where it is shown. */
const HIDDEN = '<hidden>';
/** A binary log is named by a base and a number. */
const LOG_FILE = /^[^\s'"\\]{1,500}\.\d{1,10}$/;

export class MysqlOperatorSession {
  readonly #line: Line;
  readonly #dialect: Dialect;
  readonly #session: MysqlSession;
  readonly #statements: string[] = [];
  #known: Instance | undefined;

  constructor(line: Line, dialect: Dialect, credentialsQuery: string, known?: Instance) {
    this.#line = line;
    this.#dialect = dialect;
    this.#known = known;
    this.#session = new MysqlSession(line, dialect, credentialsQuery, known, this.#statements);
  }

  get statements(): readonly string[] {
    return this.#statements;
  }

  read(): Promise<Instance> {
    return this.#line.read();
  }

  async stopReplication(): Promise<void> {
    await this.#run((await this.#words()).stopReplication);
  }

  stopReceiver(): Promise<void> {
    return this.#session.stopReceiver();
  }

  startReceiver(): Promise<void> {
    return this.#session.startReceiver();
  }

  startApplier(): Promise<void> {
    return this.#session.startApplier();
  }

  startReplication(): Promise<void> {
    return this.#session.startReplication();
  }

  async drain(limitMs: number): Promise<boolean> {
    await this.#session.stopReceiver();
    while (await this.#session.drain(limitMs)) {
      const begun = await this.#session.receiveBegun();
      if (begun !== 'received') return begun === 'nothing';
    }
    return false;
  }

  waitApplied(holder: Instance, limitMs: number): Promise<boolean> {
    return this.#session.waitApplied(holder, limitMs);
  }

  async startUntil({ file, position }: BinlogCoordinates): Promise<void> {
    await this.#run((await this.#words()).startUntil, [file, position]);
  }

  /**
   * A replica that goes by GTID on MySQL keeps its applier running, and with it what it has received. Every other one is stopped first: its
   * relay log is thrown away, so that it must hold nothing else than its next source does.
   */
  async follow(source: InstanceKey, start: 'gtid' | BinlogCoordinates, login?: ReplicationLogin): Promise<void> {
    const before = await this.#fresh();
    const byGtid = before.replication?.gtid ?? 'none';
    if (start === 'gtid' && (byGtid !== 'none' || before.replication === undefined))
      return this.#session.pointTo(source, login);
    const told = (await this.#line.told?.(source)) ?? source;
    const options: (readonly [string, SqlValue])[] = [
      ['HOST', told.hostname],
      ['PORT', told.port],
    ];
    const heartbeat = before.replication?.heartbeatSeconds ?? 0;
    if (heartbeat > 0) options.push(['HEARTBEAT_PERIOD', heartbeat]);
    if (start !== 'gtid') options.push(['LOG_FILE', start.file], ['LOG_POS', start.position]);
    const words: string[] = [];
    if (login !== undefined && before.replication === undefined) {
      const { publicKeyOption } = this.#dialect;
      options.push(...this.#loginOptions(login));
      if (publicKeyOption !== undefined) words.push(`${publicKeyOption} = 1`);
    }
    const gtid = this.#dialect.mariadb
      ? `MASTER_USE_GTID = ${start === 'gtid' ? 'slave_pos' : 'no'}`
      : this.#autoPosition(start === 'gtid', before);
    if (gtid !== undefined) words.push(gtid);
    if (before.replication !== undefined) await this.stopReplication();
    await this.#change(options, words, login?.password);
    this.#known = undefined;
  }

  replicationLogin(): Promise<ReplicationLogin | undefined> {
    return this.#session.replicationLogin();
  }

  async forgetSource(): Promise<void> {
    await this.#session.forgetSource();
  }

  async setReadOnly(readOnly: boolean, alsoSuper: boolean): Promise<void> {
    await this.#run('SET GLOBAL read_only = ?', [readOnly ? 1 : 0]);
    if (readOnly && alsoSuper && this.#dialect.superReadOnly) await this.#run('SET GLOBAL super_read_only = 1');
  }

  setSemiSyncSource(enabled: boolean): Promise<void> {
    return this.#session.setSemiSyncSource(enabled);
  }

  /** Takes effect when the receiver connects anew, so that one that runs is restarted. */
  async setSemiSyncReplica(enabled: boolean): Promise<void> {
    const { semiSync, replication } = await this.read();
    if (!semiSync.available) throw new OrchestratorError('CONFLICT', 'semi-sync replication is not installed there');
    if (semiSync.replicaEnabled === enabled) return;
    await this.#session.setSemiSyncReplica(enabled);
    if (replication === undefined || replication.receiver === 'stopped' || replication.receiver === 'none') return;
    await this.stopReceiver();
    await this.startReceiver();
  }

  /** MySQL changes it with the applier stopped alone; MariaDB must stop both threads, and fetches again what it had not applied. */
  async setDelay(seconds: number): Promise<void> {
    const { replication } = await this.#fresh();
    if (replication === undefined) throw new OrchestratorError('CONFLICT', 'it is not a replica');
    const words = await this.#words();
    const receives = replication.receiver === 'running' || replication.receiver === 'other';
    const applies = replication.applier === 'running';
    if (this.#dialect.mariadb) await this.#run(words.stopReplication);
    else if (applies) await this.#run(words.stopApplier);
    try {
      await this.#change([['DELAY', seconds]]);
    } finally {
      if (applies) await this.#session.startApplier();
      if (receives && this.#dialect.mariadb) await this.startReceiver();
    }
  }

  /** What is received stays where the server can keep it: MySQL with its applier running, MariaDB after it has applied everything. */
  async setLogin(login: ReplicationLogin): Promise<void> {
    const { replication } = await this.#fresh();
    if (replication === undefined) throw new OrchestratorError('CONFLICT', 'it is not a replica');
    if (this.#dialect.mariadb) await this.stopReplication();
    else await this.stopReceiver();
    await this.#change(this.#loginOptions(login), undefined, login.password);
  }

  async killQuery(id: number): Promise<void> {
    await this.#run(`KILL QUERY ${checkedId(id)}`);
  }

  async flushBinaryLogs(): Promise<void> {
    await this.#run('FLUSH BINARY LOGS');
  }

  async purgeBinaryLogs(file: string): Promise<void> {
    if (!LOG_FILE.test(file)) throw new OrchestratorError('BAD_REQUEST', `not the name of a binary log: ${file}`);
    await this.#run('PURGE BINARY LOGS TO ?', [file]);
  }

  async binaryLogNames(): Promise<readonly string[]> {
    return (await this.#line.run('SHOW BINARY LOGS', [])).map(({ Log_name }) => String(Log_name));
  }

  logReaders(): Promise<readonly LogReader[]> {
    return logReaders((sql) => this.#line.run(sql, []), this.#dialect);
  }

  /** By GTID on MySQL the very transaction that failed is written down as empty; elsewhere one event group is passed over. */
  async skipQuery(): Promise<string> {
    const { replication, gtid } = await this.#fresh();
    if (replication === undefined) throw new OrchestratorError('CONFLICT', 'it is not a replica');
    if (replication.gtid === 'mysql' && gtid.kind === 'mysql') {
      const failing = await this.#failingTransaction(replication.applierError);
      await this.#writeEmpty(failing);
      return failing;
    }
    await this.stopReplication();
    await this.#run(`SET GLOBAL ${this.#dialect.skipCounter} = 1`);
    return 'one event group';
  }

  /** @returns whether it was missing */
  async writeEmpty(gtid: string): Promise<boolean> {
    const [row] = await this.#run('SELECT GTID_SUBSET(?, @@global.gtid_executed) AS held', [gtid]);
    if (String(row?.held) === '1') return false;
    await this.#writeEmpty(gtid);
    return true;
  }

  async #writeEmpty(gtid: string): Promise<void> {
    await this.#run('SET SESSION GTID_NEXT = ?', [gtid]);
    try {
      await this.#run('BEGIN');
      await this.#run('COMMIT');
    } finally {
      await this.#run("SET SESSION GTID_NEXT = 'AUTOMATIC'");
    }
  }

  binaryLogs(): Promise<readonly LogStart[]> {
    return logStarts((sql, values) => this.#line.run(sql, values ?? []));
  }

  historyStatements(kept: KeptHistory): readonly string[] {
    return [forgetHistory(this.#dialect), ...rememberHistory(kept)].map(({ sql, values }) => sentText(sql, values));
  }

  async forgetHistory(): Promise<void> {
    await this.#run(forgetHistory(this.#dialect).sql);
  }

  async rememberHistory(kept: KeptHistory): Promise<void> {
    for (const { sql, values } of rememberHistory(kept)) await this.#run(sql, values);
  }

  async #failingTransaction(error: string): Promise<string> {
    const told = await this.#run(
      `SELECT APPLYING_TRANSACTION AS gtid FROM performance_schema.replication_applier_status_by_worker
WHERE LAST_ERROR_NUMBER <> 0 AND APPLYING_TRANSACTION <> ''`,
    ).catch(() => []);
    const named = /transaction '([0-9a-f-]{36}(?::[a-z_][a-z0-9_]*)?:\d+)'/i.exec(error)?.[1];
    const failing = String(told[0]?.gtid ?? '') || named;
    if (failing === undefined || GtidSet.parse(failing).isEmpty)
      throw new OrchestratorError('CONFLICT', 'the server does not tell which transaction failed');
    return failing;
  }

  #loginOptions(login: ReplicationLogin): readonly (readonly [string, SqlValue])[] {
    return [
      ['USER', login.user],
      ...(login.password === '' ? [] : [['PASSWORD', login.password] as const]),
      ...tlsOptions(login.tls, this.#dialect.mariadb),
    ];
  }

  /** Said only where it changes: the statement refuses both together with a position. */
  #autoPosition(on: boolean, { replication, gtid }: Instance): string | undefined {
    if (!on && replication?.gtid !== 'mysql') return undefined;
    return gtid.kind === 'mysql' ? `${this.#dialect.sourceOption}_AUTO_POSITION = ${on ? 1 : 0}` : undefined;
  }

  /** @param more options in full, behind the others */
  async #change(
    options: readonly (readonly [string, SqlValue])[],
    more: readonly string[] = [],
    password?: string,
  ): Promise<void> {
    const names = options.map(([name]) => `${this.#dialect.sourceOption}_${name} = ?`);
    const values = options.map(([, value]) => value);
    const words = await this.#words();
    const sql = words.changeSource([...names, ...more].join(', '));
    await this.#run(
      sql,
      values,
      values.map((value) => (password && value === password ? HIDDEN : value)),
    );
  }

  async #words(): Promise<ChannelWords> {
    this.#known ??= await this.read();
    return channelWords(this.#dialect, channelOf(this.#known));
  }

  async #fresh(): Promise<Instance> {
    this.#known = await this.read();
    return this.#known;
  }

  #run(sql: string, values: readonly SqlValue[] = [], shown = values): Promise<readonly Row[]> {
    this.#statements.push(sentText(sql, shown));
    return this.#line.run(sql, values);
  }
}

function checkedId(id: number): number {
  if (Number.isSafeInteger(id) && id > 0) return id;
  throw new OrchestratorError('BAD_REQUEST', `not the number of a session: ${id}`);
}
