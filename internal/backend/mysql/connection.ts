import { connect, isIP, type Socket } from 'node:net';
import mysql, {
  type Connection,
  type ConnectionOptions,
  type ResultSetHeader,
  type RowDataPacket,
} from 'mysql2/promise';
import type { Clock } from '../../runtime/clock.ts';
import type { Row, Value } from '../database.ts';
import type { Statement } from '../statements.ts';
import type { SessionId } from './ghosts.ts';
import type { MysqlBackendSettings } from './settings.ts';

export interface Result {
  readonly rows: readonly Row[];
  /** Of a change: rows that it touched. An upsert counts 1 for a new row, 2 for a changed one. */
  readonly affected: number;
}

/**
 * Times are UTC in every session. Without strict mode a row of the established schema needs no value for each column, and a text
 * that is too long or in another alphabet does not cost the whole row. A lock is not waited for longer than a person would.
 */
const SESSION = `SET SESSION time_zone = '+00:00', sql_mode = 'NO_ENGINE_SUBSTITUTION', innodb_lock_wait_timeout = 5`;
const IDENTITY = `SELECT CONCAT_WS(CHAR(32), @@hostname, @@port, @@datadir) AS server, CONNECTION_ID() AS thread,
  @@max_allowed_packet AS packet`;
/** Statements that one session keeps prepared. */
const MOST_PREPARED = 200;

/** One session. Its socket is ours: what does not answer in time is cut off, and everything pending on it rejects. */
export class BackendConnection {
  readonly bornMs: number;
  readonly id: SessionId;
  /** Of one packet to the server. */
  readonly mostBytes: number;
  readonly #connection: Connection;
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #timeoutMs: number;

  private constructor(
    { id, mostBytes }: Pick<BackendConnection, 'id' | 'mostBytes'>,
    connection: Connection,
    socket: Socket,
    clock: Clock,
    timeoutMs: number,
  ) {
    this.id = id;
    this.mostBytes = mostBytes;
    this.bornMs = clock.monotonicMs();
    this.#connection = connection;
    this.#socket = socket;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /** @throws what the driver or the server says */
  static async open(settings: MysqlBackendSettings, schema: string, clock: Clock): Promise<BackendConnection> {
    const { host, port, login, tls, connectTimeoutMs, readTimeoutMs, maxPacketBytes } = settings;
    const socket = connect({ host, port, noDelay: true, keepAlive: true, autoSelectFamily: false });
    socket.once('end', () => socket.destroy(new Error('the server closed the connection'))); // else nobody would hear of it
    const give = clock.after(connectTimeoutMs, () =>
      socket.destroy(new Error(`no login within ${connectTimeoutMs} ms`)),
    );
    try {
      if (isIP(host) !== 0) Object.assign(socket, { _host: host }); // Node notes names only; a certificate may be for an address
      const options: ConnectionOptions = {
        ...{ host, port, ...login() },
        stream: () => socket,
        ...(schema === '' ? {} : { database: schema }),
        ...(tls === undefined ? {} : { ssl: tls }),
        charset: 'utf8mb4',
        dateStrings: true,
        supportBigNumbers: true, // as numbers where they fit
        maxPreparedStatements: MOST_PREPARED,
      };
      const connection = await mysql.createConnection(options);
      connection.on('error', (err: Error) => socket.destroy(err));
      await connection.query(SESSION);
      const [[found]] = await connection.query<RowDataPacket[]>(IDENTITY);
      const id = { server: String(found?.server), thread: Number(found?.thread) };
      const packet = Number(found?.packet);
      const mostBytes = maxPacketBytes > 0 ? Math.min(maxPacketBytes, packet) : packet;
      return new BackendConnection({ id, mostBytes }, connection, socket, clock, readTimeoutMs);
    } catch (err) {
      socket.destroy();
      throw err;
    } finally {
      give();
    }
  }

  get usable(): boolean {
    return !this.#socket.destroyed;
  }

  /**
   * @param limitMs for this one; an answer that comes later is never seen, and the session is gone
   * @throws what the driver or the server says
   */
  async run({ sql, values }: Statement, limitMs = this.#timeoutMs): Promise<Result> {
    const cut = this.#clock.after(limitMs, () => this.#socket.destroy(new Error(`no answer within ${limitMs} ms`)));
    try {
      const [answer] =
        values.length === 0
          ? await this.#connection.query(sql)
          : await this.#connection.execute(sql, values.map(bound));
      if (Array.isArray(answer)) return { rows: answer as Row[], affected: 0 };
      return { rows: [], affected: (answer as ResultSetHeader).affectedRows };
    } finally {
      cut();
    }
  }

  close(): void {
    this.#socket.destroy(new Error('closed'));
  }

  /** As `close`, and the server is told: it would note a session that breaks. Nothing may be under way. */
  quit(): void {
    this.#connection.end().catch(() => this.close());
  }
}

/** The driver binds numbers as floating point, which LIMIT does not take; the server reads texts as the column's type. */
const bound = (value: Value): string | null => (value === null ? null : String(value));
