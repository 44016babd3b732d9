import { setTimeout as delay } from 'node:timers/promises';
import { type Connection, createConnection } from 'mysql2/promise';
import { APPLICATION_LOGIN, type SandboxServer } from '../../scripts/sandbox/sandbox.ts';

const LOGIN = { ...APPLICATION_LOGIN, database: 'app' } as const;
const ANSWER_MS = 2_000;

export interface Acknowledged {
  readonly id: number;
  readonly server: SandboxServer;
}

/**
 * An application: writes row after row, and goes to the next server when one refuses or falls silent. A row whose answer got
 * lost is not written again: nobody was promised it.
 */
export class Writer {
  readonly acknowledged: Acknowledged[] = [];
  readonly #servers: readonly SandboxServer[];
  readonly #running: Promise<void>;
  #id: number;
  #stopped = false;

  constructor(servers: readonly SandboxServer[], firstId: number) {
    this.#servers = servers;
    this.#id = firstId;
    this.#running = this.#run();
  }

  get ids(): readonly number[] {
    return this.acknowledged.map(({ id }) => id);
  }

  /** Resolves when the row that is under way was answered. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    for (let turn = 0; !this.#stopped; turn += 1) {
      const server = this.#servers[turn % this.#servers.length];
      if (server !== undefined) await this.#writeTo(server);
      await delay(2);
    }
  }

  async #writeTo(server: SandboxServer): Promise<void> {
    const { hostname: host, port } = server.key;
    let connection: Connection | undefined;
    try {
      connection = await createConnection({ host, port, ...LOGIN, connectTimeout: ANSWER_MS });
      connection.on('error', () => undefined); // the next row finds out
      while (!this.#stopped) {
        const id = this.#id;
        this.#id += 1;
        await connection.query({ sql: `INSERT INTO t VALUES (${id})`, timeout: ANSWER_MS });
        this.acknowledged.push({ id, server });
      }
    } catch {
      // refused, broken or silent: another server may take it
    } finally {
      connection?.destroy();
    }
  }
}
