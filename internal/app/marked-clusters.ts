import { randomBytes } from 'node:crypto';
import type { Command, Stamp } from '../command/command.ts';
import type { Inventory } from '../discovery/inventory.ts';
import { Markers, type MarkersDeps } from '../operations/markers.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { InstanceKey } from '../topology/instance-key.ts';
import { MARKED_MS } from '../topology/pseudo-gtid-marker.ts';
import type { Agreement } from './agreement.ts';
import type { Storage } from './ports.ts';
import type { RecoveryRoom } from './recovery-room.ts';
import type { Settings } from './settings.ts';

type MarkCommand = Extract<Command, { op: 'injected-pseudo-gtid' }>;

export function isMarkCommand(command: Command): command is MarkCommand {
  return command.op === 'injected-pseudo-gtid';
}

export interface MarkedClustersDeps {
  readonly storage: Pick<Storage, 'marked'>;
  /** When a marker was noted last, ms, by cluster. */
  readonly restored: ReadonlyMap<string, number>;
  readonly settings: Settings;
  readonly inventory: Inventory;
  readonly servers: () => MarkersDeps['servers'];
  readonly agreement: () => Agreement;
  readonly recovery: () => Pick<RecoveryRoom, 'coordinator' | 'book'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Clusters in which we write markers for Pseudo-GTID, as all nodes know them; the node that leads writes them. */
export class MarkedClusters {
  readonly #deps: MarkedClustersDeps;
  readonly #markers: Markers;
  #notedMs: Map<string, number>;

  constructor(deps: MarkedClustersDeps) {
    const { clock, log, inventory } = deps;
    this.#deps = deps;
    this.#notedMs = new Map(deps.restored);
    this.#markers = new Markers({
      servers: { writeMarker: (...given) => deps.servers().writeMarker(...given) },
      ...{ clock, log },
      isBusy: (cluster) => this.#isBusy(cluster),
      random: () => randomBytes(8).toString('hex'),
      snapshots: () => inventory.clusters(clock.nowMs()),
      mayWrite: () => deps.settings.writesMarkers && !deps.settings.coordinator.noop && deps.agreement().mayAct,
      notedMs: (cluster) => this.#notedMs.get(cluster),
      note: (cluster) => deps.agreement().decide({ op: 'injected-pseudo-gtid', cluster }),
    });
  }

  /** The backend holds another state than memory does: that one counts. */
  reload(restored: ReadonlyMap<string, number>): void {
    this.#notedMs = new Map(restored);
  }

  /** Undefined: others may write markers, not we. */
  isMarked(key: InstanceKey): boolean | undefined {
    const { settings, inventory, clock } = this.#deps;
    if (!settings.writesMarkers) return undefined;
    const notedMs = this.#notedMs.get(inventory.clusterName(key)) ?? Number.NEGATIVE_INFINITY;
    return clock.nowMs() - notedMs < MARKED_MS;
  }

  /** Does what was agreed on. */
  apply({ cluster }: MarkCommand, { atMs }: Stamp): void {
    this.#notedMs.set(cluster, atMs);
    this.#deps.storage.marked(cluster);
  }

  writeAll(signal: AbortSignal): Promise<void> {
    return this.#markers.writeAll(signal);
  }

  /** Its primary is about to change, or may be. */
  #isBusy(cluster: string): boolean {
    const { coordinator, book } = this.#deps.recovery();
    return (
      coordinator.isBusy(cluster) || book.list().some((one) => one.cluster === cluster && one.endedMs === undefined)
    );
  }
}
