import type { LogPlace } from '../topology/binlog-position.ts';
import type { InstanceKey } from '../topology/instance-key.ts';
import type { Row } from './database.ts';
import { number, text } from './rows.ts';
import { toMs, toText } from './time.ts';
import type { Store } from './write-queue.ts';

const MARKED = 'cluster_injected_pseudo_gtid';
const EQUAL = 'master_position_equivalence';
const EQUAL_KEY = [
  ...['master1_hostname', 'master1_port', 'master1_binary_log_file', 'master1_binary_log_pos'],
  ...['master2_hostname', 'master2_port'],
];

/** What is known of positions in the binary logs of servers beyond their own words. */
export class Positions {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** A marker was written in this cluster. */
  async marked(cluster: string): Promise<void> {
    const row = { cluster_name: cluster, time_injected: toText(this.#store.nowMs()) };
    await this.#store.write([{ kind: 'upsert', table: MARKED, key: ['cluster_name'], row }]);
  }

  /** Two places in the logs of two servers are the same. */
  async equivalent(one: LogPlace, other: LogPlace): Promise<void> {
    const row = { ...columns(1, one), ...columns(2, other), last_suggested: toText(this.#store.nowMs()) };
    await this.#store.write([{ kind: 'upsert', table: EQUAL, key: EQUAL_KEY, row }]);
  }

  /** On other servers: places that are the same as this one. */
  async equivalents(place: LogPlace): Promise<readonly LogPlace[]> {
    const sides = [1, 2] as const;
    const found = await Promise.all(
      sides.map(async (side) => {
        const where = Object.entries(columns(side, place)).map(([column, value]) => [column, '=', value] as const);
        return (await this.#store.read({ table: EQUAL, where })).map((row) => placeOf(row, side === 1 ? 2 : 1));
      }),
    );
    return found.flat();
  }

  /** What was known of the logs of this server. */
  async forgotten({ hostname, port }: InstanceKey): Promise<void> {
    await this.#store.write(
      [1, 2].map((side) => ({
        kind: 'delete' as const,
        table: EQUAL,
        where: [
          [`master${side}_hostname`, '=', hostname],
          [`master${side}_port`, '=', port],
        ] as const,
      })),
    );
  }

  /** When that was last, ms, by cluster. */
  async marks(): Promise<ReadonlyMap<string, number>> {
    const rows = await this.#store.read({ table: MARKED, orderBy: 'cluster_name' });
    return new Map(rows.map((row) => [text(row.cluster_name), toMs(row.time_injected)]));
  }
}

type Side = 1 | 2;

function columns(side: Side, { server, at }: LogPlace): Row {
  return {
    [`master${side}_hostname`]: server.hostname,
    [`master${side}_port`]: server.port,
    [`master${side}_binary_log_file`]: at.file,
    [`master${side}_binary_log_pos`]: at.position,
  };
}

function placeOf(row: Row, side: Side): LogPlace {
  const of = (name: string) => row[`master${side}_${name}`];
  return {
    server: { hostname: text(of('hostname')), port: number(of('port')) },
    at: { file: text(of('binary_log_file')), position: number(of('binary_log_pos')) },
  };
}
