// What a group agreed on, in the tables of this node: the changes of each entry of the log in one transaction with the
// entry's index, so that a node which starts again knows from where to go on.

import { createHash } from 'node:crypto';
import type { Log } from '../runtime/log.ts';
import { type InstanceKey, keyText } from '../topology/instance-key.ts';
import type { Change, Row, Select } from './database.ts';
import { unseenRow } from './instance-row.ts';
import { type Node, TERM } from './recoveries.ts';
import { KEY, keyOf, number, text } from './rows.ts';
import { STATE_TABLES, type StateTable } from './state-tables.ts';
import { Tables } from './tables.ts';
import type { Store, WriteQueue } from './write-queue.ts';

/** Of the last entry whose changes are in the tables. */
export interface Position {
  readonly index: number;
  readonly term: number;
  /** Of the group that agreed on it. */
  readonly clusterId: string;
  /** Name of the node whose backend it is; empty: an older release wrote it. */
  readonly nodeId: string;
}

/** One entry of the log of the group. */
export interface AgreedEntry {
  readonly index: number;
  readonly term: number;
  /** Wall clock of its leader, ms: the time of everything that is written for it. */
  readonly stampMs: number;
  /** Whose wish it was. */
  readonly node: string;
}

/**
 * How the state of this node stands to that of its group. `joined`: it was taken in later and has not got the group's state yet.
 * `founded`: it began with the group, and nobody has compared yet. `agreed`: it has held what the group holds.
 */
export type Standing = 'joined' | 'founded' | 'agreed';

const STANDINGS: readonly Standing[] = ['joined', 'founded', 'agreed'];
const POSITION = 'raft_position';

export class Agreed {
  readonly #queue: WriteQueue;
  readonly #log: Log;
  readonly #entry: EntryStore;
  #tables: Tables;
  /** Of the group; every position is noted with it. */
  #clusterId = '';
  #nodeId = '';
  /** What is noted with the next position besides. */
  #first: Row = {};
  #last: Promise<void> = Promise.resolve();

  constructor(queue: WriteQueue, log: Log) {
    this.#queue = queue;
    this.#log = log;
    this.#entry = new EntryStore(queue);
    this.#tables = new Tables(this.#entry, this.#entry.author);
  }

  /** Repositories that write for the entry that is being worked on. */
  get tables(): Tables {
    return this.#tables;
  }

  /** Undefined: no group has written here. @throws {OrchestratorError} `BACKEND_FAILED`, `BACKEND_CORRUPT` */
  async position(): Promise<Position | undefined> {
    const [row] = await this.#queue.read({ table: POSITION, limit: 1 });
    if (row === undefined) return undefined;
    return {
      index: number(row.applied_index),
      term: number(row.applied_term),
      clusterId: text(row.cluster_id),
      nodeId: text(row.node_id),
    };
  }

  /** Of the state in the tables; `founded` where nothing says otherwise. */
  async standing(): Promise<Standing> {
    const [row] = await this.#queue.read({ table: POSITION, limit: 1 });
    return STANDINGS[number(row?.standing ?? STANDINGS.indexOf('founded'))] ?? 'founded';
  }

  /** Behind everything that was given so far. */
  async stands(standing: Standing): Promise<void> {
    this.#last = this.#last.then(() =>
      this.#queue.writeSurely([
        { kind: 'update', table: POSITION, row: standingRow(standing), where: [['anchor', '=', 1]] },
      ]),
    );
    await this.#last;
  }

  /** This node has no entry of the group yet, and gets its state from it. */
  joins(): void {
    this.#first = standingRow('joined');
  }

  /** From here on everything is noted as agreed on by this group, and written by this node. */
  belongsTo(clusterId: string, nodeId = ''): void {
    this.#clusterId = clusterId;
    this.#nodeId = nodeId;
  }

  /** It was copied from another node, and is that of this one from now on (C-125). */
  async adopt(nodeId: string): Promise<void> {
    await this.#queue.writeSurely([
      { kind: 'update', table: POSITION, row: { node_id: nodeId }, where: [['anchor', '=', 1]] },
    ]);
  }

  /**
   * Runs `works`, which write to `tables`, behind those of all entries before. Resolves when the database holds what they
   * wrote, which takes as long as the database does; it never fails, since all other nodes have it too.
   */
  write(entry: AgreedEntry, works: readonly (() => Promise<void>)[]): Promise<void> {
    const queued = this.#last.then(async () => {
      this.#entry.begin(entry);
      for (const work of works) await this.#orTell(work, entry);
      const written = this.#queue.writeSurely([...this.#entry.end(), this.#positionAt(entry)]);
      this.#entry.givenBefore(written);
      return { written };
    });
    this.#last = queued.then(() => undefined);
    return queued.then(({ written }) => written);
  }

  /** All rows as they are behind every entry that was given so far. */
  dump(tables: readonly StateTable[] = STATE_TABLES): Promise<ReadonlyMap<StateTable, readonly Row[]>> {
    const rows = this.#last.then(async () => {
      await this.#entry.written;
      const found = new Map<StateTable, readonly Row[]>();
      for (const table of tables) found.set(table, await this.#queue.read(allOf(table)));
      return found;
    });
    this.#last = rows.then(
      () => undefined,
      () => undefined,
    );
    return rows;
  }

  /** What the rows that all nodes hold alike come to, behind every entry that was given so far. */
  async digest(): Promise<string> {
    const hash = createHash('sha256');
    for (const [{ name, numbers = [] }, rows] of await this.dump(STATE_TABLES.filter(({ local }) => local !== true)))
      for (const line of rows.map((row) => asLine(row, numbers)).sort()) hash.update(`${name} ${line}\n`);
    return hash.digest('hex');
  }

  /**
   * Puts these rows in the place of all that there are. Resolves when the database holds them.
   *
   * @param servers to be watched: those that have no row get one, so that a restart knows of them before they were read
   */
  replace(
    rows: ReadonlyMap<StateTable, readonly Row[]>,
    at: Pick<AgreedEntry, 'index' | 'term'>,
    servers: readonly InstanceKey[] = [],
  ): Promise<void> {
    const changes: Change[] = STATE_TABLES.map(({ name }) => ({ kind: 'delete', table: name, where: [] }));
    for (const [{ name }, list] of rows) for (const row of list) changes.push({ kind: 'insert', table: name, row });
    const replaced = this.#last.then(async () => {
      this.#tables = new Tables(this.#entry, this.#entry.author); // they remember what they read
      this.#first = standingRow('agreed');
      await this.#queue.writeSurely([...changes, ...(await this.#unseen(servers)), this.#positionAt(at)]);
    });
    this.#last = replaced;
    return replaced;
  }

  async #unseen(servers: readonly InstanceKey[]): Promise<readonly Change[]> {
    if (servers.length === 0) return [];
    const table = 'database_instance';
    const known = new Set((await this.#queue.readSurely({ table })).map((row) => keyText(keyOf(row))));
    return servers
      .filter((key) => !known.has(keyText(key)))
      .map((key) => ({ kind: 'upsert', table, key: KEY, row: unseenRow(key) }));
  }

  #positionAt({ index, term }: Pick<AgreedEntry, 'index' | 'term'>): Change {
    const row = {
      anchor: 1,
      cluster_id: this.#clusterId,
      applied_index: index,
      applied_term: term,
      node_id: this.#nodeId,
      ...this.#first,
    };
    this.#first = {};
    return { kind: 'upsert', table: POSITION, key: ['anchor'], row };
  }

  /** One that fails must not keep the others, and the next start, from going on. */
  async #orTell(work: () => Promise<void>, { index }: AgreedEntry): Promise<void> {
    try {
      await work();
    } catch (err) {
      this.#log.error({ err, index }, 'the tables miss what was agreed on: the state in memory has it');
    }
  }
}

/** The same whatever order the columns have, and whatever kind of number the database gives. */
function asLine(row: Row, left: readonly string[]): string {
  const cells = Object.entries(row)
    .filter(([column]) => !left.includes(column))
    .map(([column, value]) => [column, value === null ? null : String(value)] as const);
  return JSON.stringify(cells.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function allOf({ name, key }: StateTable): Select {
  return { table: name, orderBy: key };
}

/** Gathers what is written for one entry. Reads see everything before it, however long that takes: all nodes are to find the same. */
class EntryStore implements Store {
  readonly #queue: WriteQueue;
  #changes: Change[] = [];
  #entry: AgreedEntry = { index: 0, term: 0, stampMs: 0, node: '' };
  #written: Promise<void> = Promise.resolve();

  constructor(queue: WriteQueue) {
    this.#queue = queue;
  }

  /** Everything that was given before the present entry. */
  get written(): Promise<void> {
    return this.#written;
  }

  givenBefore(written: Promise<void>): void {
    this.#written = written; // they are written in order
  }

  /** Rows name whoever wished for them, not whoever writes them down (W-11). */
  get author(): Node {
    const entry = () => this.#entry;
    return {
      get hostname() {
        return entry().node;
      },
      get token() {
        return `${TERM}${entry().term}`;
      },
    };
  }

  begin(entry: AgreedEntry): void {
    this.#entry = entry;
    this.#changes = [];
  }

  end(): readonly Change[] {
    return this.#changes;
  }

  nowMs(): number {
    return this.#entry.stampMs;
  }

  async write(changes: readonly Change[]): Promise<void> {
    this.#changes.push(...changes);
  }

  behind(name: string, change: Change): void {
    this.#queue.behind(name, change);
  }

  dropBehind(name: string): void {
    this.#queue.dropBehind(name);
  }

  flush(): Promise<void> {
    return this.#queue.flush();
  }

  async read(select: Select): Promise<readonly Row[]> {
    await this.written;
    return this.#queue.readSurely(select);
  }
}

function standingRow(standing: Standing): Row {
  return { standing: STANDINGS.indexOf(standing) };
}
