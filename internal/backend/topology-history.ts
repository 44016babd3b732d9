import { OrchestratorError } from '../runtime/errors.ts';
import type { ClusterSnapshot } from '../topology/cluster.ts';
import type { WatchedInstance } from '../topology/instance.ts';
import type { Row } from './database.ts';
import { watchedOf } from './instance-of-row.ts';
import { KEY, keyColumns, number, readable } from './rows.ts';
import type { Store } from './write-queue.ts';

const TABLE = 'database_instance_topology_history';
const AT = 'snapshot_unix_timestamp';

/** `database_instance_topology_history`: pictures of all topologies, each by the Unix time at which it was taken. */
export class TopologyHistory {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * Writes down who replicates from whom, cluster after cluster.
   *
   * @throws {OrchestratorError} `BACKEND_FAILED`: not all of it is in the database
   */
  async record(snapshots: readonly ClusterSnapshot[]): Promise<void> {
    const seconds = Math.floor(this.#store.nowMs() / 1000);
    for (const { name, members } of snapshots) {
      const rows = members.map((member) => rowOf(member, name, seconds));
      const key = [AT, ...KEY];
      await this.#store.write(
        rows.map((row) => ({ kind: 'upsert', table: TABLE, key, row })),
        { expendable: true },
      );
    }
    const written = await this.#store.read({ table: TABLE, where: [[AT, '=', seconds]] });
    const wanted = snapshots.reduce((sum, { members }) => sum + members.length, 0);
    if (written.length < wanted)
      throw new OrchestratorError('BACKEND_FAILED', `the backend took ${written.length} of ${wanted} servers`);
  }

  /** When the last picture was taken, ms; 0: there is none. */
  async lastMs(): Promise<number> {
    const [row] = await this.#store.read({ table: TABLE, orderBy: AT, descending: true, limit: 1 });
    return number(row?.[AT]) * 1000;
  }

  /** The servers that a cluster of this name had in the newest picture whose Unix time, as text, is `wanted`; none: there is none. */
  async newest(cluster: string, wanted: (seconds: string) => boolean): Promise<readonly WatchedInstance[]> {
    const rows = await this.#store.read({ table: TABLE, where: [['cluster_name', '=', cluster]] });
    const times = rows.map((row) => number(row[AT])).filter((seconds) => wanted(String(seconds)));
    const newest = times.reduce((latest, seconds) => Math.max(latest, seconds), 0);
    return readable(
      rows.filter((row) => newest > 0 && number(row[AT]) === newest),
      watchedOf,
    );
  }
}

function rowOf({ instance: { key, replication, version } }: WatchedInstance, cluster: string, seconds: number): Row {
  return {
    [AT]: seconds,
    ...keyColumns(key),
    master_host: replication?.source.hostname ?? '',
    master_port: replication?.source.port ?? 0,
    cluster_name: cluster,
    version,
  };
}
