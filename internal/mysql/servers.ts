// What recovery and discovery ask of real servers, on connections of three kinds: one held per watched server for reading,
// one per change, which holds a named lock while it works, and one kept ready for servers that may have to be fenced.

import type { Clock } from '../runtime/clock.ts';
import { withDeadline } from '../runtime/deadline.ts';
import { OrchestratorError } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import { hasSeveralSources, type Instance, isBinlogServer } from '../topology/instance.ts';
import { type InstanceKey, keyText } from '../topology/instance-key.ts';
import { channelsOf } from '../topology/received.ts';
import { toleratingRepetition } from './binlog-server.ts';
import { attributesOf, type Executor, endEarlierSessions, HAS_LOCK, releaseWords, takeLock } from './change-lock.ts';
import { Connector, type ConnectorSettings, type Opened, openedAs } from './connector.ts';
import type { DetectionSettings } from './detection.ts';
import { MysqlEventLog } from './event-log.ts';
import { fence } from './fencing.ts';
import type { ReplicaDiscovery } from './found-replicas.ts';
import { HeldConnection } from './held-connection.ts';
import { type MarkerOutcome, writeMarker } from './marker.ts';
import { MysqlOperatorSession } from './operator-session.ts';
import { ProbeMemory } from './probe-memory.ts';
import { probeNews } from './probe-news.ts';
import { readForChange } from './read-for-change.ts';
import { type Line, MysqlSession } from './session.ts';
import { ToldAddresses, type VirtualNames } from './told-addresses.ts';

export interface ServersSettings extends ConnectorSettings {
  /** The operator's query for replication user and password; empty: the server's own table, where it has one. */
  readonly replicationCredentialsQuery: string;
  /** How long ending the sessions of a server that is being fenced may take. */
  readonly sweepTimeoutMs: number;
  readonly rareIntervalMs: number;
  readonly refusedRetryMs: number;
  readonly detection: DetectionSettings;
  /** Events of a binary log that are read at a time. */
  readonly eventsChunk: number;
  /** `verified` where it is not given. */
  readonly virtualNames?: VirtualNames;
  readonly replicas: ReplicaDiscovery & {
    /** Whether each of them that is left out is told of. */ readonly logIgnored: boolean;
  };
}

export interface ServersDeps {
  readonly settings: ServersSettings;
  readonly clock: Clock;
  readonly log: Log;
  readonly onDisconnect: (key: InstanceKey) => void;
  /** Whether we write markers in the cluster of a server; undefined: its own answer tells whether anybody does. */
  readonly marked?: (key: InstanceKey) => boolean | undefined;
  /** A name registered for replicas to use in place of this host. */
  readonly virtualName: (hostname: string) => string | undefined;
  /** Why no server may be changed by this process, in words; undefined: nothing speaks against it. */
  readonly whyNoChange: () => string | undefined;
  /** Asked before each statement that changes something: a process that was stopped may have lost its right meanwhile. */
  readonly leads: () => boolean;
  /** Undefined: this process is alone. */
  readonly executor: () => Executor | undefined;
}

/** A connection that holds the lock of its server. */
type Held = Parameters<typeof takeLock>[0] &
  Opened & {
    /** It is not closed before this. */
    readonly keepOpen: (until: Promise<void>) => void;
  };

/** How long the first fence of a server that wakes waits for others, s: then they are ended. */
const READY_LIMIT_SECONDS = 1;

export class MysqlServers {
  readonly #deps: ServersDeps;
  readonly #connector: Connector;
  readonly #held = new Map<string, HeldConnection>();
  readonly #memories = new Map<string, ProbeMemory>();
  readonly #told: ToldAddresses;
  /** Each server as it was read last. */
  readonly #known = new Map<string, Instance>();
  /** Connections that nobody uses, to servers that may freeze: one that is open already is heard first when they wake. */
  readonly #ready = new Map<string, Opened>();

  constructor(deps: ServersDeps) {
    this.#deps = deps;
    this.#connector = new Connector(deps);
    this.#told = new ToldAddresses({
      ...deps,
      virtualNames: () => deps.settings.virtualNames ?? 'verified',
      identify: (key, signal) => this.#identify(key, signal),
    });
  }

  probe(key: InstanceKey, timeoutMs: number, signal: AbortSignal): Promise<Instance> {
    return this.#within(timeoutMs, signal, (deadline) => this.#probe(key, deadline));
  }

  async #probe(key: InstanceKey, deadline: AbortSignal): Promise<Instance> {
    const text = keyText(key);
    let held = this.#held.get(text);
    if (held === undefined || held.closed) held = await this.#hold(key, deadline);
    try {
      const instance = await held.read(deadline);
      if (held.closed || this.#held.get(text) !== held) this.#end(text, held); // a query of the operator, another read, or nobody wants it
      this.#learn(instance);
      return instance;
    } catch (err) {
      this.#end(text, held);
      throw err;
    }
  }

  /** No finding: what was held is let go by us. */
  #end(text: string, held: HeldConnection | undefined): void {
    if (this.#held.get(text) === held) this.#held.delete(text);
    held?.close();
  }

  forget(key: InstanceKey): void {
    const text = keyText(key);
    this.#end(text, this.#held.get(text));
    this.#memories.delete(text);
    this.#known.delete(text);
    this.dropReady(key);
  }

  stop(): void {
    for (const held of this.#held.values()) held.close();
    this.#held.clear();
    for (const { connection } of this.#ready.values()) connection.close();
    this.#ready.clear();
  }

  /** Keeps one more connection open, for `fenceReady`. */
  async keepReady(key: InstanceKey, timeoutMs: number, signal: AbortSignal): Promise<void> {
    const memory = this.#memories.get(keyText(key));
    if (this.#ready.get(keyText(key))?.connection.closed === false) return;
    const ready = await this.#within(timeoutMs, signal, (deadline) => this.#connector.open(key, deadline));
    if (this.#memories.get(keyText(key)) !== memory) return ready.connection.close(); // forgotten meanwhile
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
    this.#mustMayChange(key);
    const ready = this.#ready.get(keyText(key));
    this.#ready.delete(keyText(key));
    if (ready === undefined) throw new OrchestratorError('CONNECT_FAILED', `no connection to ${keyText(key)} is ready`);
    const { log, executor } = this.#deps;
    const { connection, dialect } = ready;
    const name = dialect.superReadOnly ? 'super_read_only' : 'read_only';
    const wait = { connection, executor: executor(), limitSeconds: READY_LIMIT_SECONDS, deadline: signal, log };
    try {
      await takeLock(wait, `SET GLOBAL ${name} = IF(${HAS_LOCK}, 1, @@global.${name})`);
      return await this.#fence(ready, signal);
    } finally {
      connection.close();
    }
  }

  /** @throws {OrchestratorError} when the server is not known to be read-only after `timeoutMs` */
  async fence(key: InstanceKey, timeoutMs: number, signal: AbortSignal): Promise<void> {
    this.#mustMayChange(key);
    return this.#locked(key, timeoutMs, signal, (held) => this.#fence(held, held.deadline));
  }

  /**
   * Runs `work` on a connection of its own that holds the named lock. A statement that waits for a lock gives up by itself
   * in the same time: one that went on waiting would still take effect after we told everyone that it failed.
   */
  async change<T>(
    key: InstanceKey,
    timeoutMs: number,
    signal: AbortSignal,
    work: (session: MysqlSession) => Promise<T>,
  ): Promise<T> {
    return this.#locked(key, timeoutMs, signal, (held) => {
      const last = (sql: string) => this.#sendLast(held, sql, timeoutMs, signal);
      return work(this.#session(held, held.deadline, held.dialect.binlogServer ? undefined : last));
    });
  }

  /** The same for what an operator asks for. */
  async operate<T>(
    key: InstanceKey,
    timeoutMs: number,
    signal: AbortSignal,
    work: (session: MysqlOperatorSession) => Promise<T>,
  ): Promise<T> {
    return this.#locked(key, timeoutMs, signal, (held) => {
      const { replicationCredentialsQuery: query } = this.#deps.settings;
      const known = this.#known.get(keyText(key));
      return work(new MysqlOperatorSession(this.#line(held, held.deadline), held.dialect, query, known));
    });
  }

  /** Writes a marker into the binary log of a server that takes writes. */
  writeMarker(key: InstanceKey, name: string, timeoutMs: number, signal: AbortSignal): Promise<MarkerOutcome> {
    return this.#locked(key, timeoutMs, signal, (held) => writeMarker(held, name));
  }

  /** Lends the logs of a server, on a connection of its own that changes nothing. */
  async readLogs<T>(key: InstanceKey, signal: AbortSignal, work: (log: MysqlEventLog) => Promise<T>): Promise<T> {
    const { connection, dialect } = await this.#connector.open(key, signal);
    try {
      const query = (sql: string, values: Parameters<typeof connection.query>[1]) =>
        connection.query(sql, values, signal);
      return await work(new MysqlEventLog(query, dialect, this.#deps.settings.eventsChunk));
    } finally {
      connection.close();
    }
  }

  /**
   * The statement is not waited for, and the server would keep the lock as long: it is given back in the same packet, just before. Until
   * the server has that packet nobody else has the lock; whoever takes it by then has ended this session.
   */
  #sendLast(
    { connection, executor, keepOpen }: Pick<Held, 'connection' | 'executor' | 'keepOpen'>,
    sql: string,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<void> {
    const text = `${releaseWords(executor)}; ${sql}`;
    return new Promise((resolve, reject) => {
      const ended = this.#within(timeoutMs, signal, (deadline) => {
        this.#mustMayChange(connection.key);
        return connection.many(text, deadline, resolve);
      }).then(({ failed }) => {
        if (failed === undefined) resolve();
        else reject(new OrchestratorError('STATEMENT_FAILED', `${keyText(connection.key)}: ${failed.message}`));
      }, reject);
      keepOpen(ended);
    });
  }

  /**
   * Ends what leaders of earlier terms still have open to change this server: whatever they send from here on fails. Nothing to do for
   * a process that is alone.
   *
   * @throws {OrchestratorError} when it is not known that there is nothing left
   */
  async expel(key: InstanceKey, timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (this.#deps.executor() === undefined) return;
    if (this.#isBinlogServer(key))
      throw new OrchestratorError(
        'CONFLICT',
        `${keyText(key)} is a binlog server: nobody can tell whose sessions it has`,
      );
    await this.#locked(key, timeoutMs, signal, endEarlierSessions);
  }

  async #locked<T>(
    key: InstanceKey,
    timeoutMs: number,
    signal: AbortSignal,
    work: (held: Held) => Promise<T>,
  ): Promise<T> {
    this.#mustMayChange(key);
    const { executor: current, log } = this.#deps;
    const limitSeconds = Math.max(1, Math.ceil(timeoutMs / 1000));
    return this.#within(timeoutMs, signal, async (deadline) => {
      const executor = current();
      if (this.#isBinlogServer(key)) {
        const opened = await this.#connector.open(key, deadline);
        const held = { ...opened, executor, limitSeconds, deadline, log, keepOpen: () => undefined };
        return work(held).finally(() => opened.connection.close());
      }
      const connection = await this.#connector.connect(key, deadline, this.#attributes());
      let open = Promise.resolve();
      const keepOpen = (until: Promise<void>) => {
        open = until;
      };
      try {
        const wait = { connection, executor, limitSeconds, deadline, log };
        return await work({ ...wait, keepOpen, ...openedAs(connection, await takeLock(wait)) });
      } finally {
        void open.finally(() => connection.close());
      }
    });
  }

  /** It has no locks that could be taken. */
  #isBinlogServer(key: InstanceKey): boolean {
    return [this.#known.get(keyText(key))].some((known) => known && isBinlogServer(known));
  }

  #attributes(): Readonly<Record<string, string>> | undefined {
    const executor = this.#deps.executor();
    return executor && attributesOf(executor);
  }

  #fence(opened: Opened, signal: AbortSignal): Promise<void> {
    const { key } = opened.connection;
    return fence(key, this.#session(opened, signal), (ended) => this.#sweep(key, ended), signal, this.#deps.log);
  }

  /** For the session that holds the lock and waits for those that are ended here. */
  #sweep(key: InstanceKey, signal: AbortSignal): Promise<void> {
    return this.#within(this.#deps.settings.sweepTimeoutMs, signal, async (deadline) => {
      const opened = await this.#connector.open(key, deadline, this.#attributes());
      try {
        await this.#session(opened, deadline).endClientSessions();
      } finally {
        opened.connection.close();
      }
    });
  }

  #mustMayChange(key: InstanceKey): void {
    const why = this.#deps.whyNoChange();
    if (why !== undefined) throw new OrchestratorError('CONFLICT', `${keyText(key)} must not be changed: ${why}`);
    if (!this.#deps.leads())
      throw new OrchestratorError('NOT_LEADER', `${keyText(key)} is not changed: another node leads`);
  }

  #session(opened: Opened, signal: AbortSignal, last?: Line['last']): MysqlSession {
    const known = this.#known.get(keyText(opened.connection.key));
    const { replicationCredentialsQuery } = this.#deps.settings;
    return new MysqlSession(this.#line(opened, signal, last), opened.dialect, replicationCredentialsQuery, known);
  }

  #line(opened: Opened, signal: AbortSignal, last?: Line['last']): Line {
    return {
      run: async (sql, values) => {
        this.#mustMayChange(opened.connection.key);
        const rows = opened.connection.query(sql, values, signal);
        return opened.dialect.binlogServer ? rows.catch(toleratingRepetition) : rows;
      },
      read: () => readForChange(opened, signal),
      told: (source) => this.#told.of(source, signal),
      ...(last === undefined ? {} : { last }),
    };
  }

  async #identify(key: InstanceKey, signal: AbortSignal): Promise<string> {
    const connection = await this.#connector.connect(key, signal);
    try {
      const sql = 'SELECT @@global.hostname AS hostname, @@global.server_id AS id, @@global.port AS port';
      return Object.values((await connection.query(sql, [], signal))[0] ?? {}).join();
    } finally {
      connection.close();
    }
  }

  #learn(instance: Instance): void {
    const { log } = this.#deps;
    const text = keyText(instance.key);
    const before = this.#known.get(text);
    this.#known.set(text, instance);
    if (!hasSeveralSources(instance) || (before !== undefined && hasSeveralSources(before))) return;
    const sources = channelsOf(instance).map(({ channel, source }) => `${channel || 'default'}: ${keyText(source)}`);
    log.warn({ instance: text, sources }, 'replicates from several sources: it is shown, and left alone by recoveries');
  }

  async #hold(key: InstanceKey, signal: AbortSignal): Promise<HeldConnection> {
    const deps = this.#deps;
    const memory = this.#memories.get(keyText(key)) ?? new ProbeMemory();
    this.#memories.set(keyText(key), memory);
    const opened = await this.#connector.open(key, signal);
    const other = this.#held.get(keyText(key)); // of a read that began at the same time
    if (other !== undefined && !other.closed) {
      opened.connection.close();
      return other;
    }
    const held = new HeldConnection(opened, {
      nowMs: () => deps.clock.monotonicMs(),
      memory,
      marked: () => deps.marked?.(key),
      get settings() {
        return deps.settings;
      },
      ...probeNews(key, deps.log, () => deps.settings.replicas.logIgnored),
    });
    if (this.#memories.get(keyText(key)) === memory) this.#held.set(keyText(key), held); // else forgotten meanwhile
    held.onClose(() => {
      if (this.#held.get(keyText(key)) !== held) return;
      this.#held.delete(keyText(key));
      this.#deps.onDisconnect(key);
    });
    return held;
  }

  #within<T>(timeoutMs: number, signal: AbortSignal, work: (deadline: AbortSignal) => Promise<T>): Promise<T> {
    return withDeadline(this.#deps.clock, timeoutMs, signal, work);
  }
}
