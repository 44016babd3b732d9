// Binary and relay logs of one server, read event by event in chunks.

import { OrchestratorError } from '../runtime/errors.ts';
import type { BinlogCoordinates } from '../topology/instance.ts';
import type { LogEvent } from '../topology/pseudo-gtid-event.ts';
import type { Dialect } from './dialect.ts';
import type { Row, SqlValue } from './server-connection.ts';

type Query = (sql: string, values: readonly SqlValue[]) => Promise<readonly Row[]>;

/** The server has no such log. */
const NO_SUCH_LOG = 1220;
const IN_ORDER: ReadonlySet<string> = new Set(['ON', '1']);

export class MysqlEventLog {
  readonly #query: Query;
  readonly #dialect: Dialect;
  readonly #chunk: number;

  /** @param chunk events that are read at a time */
  constructor(query: Query, dialect: Dialect, chunk: number) {
    this.#query = query;
    this.#dialect = dialect;
    this.#chunk = Math.max(1, chunk);
  }

  /** Oldest first. */
  async binaryLogs(): Promise<readonly string[]> {
    return (await this.#query('SHOW BINARY LOGS', [])).map((row) => String(row.Log_name));
  }

  /** Whether this replica logs transactions in the order in which its source did. */
  async keepsOrder(): Promise<boolean> {
    if (this.#dialect.mariadb) return true;
    const rows = await this.#query(
      "SHOW GLOBAL VARIABLES WHERE Variable_name REGEXP '^(replica|slave)_(parallel_workers|preserve_commit_order)$'",
      [],
    );
    const named = (name: string) => rows.find(({ Variable_name }) => String(Variable_name).endsWith(name))?.Value;
    return Number(named('parallel_workers') ?? 0) <= 1 || IN_ORDER.has(String(named('preserve_commit_order')));
  }

  /** Waits until the applier has executed up to a place in the log of its source; false: it stopped, or the limit passed. */
  async executes({ file, position }: BinlogCoordinates, limitMs: number): Promise<boolean> {
    const sql = `SELECT ${this.#dialect.waitForPosition}(?, ?, ?) AS result`;
    const [row] = await this.#query(sql, [file, position, Math.max(1, Math.floor(limitMs / 1000))]);
    return row?.result !== null && Number(row?.result ?? -1) >= 0;
  }

  /**
   * Events of one binary log from a place on, or of the relay log of the default channel; none where there is no such file.
   *
   * @param from an event begins there
   */
  async *events(kind: 'binary' | 'relay', file: string, from = 4): AsyncGenerator<LogEvent> {
    let position = from;
    let offset = 0;
    for (;;) {
      const rows = await this.#chunkOf(kind, file, position, offset);
      for (const row of rows) yield eventOf(row);
      const last = rows.at(-1);
      if (last === undefined || rows.length < this.#chunk) return;
      if (kind === 'relay')
        offset += rows.length; // there the end of an event is a place in the log of the source
      else position = Number(last.End_log_pos);
    }
  }

  async #chunkOf(kind: 'binary' | 'relay', file: string, from: number, offset: number): Promise<readonly Row[]> {
    const log = kind === 'binary' ? 'BINLOG' : 'RELAYLOG';
    try {
      return await this.#query(`SHOW ${log} EVENTS IN ? FROM ${from} LIMIT ${offset}, ${this.#chunk}`, [file]);
    } catch (err) {
      if (!(err instanceof OrchestratorError) || err.context.errno !== NO_SUCH_LOG) throw err;
      if (/could not find target log/i.test(err.message)) return [];
      throw err;
    }
  }
}

function eventOf(row: Row): LogEvent {
  return {
    at: { file: String(row.Log_name), position: Number(row.Pos) },
    type: String(row.Event_type),
    serverId: Number(row.Server_id),
    endPosition: Number(row.End_log_pos),
    info: String(row.Info ?? ''),
  };
}
