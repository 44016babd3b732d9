// What recovery and discovery ask of real servers, on connections of three kinds: one held per watched server for reading,
// one per change, which holds a named lock while it works, and one kept ready for servers that may have to be fenced.

import type { Clock } from '../runtime/clock.ts';
import { withDeadline } from '../runtime/deadline.ts';
import { OrchestratorError } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import { hasSeveralSources, type Instance } from '../topology/instance.ts';
import { type InstanceKey, keyText } from '../topology/instance-key.ts';
import { channelsOf } from '../topology/received.ts';
import { attributesOf, type Executor, endEarlierSessions, takeLock } from './change-lock.ts';
import { channelWords } from './channel-words.ts';
import { Connector, type ConnectorSettings, type Opened } from './connector.ts';
import type { DetectionSettings } from './detection.ts';
import { dialectOf } from './dialect.ts';
import type { ReplicaDiscovery } from './found-replicas.ts';
import { HeldConnection } from './held-connection.ts';
import { readParts } from './part-reader.ts';
import { ProbeMemory } from './probe-memory.ts';
import { instanceFromRows } from './probe-rows.ts';
import { probeStatements } from './probe-statements.ts';
import { channelOf, type Line, MysqlSession } from './session.ts';
import { ToldAddresses } from './told-addresses.ts';

export interface ServersSettings extends ConnectorSettings {
  /** The operator's query for replication user and password; empty: the server's own table, where it has one. */
  readonly replicationCredentialsQuery: string;
  /** How long ending the sessions of a server that is being fenced may take. */
  readonly sweepTimeoutMs: number;
  readonly rareIntervalMs: number;
  readonly refusedRetryMs: number;
  readonly detection: DetectionSettings;
  readonly replicas: ReplicaDiscovery & {
    /** Whether each of them that is left out is told of. */ readonly logIgnored: boolean;
  };
}

export interface ServersDeps {
  readonly settings: ServersSettings;
  readonly clock: Clock;
  readonly log: Log;
  readonly onDisconnect: (key: InstanceKey) => void;
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
type Held = Parameters<typeof takeLock>[0] & { readonly version: string };

/** The parts that a session needs of a server it changes. */
const SESSION_PARTS: ReadonlySet<string> = new Set([
  'gtid',
  'variables',
  'status',
  'replication',
  'ownCoordinates',
  'heartbeat',
]);

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
    this.#told = new ToldAddresses({ ...deps, identify: (key, signal) => this.#identify(key, signal) });
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
      if (held.closed) this.#held.delete(text); // it was ended because of a query of the operator: no finding
      this.#learn(instance);
      return instance;
    } catch (err) {
      this.#held.delete(text);
      held.close();
      throw err;
    }
  }

  forget(key: InstanceKey): void {
    const held = this.#held.get(keyText(key));
    this.#held.delete(keyText(key));
    held?.close();
    this.#memories.delete(keyText(key));
    this.#known.delete(keyText(key));
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
    if (this.#ready.get(keyText(key))?.connection.closed === false) return;
    const ready = await this.#within(timeoutMs, signal, (deadline) => this.#connector.open(key, deadline));
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
    return this.#fence(ready, signal);
  }

  /** @throws {OrchestratorError} when the server is not known to be read-only after `timeoutMs` */
  async fence(key: InstanceKey, timeoutMs: number, signal: AbortSignal): Promise<void> {
    this.#mustMayChange(key);
    return this.#within(timeoutMs, signal, async (deadline) =>
      this.#fence(await this.#connector.open(key, deadline, this.#attributes()), deadline),
    );
  }

  /**
   * Asks the receiver to stop and does not wait until it did: resolves when the server has begun to. A connection of its
   * own, since it is busy meanwhile, and without the named lock, which would be held as long.
   */
  async stopReceiverSoon(key: InstanceKey, timeoutMs: number, signal: AbortSignal): Promise<string> {
    this.#mustMayChange(key);
    const within = <T>(work: (deadline: AbortSignal) => Promise<T>) => this.#within(timeoutMs, signal, work);
    const known = this.#known.get(keyText(key)) ?? (await this.probe(key, timeoutMs, signal));
    const { connection, dialect } = await within((deadline) => this.#connector.open(key, deadline, this.#attributes()));
    const { stopReceiver } = channelWords(dialect, channelOf(known));
    const sql = `SELECT 1; ${stopReceiver}`;
    await new Promise<void>((resolve, reject) => {
      within((deadline) => {
        this.#mustMayChange(key);
        return connection.many(sql, deadline, resolve);
      })
        .then(({ failed }) => {
          if (failed === undefined) resolve();
          else reject(new OrchestratorError('STATEMENT_FAILED', `${keyText(key)}: ${failed.message}`));
        }, reject)
        .finally(() => connection.close());
    });
    return stopReceiver;
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
    return this.#locked(key, timeoutMs, signal, ({ connection, version, deadline }) =>
      work(this.#session({ connection, dialect: dialectOf(version) }, deadline)),
    );
  }

  /**
   * Ends what leaders of earlier terms still have open to change this server: whatever they send from here on fails. Nothing to do for
   * a process that is alone.
   *
   * @throws {OrchestratorError} when it is not known that there is nothing left
   */
  async expel(key: InstanceKey, timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (this.#deps.executor() !== undefined) await this.#locked(key, timeoutMs, signal, endEarlierSessions);
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
      const connection = await this.#connector.connect(key, deadline, this.#attributes());
      try {
        const wait = { connection, executor, limitSeconds, deadline, log };
        return await work({ ...wait, version: await takeLock(wait) });
      } finally {
        connection.close();
      }
    });
  }

  #attributes(): Readonly<Record<string, string>> | undefined {
    const executor = this.#deps.executor();
    return executor && attributesOf(executor);
  }

  /**
   * Read-only first, so that nothing slips in while sessions are ended. The statement waits for others that run, which is
   * why the sessions are ended from a second connection at the same time, and once more behind it.
   */
  async #fence(opened: Opened, signal: AbortSignal): Promise<void> {
    const { connection } = opened;
    const done = new AbortController();
    const sweep = this.change(
      connection.key,
      this.#deps.settings.sweepTimeoutMs,
      AbortSignal.any([signal, done.signal]),
      async (session) => void (await session.endClientSessions()),
    ).catch(() => undefined); // the sweep behind the statement is the one that counts
    try {
      const session = this.#session(opened, signal);
      await session.setReadOnly(true);
      const left = await session.endClientSessions();
      const instance = keyText(connection.key);
      if (left.length > 0) this.#deps.log.warn({ instance, left }, 'sessions of a fenced server could not be ended');
    } finally {
      done.abort();
      connection.close();
      await sweep;
    }
  }

  #mustMayChange(key: InstanceKey): void {
    const why = this.#deps.whyNoChange();
    if (why !== undefined) throw new OrchestratorError('CONFLICT', `${keyText(key)} must not be changed: ${why}`);
    if (!this.#deps.leads())
      throw new OrchestratorError('NOT_LEADER', `${keyText(key)} is not changed: another node leads`);
  }

  #session(opened: Opened, signal: AbortSignal): MysqlSession {
    const statements = probeStatements(opened.dialect).filter(({ part }) => SESSION_PARTS.has(part));
    const line: Line = {
      run: async (sql, values) => {
        this.#mustMayChange(opened.connection.key);
        return opened.connection.query(sql, values, signal);
      },
      read: async () => {
        const { rows } = await readParts(opened.connection, statements, signal, () => undefined);
        return instanceFromRows(opened.connection.key, rows);
      },
      told: (source) => this.#told.of(source, signal),
    };
    const known = this.#known.get(keyText(opened.connection.key));
    return new MysqlSession(line, opened.dialect, this.#deps.settings.replicationCredentialsQuery, known);
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
    const { clock, log } = deps;
    const memory = this.#memories.get(keyText(key)) ?? new ProbeMemory();
    this.#memories.set(keyText(key), memory);
    const held = new HeldConnection(await this.#connector.open(key, signal), {
      nowMs: () => clock.monotonicMs(),
      memory,
      get settings() {
        return deps.settings;
      },
      onRefused: ({ part, right }, message) =>
        log.warn({ instance: keyText(key), part, right, reason: message }, 'server refuses a part of the probe'),
      onIgnored: (replicas) => {
        if (!deps.settings.replicas.logIgnored) return;
        const fields = { instance: keyText(key), replicas };
        log.info(fields, 'replicas left out for their user (DiscoveryIgnoreReplicationUsernameFilters)');
      },
      onRights: (missing) => {
        const fields = { instance: keyText(key), missing };
        if (missing.length > 0) log.warn(fields, 'our account lacks rights on this server: a failover would need them');
        else log.info(fields, 'our account has been granted what it lacked on this server');
      },
    });
    this.#held.set(keyText(key), held);
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
