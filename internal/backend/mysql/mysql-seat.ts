// The row of `active_node`, as the established product keeps it, with an epoch beside it in `own_seat`: a row of that product's
// is respected and ours is one that it respects. `own_seat` is locked before `active_node`, so that no two of ours deadlock.
// Connections of its own, with short limits: it must not wait behind writes.

import type { Clock } from '../../runtime/clock.ts';
import type { Row } from '../database.ts';
import type { Node } from '../recoveries.ts';
import { number } from '../rows.ts';
import type { Seat } from '../seat.ts';
import type { Statement } from '../statements.ts';
import type { BackendConnection } from './connection.ts';
import { despiteDeadlocks } from './deadlocks.ts';
import { mysqlFailure } from './failures.ts';
import { Pool } from './pool.ts';
import { backendName, type MysqlBackendSettings } from './settings.ts';

/** A leader that was silent for so long is gone (contract), seconds. */
const EXPIRES_S = 5;
const LIMIT_MS = 1_500;

/**
 * Of ours to the millisecond, of others by their whole seconds. An empty token is the row that a new schema begins with.
 * The values: our token, EXPIRES_S twice.
 */
const FREE = `a.token IN ('', ?) OR IF(o.token = a.token, o.held_at < NOW(3) - INTERVAL ? SECOND,
                                        a.last_seen_active < NOW() - INTERVAL ? SECOND)`;
const SEATS = 'active_node a LEFT JOIN own_seat o ON o.anchor = a.anchor';

export class MysqlSeat implements Seat {
  readonly #name: string;
  readonly #node: Node;
  readonly #pool: Pool;

  constructor(settings: MysqlBackendSettings, node: Node, clock: Clock) {
    this.#name = backendName(settings);
    this.#node = node;
    const limits = { connectTimeoutMs: LIMIT_MS, readTimeoutMs: LIMIT_MS, maxConnections: 4 };
    this.#pool = new Pool({ ...settings, ...limits }, clock);
  }

  contend(): Promise<number | undefined> {
    return this.#guarded(async (connection) => {
      const { rows } = await connection.run(this.#isFree(''));
      return rows.every(isFree) ? this.#take(connection, false) : undefined;
    });
  }

  hold(epoch: number): Promise<boolean> {
    return this.#guarded(async (connection) => {
      const { affected } = await connection.run({
        sql: `UPDATE own_seat o STRAIGHT_JOIN active_node a ON a.anchor = o.anchor
                 SET o.held_at = NOW(3), a.last_seen_active = NOW()
               WHERE o.anchor = 1 AND o.token = ? AND o.epoch = ? AND a.hostname = ? AND a.token = ?`,
        values: [this.#node.token, epoch, this.#node.hostname, this.#node.token],
      });
      return affected > 0;
    });
  }

  async grab(): Promise<number> {
    return number(await this.#guarded((connection) => this.#take(connection, true)));
  }

  async vacate(): Promise<void> {
    await this.#guarded((connection) =>
      connection.run({ sql: 'DELETE FROM active_node WHERE anchor = 1', values: [] }),
    );
  }

  close(): void {
    this.#pool.close();
  }

  /** Those of ours take turns at `own_seat`, which stays locked until the seat is taken or left. */
  async #take(connection: BackendConnection, force: boolean): Promise<number | undefined> {
    const { hostname, token } = this.#node;
    const run = (sql: string, ...values: readonly (string | number)[]) => connection.run({ sql, values });
    await run("INSERT IGNORE INTO own_seat (anchor, epoch, token) VALUES (1, 0, '')"); // by itself: it keeps no lock
    await run('START TRANSACTION');
    try {
      const { rows } = await run('SELECT epoch FROM own_seat WHERE anchor = 1 FOR UPDATE');
      const [found] = (await connection.run(this.#isFree(' FOR UPDATE'))).rows;
      if (!force && found !== undefined && !isFree(found)) {
        await run('ROLLBACK');
        return undefined;
      }
      await run(
        `INSERT INTO active_node (anchor, hostname, token, first_seen_active, last_seen_active)
              VALUES (1, ?, ?, NOW(), NOW())
         ON DUPLICATE KEY UPDATE hostname = VALUES(hostname), token = VALUES(token),
              first_seen_active = VALUES(first_seen_active), last_seen_active = VALUES(last_seen_active)`,
        ...[hostname, token],
      );
      await run('UPDATE own_seat SET epoch = epoch + 1, token = ?, held_at = NOW(3) WHERE anchor = 1', token);
      await run('COMMIT');
      return number(rows[0]?.epoch) + 1;
    } catch (err) {
      connection.close(); // with its transaction, whatever has become of that
      throw err;
    }
  }

  #isFree(lock: '' | ' FOR UPDATE'): Statement {
    return {
      sql: `SELECT ${FREE} AS free FROM ${SEATS} WHERE a.anchor = 1${lock}`,
      values: [this.#node.token, EXPIRES_S, EXPIRES_S],
    };
  }

  async #guarded<T>(work: (connection: BackendConnection) => Promise<T>): Promise<T> {
    try {
      return await despiteDeadlocks(() => this.#pool.use(work));
    } catch (cause) {
      throw mysqlFailure(cause, this.#name);
    }
  }
}

const isFree = ({ free }: Row): boolean => number(free) === 1;
