import type { Clock } from '../../runtime/clock.ts';
import { BackendConnection } from './connection.ts';
import { backendFailure } from './failures.ts';
import { backendName, type MysqlBackendSettings } from './settings.ts';

/** More that wait for a connection than this are turned away. */
const MOST_WAITING = 1_000;
/** Idle connections that are kept: a quarter of all, but so many at least. */
const IDLE_LEAST = 10;
/** And for so long, which is well before the server ends them. */
const IDLE_MS = 5_000;
/**
 * The server ends a session that it has not heard of for so long: a process that is frozen, or behind a network that has
 * failed, may be in the middle of a transaction, whose locks nobody else must wait for.
 */
const SILENT = { sql: 'SET SESSION wait_timeout = 10', values: [] };

interface Idle {
  readonly connection: BackendConnection;
  readonly sinceMs: number;
}

/** Connections to one schema, made as they are needed. */
export class Pool {
  readonly #settings: MysqlBackendSettings;
  readonly #clock: Clock;
  readonly #most: number;
  /** Longest first. */
  readonly #idle: Idle[] = [];
  readonly #used = new Set<BackendConnection>();
  readonly #waiting: (() => void)[] = [];
  #taken = 0;
  #closed = false;

  constructor(settings: MysqlBackendSettings, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
    this.#most = settings.maxConnections > 0 ? settings.maxConnections : Number.POSITIVE_INFINITY;
  }

  /** One connection for as long as `work` takes. One that broke, or that `work` closed, is not used again. */
  async use<T>(work: (connection: BackendConnection) => Promise<T>): Promise<T> {
    await this.#turn();
    let connection: BackendConnection | undefined;
    try {
      connection = this.#fromIdle() ?? (await this.#open());
      if (this.#closed) connection.close();
      this.#used.add(connection);
      return await work(connection);
    } finally {
      if (connection !== undefined) this.#giveBack(connection);
      this.#taken -= 1;
      this.#waiting.shift()?.();
    }
  }

  /** The next ones are made anew, where the server's name leads by then. */
  renew(): void {
    for (const { connection } of this.#idle.splice(0)) connection.close();
  }

  /** What is under way fails. */
  close(): void {
    this.#closed = true;
    this.renew();
    for (const connection of this.#used) connection.close();
  }

  async #turn(): Promise<void> {
    if (this.#taken >= this.#most) {
      if (this.#waiting.length >= MOST_WAITING) throw backendFailure('busy', backendName(this.#settings));
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#taken += 1;
  }

  async #open(): Promise<BackendConnection> {
    const connection = await BackendConnection.open(this.#settings, this.#settings.schema, this.#clock);
    try {
      await connection.run(SILENT);
      return connection;
    } catch (err) {
      connection.close();
      throw err;
    }
  }

  #fromIdle(): BackendConnection | undefined {
    this.#endSilent();
    for (;;) {
      const { connection } = this.#idle.pop() ?? {};
      if (connection === undefined || (connection.usable && !this.#isOld(connection))) return connection;
      connection.close();
    }
  }

  #giveBack(connection: BackendConnection): void {
    this.#used.delete(connection);
    const room = this.#idle.length < Math.max(IDLE_LEAST, this.#most / 4);
    if (!this.#closed && connection.usable && room) this.#idle.push({ connection, sinceMs: this.#clock.monotonicMs() });
    else connection.close();
  }

  #endSilent(): void {
    const before = this.#clock.monotonicMs() - IDLE_MS;
    while (this.#idle[0] !== undefined && this.#idle[0].sinceMs < before) this.#idle.shift()?.connection.quit();
  }

  #isOld({ bornMs }: BackendConnection): boolean {
    const { lifetimeMs } = this.#settings;
    return lifetimeMs > 0 && this.#clock.monotonicMs() - bornMs > lifetimeMs;
  }
}
