import type { Change } from './database.ts';
import type { Node } from './recoveries.ts';
import { text } from './rows.ts';
import { toMs, toText } from './time.ts';
import type { Store } from './write-queue.ts';

export interface NodeDetails {
  readonly startedMs: number;
  readonly version: string;
  /** `http`, or the command of the command line. */
  readonly command: string;
  /** `HttpMode` or `CLIMode`. */
  readonly mode: string;
  readonly backend: string;
}

export interface StoredNode extends Node {
  readonly lastSeenMs: number;
  readonly firstSeenMs: number;
  readonly version: string;
  readonly mode: string;
  readonly backend: string;
}

/** The process that `active_node` names. */
export interface Leader extends Node {
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
}

/** A leader that was silent for so long is gone; contract. */
export const LEAD_EXPIRES_MS = 5_000;

/**
 * `node_health`: which processes work on this backend, each with a beat, and the history of their starts; `active_node`: which of
 * them leads.
 */
export class Nodes {
  readonly #store: Store;
  readonly #node: Node;
  #beats = 0;

  constructor(store: Store, node: Node) {
    this.#store = store;
    this.#node = node;
  }

  async started({ startedMs, version, command, mode }: NodeDetails): Promise<void> {
    const row = {
      ...this.#node,
      first_seen_active: toText(startedMs),
      extra_info: mode,
      command,
      app_version: version,
    };
    await this.#store.write([{ kind: 'upsert', table: 'node_health_history', key: ['hostname', 'token'], row }]);
  }

  /** The indicator grows with each beat, so that a beat counts as a change even within one second. */
  beat({ startedMs, version, command, mode, backend }: NodeDetails): void {
    this.#beats += 1;
    this.#store.behind('node', {
      kind: 'upsert',
      table: 'node_health',
      key: ['hostname', 'token'],
      row: {
        ...this.#node,
        last_seen_active: toText(this.#store.nowMs()),
        first_seen_active: toText(startedMs),
        extra_info: mode,
        command,
        app_version: version,
        db_backend: backend,
        incrementing_indicator: this.#beats,
      },
    });
  }

  async seenSince(sinceMs: number): Promise<readonly StoredNode[]> {
    const where = [['last_seen_active', '>=', toText(sinceMs)]] as const;
    const rows = await this.#store.read({ table: 'node_health', where, orderBy: 'hostname' });
    return rows.map((row) => ({
      hostname: text(row.hostname),
      token: text(row.token),
      lastSeenMs: toMs(row.last_seen_active),
      firstSeenMs: toMs(row.first_seen_active),
      version: text(row.app_version),
      mode: text(row.extra_info),
      backend: text(row.db_backend),
    }));
  }

  /** Of processes that gave a beat lately. */
  async livingTokens(): Promise<ReadonlySet<string>> {
    return new Set((await this.seenSince(this.#store.nowMs() - LEAD_EXPIRES_MS)).map(({ token }) => token));
  }

  /** Written at once: who looks a moment later finds it. A later process of ours knows the token again. */
  async lead(): Promise<void> {
    await this.#store.write([
      this.#leadRow(this.#store.nowMs()),
      { kind: 'upsert', table: 'own_lead', key: ['anchor'], row: { anchor: 1, token: this.#node.token } },
    ]);
  }

  beatAsLeader(startedMs: number): void {
    this.#store.behind('leader', this.#leadRow(startedMs));
  }

  async leader(): Promise<Leader | undefined> {
    const [row] = await this.#store.read({ table: 'active_node', where: [['anchor', '=', 1]], limit: 1 });
    if (row === undefined || text(row.token) === '') return undefined;
    return {
      hostname: text(row.hostname),
      token: text(row.token),
      firstSeenMs: toMs(row.first_seen_active),
      lastSeenMs: toMs(row.last_seen_active),
    };
  }

  /** One that beat a moment ago. */
  async livingLeader(): Promise<Leader | undefined> {
    const leader = await this.leader();
    return leader === undefined || this.#store.nowMs() - leader.lastSeenMs >= LEAD_EXPIRES_MS ? undefined : leader;
  }

  /** One of another make that beat a moment ago. Those of ours are kept apart by a lock. */
  async otherLeader(): Promise<Leader | undefined> {
    const leader = await this.livingLeader();
    if (leader === undefined) return undefined;
    const own = await this.#store.read({ table: 'own_lead', where: [['token', '=', leader.token]], limit: 1 });
    return own.length > 0 ? undefined : leader;
  }

  /** Gone from the list, and the lead is free. */
  async stopped(): Promise<void> {
    const own = [
      ['hostname', '=', this.#node.hostname],
      ['token', '=', this.#node.token],
    ] as const;
    this.#store.dropBehind('node');
    this.#store.dropBehind('leader');
    await this.#store.write([
      { kind: 'delete', table: 'node_health', where: own },
      { kind: 'delete', table: 'active_node', where: own },
    ]);
  }

  #leadRow(startedMs: number): Change {
    const row = {
      anchor: 1,
      ...this.#node,
      first_seen_active: toText(startedMs),
      last_seen_active: toText(this.#store.nowMs()),
    };
    return { kind: 'upsert', table: 'active_node', key: ['anchor'], row };
  }
}
