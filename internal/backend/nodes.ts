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

/** `node_health`: which processes work on this backend, each with a beat; and the history of their starts. */
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

  /** A process that ends by itself is not waited for. */
  async stopped(): Promise<void> {
    const where = [
      ['hostname', '=', this.#node.hostname],
      ['token', '=', this.#node.token],
    ] as const;
    this.#store.dropBehind('node');
    await this.#store.write([{ kind: 'delete', table: 'node_health', where }]);
  }
}
