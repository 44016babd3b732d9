import type { RecoveryRecord } from '../recovery/book.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { Analyses } from './analyses.ts';
import { Audits } from './audits.ts';
import type { Change, Database } from './database.ts';
import { Detections } from './detections.ts';
import { Instances } from './instances.ts';
import { Journal } from './journal.ts';
import { Names } from './names.ts';
import { Nodes } from './nodes.ts';
import { OperatorWords } from './operator-words.ts';
import { type Node, Recoveries } from './recoveries.ts';
import { SqliteDatabase } from './sqlite/sqlite-database.ts';
import { type BackendHealth, WriteQueue } from './write-queue.ts';

export interface BackendOptions {
  /** The process that writes. */
  readonly node: Node;
  readonly clock: Clock;
  readonly log: Log;
  readonly flushMs: number;
}

/** How long a stop waits for what is not written yet, ms. */
const CLOSE_LIMIT_MS = 500;

/** The durable copy of what memory knows: one repository per group of tables, one queue, one database. */
export class Backend {
  readonly instances: Instances;
  readonly recoveries: Recoveries;
  readonly detections: Detections;
  readonly journal: Journal;
  readonly analyses: Analyses;
  readonly audits: Audits;
  readonly words: OperatorWords;
  readonly names: Names;
  readonly nodes: Nodes;
  readonly #database: Database;
  readonly #queue: WriteQueue;

  constructor(database: Database, { node, clock, log, flushMs }: BackendOptions) {
    this.#database = database;
    this.#queue = new WriteQueue({ database, clock, log, flushMs });
    this.instances = new Instances(this.#queue);
    this.recoveries = new Recoveries(this.#queue, node);
    this.detections = new Detections(this.#queue, node, this.recoveries);
    this.journal = new Journal(this.#queue);
    this.analyses = new Analyses(this.#queue);
    this.audits = new Audits(this.#queue);
    this.words = new OperatorWords(this.#queue, node);
    this.names = new Names(this.#queue);
    this.nodes = new Nodes(this.#queue, node);
  }

  /** @throws {OrchestratorError} `BACKEND_FAILED`, `BACKEND_CORRUPT`: which file, what is wrong, what to do */
  static openSqlite(file: string, options: BackendOptions): Backend {
    return new Backend(SqliteDatabase.open(file, options.clock), options);
  }

  /** Whether the database takes what it is given, and since when not. */
  health(): BackendHealth {
    return this.#queue.health();
  }

  /** What was acknowledged blocks nothing, and its problems may be told of again. */
  async acknowledged(records: readonly RecoveryRecord[]): Promise<void> {
    await this.recoveries.acknowledged(records);
    await this.detections.ended(records.map(({ failed }) => failed));
    await this.detections.released(records.map(({ uid }) => uid));
  }

  /** One clean-up; where the database takes nothing now, the next round does it. */
  async tidy(change: Change): Promise<void> {
    if (this.health().ok) await this.#queue.write([change], { expendable: true });
  }

  /** Writes what waits, for at most `limitMs`; false when some of it still waits then. */
  settle(limitMs: number): Promise<boolean> {
    return this.#queue.settle(limitMs);
  }

  async close(): Promise<void> {
    await this.#queue.close(CLOSE_LIMIT_MS);
    await this.#database.close();
  }
}
