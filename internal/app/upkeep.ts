// What happens by the clock alone: downtimes that end, locks and rules that run out, names that are kept fresh,
// rows that are old enough to go. Nothing here is on the way of a failover.

import type { Backend } from '../backend/backend.ts';
import { cleanUps, isOfGroup, type Retention } from '../backend/retention.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { type ClusterSnapshot, depthOf, primariesOf } from '../topology/cluster.ts';
import { downtimeFate, LOST_IN_RECOVERY } from '../topology/downtime.ts';
import { replicating } from '../topology/instance.ts';
import { type InstanceKey, keyText } from '../topology/instance-key.ts';
import type { Orchestrator } from './orchestrator.ts';

export interface UpkeepSettings {
  readonly pollMs: number;
  readonly lostDowntimeMs: number;
  /** How long a recovery counts as held back after that was found last. */
  readonly blockedMs: number;
  /** How often a picture of all topologies is taken; 0: never. */
  readonly recordTopologiesMs: number;
  readonly retention: Retention;
}

export interface UpkeepDeps {
  readonly orchestrator: Orchestrator;
  readonly backend: Backend;
  /** Rows that all nodes keep alike are not for this one to delete. */
  readonly inGroup: boolean;
  readonly settings: UpkeepSettings;
  readonly clock: Clock;
  readonly log: Log;
}

const BLOCKS_MS = 1_000;
/** Between two markers for Pseudo-GTID. */
const MARKERS_MS = 5_000;
/** All clean-ups come round once in this time. */
const CLEAN_UP_ROUND_MS = 60_000;
/** What has not changed is written again this often, so that it does not run out. */
const REFRESH_NAMES_MS = 600_000;
/** The leader names the primaries of all clusters this often. */
const TELL_PRIMARIES_MS = 600_000;

export class Upkeep {
  readonly #deps: UpkeepDeps;
  readonly #names = new Map<string, { readonly text: string; readonly atMs: number }>();
  readonly #rulesAtMs = new Map<string, number>();
  #stops: readonly (() => void)[] = [];
  #cleanUp = 0;

  constructor(deps: UpkeepDeps) {
    this.#deps = deps;
  }

  start(): void {
    const { backend, clock, settings } = this.#deps;
    const rounds = cleanUps(clock.nowMs(), settings.retention).length;
    void backend.detections.endAllBlocks();
    this.#stops = [
      clock.every(BLOCKS_MS, () => void backend.detections.endBlocks(clock.nowMs() - this.#deps.settings.blockedMs)),
      clock.every(settings.pollMs, () => this.#safely(() => this.#poll())),
      clock.every(MARKERS_MS, () => this.#writeMarkers()),
      clock.every(CLEAN_UP_ROUND_MS, () => this.#refreshVirtualNames()),
      clock.every(CLEAN_UP_ROUND_MS, () => this.#expire()),
      clock.every(CLEAN_UP_ROUND_MS, () => this.#recordTopologies()),
      clock.every(TELL_PRIMARIES_MS, () => this.#tellPrimaries()),
      clock.every(CLEAN_UP_ROUND_MS / rounds, () => this.#safely(() => this.#cleanUpNext())),
    ];
  }

  stop(): void {
    for (const stop of this.#stops) stop();
  }

  /** Whatever goes wrong here must not end a daemon that watches servers. */
  #safely(work: () => void): void {
    try {
      work();
    } catch (err) {
      this.#deps.log.error({ err }, 'upkeep failed');
    }
  }

  #poll(): void {
    const { orchestrator, log } = this.#deps;
    const snapshots = orchestrator.snapshots();
    if (orchestrator.agreement.mayAct)
      this.#agreed(snapshots).catch((err: unknown) => log.warn({ err }, 'what runs out cannot be ended or renewed'));
    for (const snapshot of snapshots) this.#refreshNames(snapshot);
  }

  /** What all nodes are to do alike, as the one that leads says it. */
  async #agreed(snapshots: readonly ClusterSnapshot[]): Promise<void> {
    await this.#downtimes(snapshots);
    await this.#refreshRules();
    await this.#deps.orchestrator.maintenance.expire();
  }

  async #downtimes(snapshots: readonly ClusterSnapshot[]): Promise<void> {
    const { orchestrator, clock, settings } = this.#deps;
    const nowMs = clock.nowMs();
    const tops = new Tops(snapshots);
    for (const { key, ...downtime } of orchestrator.inventory.downtimes()) {
      const watched = orchestrator.inventory.get(key);
      const server = {
        valid: watched?.valid ?? false,
        replicating: watched !== undefined && replicating(watched.instance),
        soleTopOfAlias: tops.isSole(key),
      };
      switch (downtimeFate(downtime, server, settings.lostDowntimeMs, nowMs)) {
        case 'expired':
          await orchestrator.requests.endDowntime(key, 'expire-downtime');
          break;
        case 'over':
          await orchestrator.requests.endDowntime(key, 'end-downtime');
          break;
        case 'renew':
          await orchestrator.requests.renewDowntime(key, { ...downtime, endMs: nowMs + settings.lostDowntimeMs });
          break;
        case 'keep':
          break;
      }
    }
  }

  /** A rule stays in force as long as its server is watched, also if nobody suggests it again. */
  async #refreshRules(): Promise<void> {
    const { orchestrator, clock, settings } = this.#deps;
    const nowMs = clock.nowMs();
    for (const [text, rule] of orchestrator.promotionRules()) {
      const atMs = this.#rulesAtMs.get(text) ?? 0;
      const watched = orchestrator.inventory.byText(text);
      if (watched === undefined || nowMs - atMs < settings.retention.candidateMs / 4) continue;
      this.#rulesAtMs.set(text, nowMs);
      await orchestrator.requests.renewPromotionRule(watched.instance.key, rule);
    }
  }

  #refreshNames({ name, alias, domain, members, downtimes }: ClusterSnapshot): void {
    const lost = members.every(({ instance }) => downtimes.get(keyText(instance.key))?.reason === LOST_IN_RECOVERY);
    if (lost) return; // what a recovery left behind has no claim on the alias
    this.#refresh('alias', name, alias);
    if (domain !== '') this.#refresh('domain', name, domain);
  }

  #refresh(map: 'alias' | 'domain', name: string, text: string): void {
    const nowMs = this.#deps.clock.nowMs();
    const last = this.#names.get(`${map} ${name}`);
    if (last !== undefined && last.text === text && nowMs - last.atMs < REFRESH_NAMES_MS) return;
    this.#names.set(`${map} ${name}`, { text, atMs: nowMs });
    void this.#deps.backend.names.put(map, name, text);
  }

  #writeMarkers(): void {
    const { marked, tasks } = this.#deps.orchestrator;
    tasks.run('Pseudo-GTID markers', (signal) => marked.writeAll(signal));
  }

  /** Registered by others in the backend, and gone from there when they are not registered anew. */
  #refreshVirtualNames(): void {
    const { backend, orchestrator, log } = this.#deps;
    backend.names.all('unresolved').then(
      (names) => orchestrator.hostnames.setVirtualNames(names),
      (err: unknown) => log.debug({ err }, 'virtual names cannot be read: the known ones stay'),
    );
  }

  /** What a group keeps goes everywhere at once. */
  #expire(): void {
    const { orchestrator, inGroup, settings, log } = this.#deps;
    if (!inGroup || !orchestrator.agreement.mayAct) return;
    orchestrator.requests
      .expire(settings.retention)
      .catch((err: unknown) => log.warn({ err }, 'old rows are kept for now'));
  }

  /** Counted from the last picture, whoever took it. Each node of a group has a backend of its own, with pictures of its own. */
  #recordTopologies(): void {
    const { backend, orchestrator, clock, settings, log } = this.#deps;
    const { recordTopologiesMs } = settings;
    if (recordTopologiesMs === 0) return;
    const { topologyHistory } = backend;
    topologyHistory
      .lastMs()
      .then(async (lastMs) => {
        if (clock.nowMs() - lastMs >= recordTopologiesMs) await topologyHistory.record(orchestrator.snapshots());
      })
      .catch((err: unknown) => log.warn({ err }, 'topologies were not recorded: tried again in a minute'));
  }

  /** Nodes that lost sight of a cluster find it again. */
  #tellPrimaries(): void {
    const { orchestrator, inGroup, log } = this.#deps;
    if (!inGroup || !orchestrator.agreement.mayAct) return;
    for (const snapshot of orchestrator.snapshots())
      for (const { instance } of primariesOf(snapshot))
        orchestrator.requests
          .watch(instance.key)
          .catch((err: unknown) => log.debug({ err }, 'the others were not told of it'));
  }

  #cleanUpNext(): void {
    const { backend, clock, settings, inGroup } = this.#deps;
    const all = cleanUps(clock.nowMs(), settings.retention).filter((change) => !inGroup || !isOfGroup(change));
    const next = all[this.#cleanUp % all.length];
    this.#cleanUp += 1;
    if (next !== undefined) void backend.tidy(next);
  }
}

/** Who stands at the top of a cluster, by the alias that they propose. */
class Tops {
  readonly #aliasOf = new Map<string, string>();
  readonly #holders = new Map<string, number>();

  constructor(snapshots: readonly ClusterSnapshot[]) {
    for (const snapshot of snapshots) {
      for (const { instance } of snapshot.members) {
        const alias = instance.suggestedClusterAlias;
        if (alias === '' || depthOf(snapshot, instance) > 0) continue;
        this.#aliasOf.set(keyText(instance.key), alias);
        this.#holders.set(alias, (this.#holders.get(alias) ?? 0) + 1);
      }
    }
  }

  isSole(key: InstanceKey): boolean {
    const alias = this.#aliasOf.get(keyText(key));
    return alias !== undefined && this.#holders.get(alias) === 1;
  }
}
