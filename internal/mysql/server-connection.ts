import { connect, type Socket } from 'node:net';
import mysql, { type Connection } from 'mysql2';
import { OrchestratorError } from '../runtime/errors.ts';
import { type InstanceKey, keyText } from '../topology/instance-key.ts';
import { nameForIdentity, type TlsSettings } from './tls.ts';

export type Row = Readonly<Record<string, string | number | null>>;

export type SqlValue = string | number;

export interface Login {
  readonly user: string;
  readonly password: string;
}

export interface FailedStatement {
  readonly index: number;
  readonly errno: number;
  readonly message: string;
  /** No answer before the signal aborted; the connection is closed. */
  readonly timedOut: boolean;
}

export interface ManyResults {
  readonly results: readonly (readonly Row[])[];
  /** Index of the statement that failed; those behind it did not run. */
  readonly failed?: FailedStatement;
}

/**
 * One connection whose socket is ours: a time-out or an abort destroys it, and everything pending on it rejects at once.
 * A statement cannot be taken back, so a connection that timed out is finished.
 */
export class ServerConnection {
  readonly key: InstanceKey;
  readonly #connection: Connection;
  readonly #socket: Socket;
  #closed = false;

  private constructor(key: InstanceKey, connection: Connection, socket: Socket) {
    this.key = key;
    this.#connection = connection;
    this.#socket = socket;
    socket.once('close', () => {
      this.#closed = true;
    });
  }

  /**
   * @param attributes what the server tells of the session
   * @throws {OrchestratorError} `CONNECT_TIMEOUT`, `CONNECT_FAILED` (context: errno, refused)
   */
  static async connect(
    key: InstanceKey,
    login: Login,
    signal: AbortSignal,
    tls?: TlsSettings['options'],
    attributes: Readonly<Record<string, string>> = {},
  ): Promise<ServerConnection> {
    const socket = connect({
      host: key.hostname,
      port: key.port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: 1_000,
      autoSelectFamily: false,
    });
    const abort = () => socket.destroy(new Error('aborted'));
    signal.addEventListener('abort', abort, { once: true });
    try {
      if (signal.aborted) abort();
      await new Promise<void>((resolve, reject) => {
        socket.once('connect', resolve);
        socket.once('error', reject);
        socket.once('close', () => reject(new Error('connection closed')));
      });
      if (tls !== undefined) nameForIdentity(socket, key.hostname);
      const connection = mysql.createConnection({
        user: login.user,
        password: login.password,
        stream: () => socket,
        multipleStatements: true,
        supportBigNumbers: true,
        bigNumberStrings: true,
        dateStrings: true,
        maxPreparedStatements: 1,
        charset: 'utf8mb4',
        connectAttributes: attributes,
        ...(tls === undefined ? {} : { host: key.hostname, port: key.port, ssl: sslOf(tls) }),
      } as mysql.ConnectionOptions);
      connection.on('error', () => socket.destroy());
      await new Promise<void>((resolve, reject) => {
        connection.once('connect', () => resolve());
        connection.once('error', reject);
        socket.once('close', () => reject(new Error('connection closed during the handshake')));
      });
      return new ServerConnection(key, connection, socket);
    } catch (cause) {
      socket.destroy();
      if (cause instanceof OrchestratorError) throw cause;
      const timedOut = signal.aborted;
      const code = (cause as NodeJS.ErrnoException).code;
      throw new OrchestratorError(
        timedOut ? 'CONNECT_TIMEOUT' : 'CONNECT_FAILED',
        `cannot connect to ${keyText(key)}`,
        {
          context: {
            key: keyText(key),
            refused: code === 'ECONNREFUSED',
            errno: (cause as { errno?: number }).errno ?? 0,
          },
          cause,
        },
      );
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  get closed(): boolean {
    return this.#closed;
  }

  onClose(listener: () => void): void {
    this.#socket.once('close', listener);
  }

  close(): void {
    this.#closed = true;
    this.#socket.destroy();
  }

  /** @throws {OrchestratorError} `STATEMENT_TIMEOUT`, `STATEMENT_FAILED` (context: errno) */
  async query(sql: string, values: readonly SqlValue[], signal: AbortSignal): Promise<readonly Row[]> {
    const { results, failed } = await this.many(mysql.format(sql, [...values]), signal);
    if (failed !== undefined) throw this.#failure(failed);
    return results.at(-1) ?? [];
  }

  #failure({ timedOut, message, errno }: FailedStatement): OrchestratorError {
    const key = keyText(this.key);
    return new OrchestratorError(timedOut ? 'STATEMENT_TIMEOUT' : 'STATEMENT_FAILED', `${key}: ${message}`, {
      context: { key, errno },
    });
  }

  /**
   * The same, with one more statement in the packet: the answer is that of those before it, also where it fails.
   *
   * @throws {OrchestratorError} the same
   */
  async queryAlong(sql: string, along: string, signal: AbortSignal): Promise<readonly Row[]> {
    const { results, failed } = await this.many(`${sql}; ${along}`, signal);
    if (failed !== undefined && (failed.timedOut || results.length < 2)) throw this.#failure(failed);
    return results.findLast((rows) => rows.length > 0) ?? [];
  }

  /**
   * Several statements in one round trip; what was answered before one failed or hung is kept. `onResult`: at each answer.
   *
   * @throws {OrchestratorError} `STATEMENT_FAILED` when the connection breaks
   */
  many(sql: string, signal: AbortSignal, onResult?: () => void): Promise<ManyResults> {
    return new Promise((resolve, reject) => {
      const results: Row[][] = [];
      let index = 0;
      const finish = (settle: () => void) => {
        signal.removeEventListener('abort', onAbort);
        this.#socket.removeListener('close', onClose);
        settle();
      };
      const failedAt = (index: number, errno: number, message: string, timedOut: boolean) =>
        finish(() => resolve({ results, failed: { index, errno, message, timedOut } }));
      const onAbort = () => {
        // more rows of the last answer may have been on their way
        failedAt(Math.max(0, results.length - 1), 0, 'no answer in time', true);
        this.close();
      };
      const onClose = () =>
        finish(() =>
          reject(
            new OrchestratorError('STATEMENT_FAILED', `${keyText(this.key)}: the connection broke`, {
              context: { key: keyText(this.key) },
            }),
          ),
        );
      if (signal.aborted || this.#closed) {
        if (signal.aborted) onAbort();
        else onClose();
        return;
      }
      signal.addEventListener('abort', onAbort, { once: true });
      this.#socket.once('close', onClose);
      const query = this.#connection.query({ sql, nestTables: false } as mysql.QueryOptions);
      query.on('fields', (_fields: unknown, at?: number) => {
        index = at ?? index;
        results[index] ??= [];
        onResult?.();
      });
      query.on('result', (row: unknown, at?: number) => {
        index = at ?? index;
        const rows = results[index] ?? [];
        results[index] = rows;
        const isHeader = typeof row === 'object' && row !== null && row.constructor?.name === 'ResultSetHeader';
        if (!isHeader) rows.push(row as Row);
      });
      query.on('error', (error: { errno?: number; message?: string; fatal?: boolean }) =>
        failedAt(results.length, error.errno ?? 0, error.message ?? 'failed', false),
      );
      query.on('end', () => finish(() => resolve({ results })));
    });
  }
}

const forMysql2 = new WeakMap<object, object>();

/** mysql2 writes into the object it is given, and caches contexts and sessions by its identity. */
function sslOf(tls: TlsSettings['options']): object {
  const known = forMysql2.get(tls) ?? { ...tls, verifyIdentity: tls.rejectUnauthorized };
  forMysql2.set(tls, known);
  return known;
}
