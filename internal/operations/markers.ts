// Markers for Pseudo-GTID, written every few seconds on the servers of each cluster that take writes.

import type { Clock } from '../runtime/clock.ts';
import { errorText } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import type { ClusterSnapshot } from '../topology/cluster.ts';
import type { Instance } from '../topology/instance.ts';
import { type InstanceKey, keyText } from '../topology/instance-key.ts';
import { markerName, markerTargets } from '../topology/pseudo-gtid-marker.ts';
import { inLanes } from './lanes.ts';

export interface MarkersDeps {
  readonly servers: {
    /** Rejects where it is not known that it was written. */
    writeMarker(
      key: InstanceKey,
      name: string,
      timeoutMs: number,
      signal: AbortSignal,
    ): Promise<'written' | 'read-only' | 'no right'>;
  };
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly log: Log;
  /** 16 hex digits that nobody guesses twice. */
  readonly random: () => string;
  snapshots(): readonly ClusterSnapshot[];
  /** This node is to write them. */
  mayWrite(): boolean;
  /** Somebody is changing the primary of this cluster. */
  isBusy(cluster: string): boolean;
  /** When a marker of this cluster was noted last, ms. */
  notedMs(cluster: string): number | undefined;
  /** Has all nodes know that the cluster has markers. */
  note(cluster: string): Promise<unknown>;
}

/** Of one marker. A server that lets it wait any longer gets the next one. */
const WRITE_LIMIT_MS = 2_000;
/** Servers at a time. */
const LANES = 16;
/** A cluster is noted again after this time, not at each marker. */
const NOTE_MS = 60_000;

export class Markers {
  readonly #deps: MarkersDeps;
  /** Servers that got none last time, and why: told once. */
  readonly #troubles = new Map<string, string>();
  #writing = false;

  constructor(deps: MarkersDeps) {
    this.#deps = deps;
  }

  /** One marker on each server that is to have one. Does nothing while the last round is under way. */
  async writeAll(signal: AbortSignal): Promise<void> {
    if (this.#writing || !this.#deps.mayWrite()) return;
    this.#writing = true;
    try {
      const targets = this.#deps
        .snapshots()
        .filter(({ name }) => !this.#deps.isBusy(name))
        .flatMap((snapshot) => markerTargets(snapshot).map((instance) => ({ cluster: snapshot.name, instance })));
      await inLanes(targets, LANES, ({ cluster, instance }) => this.#write(cluster, instance, signal));
    } finally {
      this.#writing = false;
    }
  }

  async #write(cluster: string, { key, serverId }: Instance, signal: AbortSignal): Promise<void> {
    const { servers, clock, random, isBusy, mayWrite, notedMs, note } = this.#deps;
    if (signal.aborted || !mayWrite() || isBusy(cluster)) return;
    try {
      const outcome = await servers.writeMarker(
        key,
        markerName(clock.nowMs(), serverId, random()),
        WRITE_LIMIT_MS,
        signal,
      );
      this.#tell(key, outcome === 'no right' ? 'our account may not drop views of the schema _pseudo_gtid_' : '');
      if (outcome !== 'written' || clock.nowMs() - (notedMs(cluster) ?? Number.NEGATIVE_INFINITY) < NOTE_MS) return;
      await note(cluster);
    } catch (err) {
      if (!signal.aborted) this.#tell(key, errorText(err));
    }
  }

  #tell(key: InstanceKey, trouble: string): void {
    const instance = keyText(key);
    if ((this.#troubles.get(instance) ?? '') === trouble) return;
    if (trouble === '') this.#troubles.delete(instance);
    else this.#troubles.set(instance, trouble);
    const { log } = this.#deps;
    if (trouble === '') log.info({ instance }, 'Pseudo-GTID markers are written again');
    else log.warn({ instance, trouble }, 'no Pseudo-GTID marker is written');
  }
}
