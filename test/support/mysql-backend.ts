// A real server for tests that use it as a backend: its accounts, its settings, and plain SQL beside the daemon.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Connection, createConnection, type ResultSetHeader, type RowDataPacket } from 'mysql2/promise';
import type { Value } from '../../internal/backend/database.ts';
import type { MysqlBackendSettings } from '../../internal/backend/mysql/settings.ts';
import { UPGRADE } from '../../internal/backend/release.ts';
import { ADMIN_LOGIN, type Flavour, findFlavours, Sandbox, type SandboxServer } from '../../scripts/sandbox/sandbox.ts';

/** What the documentation asks operators to grant, and no more. */
export const BACKEND_LOGIN = { user: 'backend', password: 'backend_pw' };

export class MysqlBackendServer {
  readonly server: SandboxServer;
  readonly #sandbox: Sandbox;
  readonly #directory: string;

  private constructor(sandbox: Sandbox, server: SandboxServer, directory: string) {
    this.#sandbox = sandbox;
    this.server = server;
    this.#directory = directory;
  }

  static async start(flavour: Flavour, extraArguments: readonly string[] = []): Promise<MysqlBackendServer> {
    const directory = mkdtempSync(join(tmpdir(), `backend-${flavour}-`));
    const sandbox = await Sandbox.create({ flavour, servers: 1, directory, extraArguments: [extraArguments] });
    const [server] = sandbox.servers;
    if (server === undefined) throw new Error('no server');
    const { user, password } = BACKEND_LOGIN;
    await server.query(`CREATE USER '${user}'@'%' IDENTIFIED BY '${password}'`);
    await server.query(`GRANT ALL PRIVILEGES ON \`orchestrator%\`.* TO '${user}'@'%'`);
    return new MysqlBackendServer(sandbox, server, directory);
  }

  /** Whoever reads what was just written finds it, however busy the machine is. */
  settings(changes: Partial<MysqlBackendSettings> = {}): MysqlBackendSettings {
    const { hostname, port } = this.server.key;
    return {
      ...{
        host: hostname,
        port,
        schema: 'orchestrator',
        tls: undefined,
        connectTimeoutMs: 10_000,
        readTimeoutMs: 5_000,
        patienceMs: 10_000,
      },
      ...{ maxConnections: 8, lifetimeMs: 0, maxPacketBytes: -1, rejectReadOnly: false, upgrade: UPGRADE },
      login: () => BACKEND_LOGIN,
      ...changes,
    };
  }

  /** The keys of a daemon's configuration. */
  keys(): Readonly<Record<string, unknown>> {
    const { host, port, schema, login } = this.settings();
    return {
      BackendDB: 'mysql',
      MySQLOrchestratorHost: host,
      MySQLOrchestratorPort: port,
      MySQLOrchestratorDatabase: schema,
      MySQLOrchestratorUser: login().user,
      MySQLOrchestratorPassword: login().password,
    };
  }

  /** One statement as the administrator. */
  sql(text: string, values: readonly Value[] = [], schema = 'orchestrator'): Promise<Record<string, Value>[]> {
    return this.#session(schema, async (session) => {
      const [rows] = await session.query<RowDataPacket[]>(text, [...values]);
      return Array.isArray(rows) ? (rows as Record<string, Value>[]) : [];
    });
  }

  /** As if nothing had ever been stored; the tables stay. */
  async empty(schema = 'orchestrator'): Promise<void> {
    await this.#session(schema, async (session) => {
      const [tables] = await session.query<RowDataPacket[]>(
        `SELECT table_name AS name, MAX(extra LIKE '%auto_increment%') AS numbered
           FROM information_schema.columns WHERE table_schema = DATABASE() GROUP BY table_name`,
      );
      for (const { name, numbered } of tables) {
        const [{ affectedRows }] = await session.query<ResultSetHeader>(`DELETE FROM ${name}`);
        if (numbered === 1 && affectedRows > 0) await session.query(`ALTER TABLE ${name} AUTO_INCREMENT = 1`);
      }
    });
  }

  async #session<T>(schema: string, work: (session: Connection) => Promise<T>): Promise<T> {
    const session = await createConnection({
      ...{ host: this.server.key.hostname, port: this.server.key.port, ...ADMIN_LOGIN },
      ...(schema === '' ? {} : { database: schema }),
      ...{ dateStrings: true, supportBigNumbers: true },
    });
    try {
      await session.query("SET time_zone = '+00:00'");
      return await work(session);
    } finally {
      session.destroy();
    }
  }

  async stop(): Promise<void> {
    await this.#sandbox.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** The families to be had here. Under CI a missing one fails; elsewhere it is told of. */
export async function backendFlavours(): Promise<readonly Flavour[]> {
  const found = await findFlavours();
  for (const flavour of ['mysql', 'mariadb'] as const) {
    if (found.includes(flavour)) continue;
    if (process.env.CI !== undefined) throw new Error(`no ${flavour} server here`);
    process.stderr.write(`skipped: backend on ${flavour}, there is no such server here\n`);
  }
  return found;
}
