// Telling others where the primaries are: when one was promoted, once a minute, when this node takes office, and when somebody asks.
// Only the node that leads tells the stores outside; what all nodes keep of it goes through the agreement.

import type { Inventory } from '../discovery/inventory.ts';
import type { Publisher } from '../kv/publisher.ts';
import type { Pair, PairGroup } from '../kv/store.ts';
import type { StoreFigures } from '../metrics/store-metrics.ts';
import type { RecoveryRecord } from '../recovery/book.ts';
import { KINDS } from '../recovery/kinds.ts';
import { type HostAddresses, primaryPairs } from '../recovery/primary-pairs.ts';
import { type PublishedPrimary, publishedPrimaries } from '../recovery/published.ts';
import type { Clock } from '../runtime/clock.ts';
import { withDeadline } from '../runtime/deadline.ts';
import { OrchestratorError } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import { TaskGroup } from '../runtime/task-group.ts';
import type { ClusterSnapshot } from '../topology/cluster.ts';
import { type InstanceKey, keyText, sameKey } from '../topology/instance-key.ts';
import type { Agreement } from './agreement.ts';
import type { HostAddressBook } from './host-addresses.ts';

/** What is asked of the orchestrator. */
export interface PublishedWorld {
  snapshots(): readonly ClusterSnapshot[];
  readonly inventory: Pick<Inventory, 'clusterName' | 'snapshot'>;
  readonly agreement: Pick<Agreement, 'decide' | 'mayAct'>;
  readonly recovery: {
    readonly book: {
      list(): readonly RecoveryRecord[];
      replaced(key: InstanceKey): RecoveryRecord | undefined;
    };
  };
}

export interface PublishingDeps {
  readonly world: () => PublishedWorld;
  readonly publisher: Publisher;
  readonly addresses: Pick<HostAddressBook, 'of' | 'keep' | 'learn'>;
  /** The pairs that all nodes keep, by key. */
  readonly stored: () => Promise<ReadonlyMap<string, string>>;
  /** A line in the course of a recovery. */
  readonly note: (uid: string, message: string) => void;
  /** Path below which primaries are published; ends in a slash. */
  readonly settings: { readonly kvPrefix: string };
  readonly clock: Clock;
  readonly log: Log;
}

const CHECK_MS = 1_000;
const ROUND_MS = 60_000;
/** Recoveries that ended this recently are told of again by whoever takes office: the one before may not have come to it. */
const RECENT_MS = 600_000;
/** How long somebody who asks for it waits for the stores. */
const SUBMIT_MS = 5_000;
/** How long scripts behind a promotion wait for the stores. */
const SCRIPTS_MS = 1_000;
/** How long the course of a recovery waits for the stores, to name those that have its successor. */
const NOTE_MS = 10_000;
/** How long a round waits for the name service. */
const LOOK_UP_MS = 10_000;

export class Publishing {
  readonly #deps: PublishingDeps;
  readonly #tasks: TaskGroup;
  #stop = () => {};
  #inOffice = false;
  #nextMs = 0;
  #inRound = false;
  #disputed = '';
  /** Alias to the primary that was said last. */
  readonly #said = new Map<string, string>();

  constructor(deps: PublishingDeps) {
    this.#deps = deps;
    this.#tasks = new TaskGroup(deps.log);
  }

  start(): void {
    this.#stop = this.#deps.clock.every(CHECK_MS, () => this.#check());
  }

  async stop(): Promise<void> {
    this.#stop();
    await this.#tasks.stop();
    await this.#deps.publisher.stop();
  }

  addressesOf(hostname: string): HostAddresses {
    return this.#deps.addresses.of(hostname);
  }

  /** A node that does not lead writes nothing, and cannot say how old what the stores hold is. */
  figures(): readonly StoreFigures[] {
    const { publisher, world } = this.#deps;
    const leads = world().agreement.mayAct;
    return publisher.tallies().map((one) => ({ ...one, sinceMs: leads ? one.sinceMs : undefined }));
  }

  /** Waits for what was told so far. @param limitMs that long at most */
  async settled(limitMs = SCRIPTS_MS): Promise<void> {
    await this.#deps.publisher.settled(limitMs);
  }

  /** A recovery ended: who leads tells the stores at once, and waits for none of them. */
  recovered(record: RecoveryRecord): void {
    const group = this.#tellOf(record);
    if (group !== undefined)
      this.#tasks.run('noting what was published', (signal) => this.#noteOf(record.uid, group, signal));
  }

  /**
   * Has every store hold the primary of one cluster, or of all, and waits for that.
   *
   * @throws {OrchestratorError} `NOT_LEADER`; `UNAVAILABLE`: a store does not take them; it is tried again
   */
  async submit(cluster?: ClusterSnapshot): Promise<readonly Pair[]> {
    const { world, publisher, addresses, clock } = this.#deps;
    if (!world().agreement.mayAct)
      throw new OrchestratorError('NOT_LEADER', 'primaries are published by the node that leads: ask that one');
    const hosts = this.#primaries(cluster).map(({ key }) => key.hostname);
    await withDeadline(clock, SUBMIT_MS, this.#tasks.signal, (signal) => addresses.learn(hosts, signal));
    const primaries = this.#primaries(cluster); // as they are now: there may have been a failover
    const groups = primaries.map((primary) => this.#groupOf(primary));
    publisher.publish(groups, { urgent: true });
    const pairs = await this.#agreeOn(primaries);
    const late = await publisher.settled(SUBMIT_MS);
    if (late.length === 0) return pairs;
    const why = late.map(({ store, failure = 'does not answer' }) => `${store}: ${failure}`).join('; ');
    throw new OrchestratorError('UNAVAILABLE', `not everything was published: ${why}`);
  }

  /** What all nodes keep of it, by key. */
  async kept(): Promise<readonly Pair[]> {
    const { stored, settings } = this.#deps;
    const pairs = [...(await stored())].map(([key, value]) => ({ key, value }));
    return pairs.filter(({ key }) => key.startsWith(settings.kvPrefix)).sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  #tellOf(record: RecoveryRecord): PairGroup | undefined {
    const { world, publisher } = this.#deps;
    const primary = this.#promotedBy(record);
    if (primary === undefined || !world().agreement.mayAct) return undefined;
    const group = this.#groupOf(primary);
    publisher.publish([group], { urgent: true });
    return group;
  }

  /** Which pairs there are now, and where. */
  async #noteOf(uid: string, { pairs }: PairGroup, signal: AbortSignal): Promise<void> {
    const { publisher, note } = this.#deps;
    const late = await publisher.settled(NOTE_MS, signal);
    const isLate = (store: string) => late.some((one) => one.store === store);
    const stores = publisher.states().map(({ store }) => store);
    const holders = ['our own store', ...stores.filter((store) => !isLate(store))].join(', ');
    const missing = late.map(({ store, failure = 'does not answer' }) => `; not yet in ${store}: ${failure}`).join('');
    note(uid, `published ${pairs.map(({ key, value }) => `${key}=${value}`).join(' ')} in ${holders}${missing}`);
  }

  /** Taking office is not told of: it is noticed within a second. */
  #check(): void {
    const { world, publisher, clock } = this.#deps;
    const leads = world().agreement.mayAct;
    const took = leads && !this.#inOffice;
    if (!leads && this.#inOffice) publisher.drop();
    this.#inOffice = leads;
    if (took) {
      this.#said.clear();
      this.#tellRecent();
    }
    if (!leads || this.#inRound) return;
    const due = took || clock.monotonicMs() >= this.#nextMs;
    if (due) this.#nextMs = clock.monotonicMs() + ROUND_MS;
    const primaries = this.#primaries().filter(({ alias, key }) => due || this.#said.get(alias) !== keyText(key));
    if (primaries.length === 0) return;
    this.#inRound = true;
    this.#tasks.run('publishing primaries', (signal) => this.#say(primaries, signal));
  }

  /** Oldest first, so that the newest of each cluster counts. */
  #tellRecent(): void {
    const { world, clock } = this.#deps;
    const { book } = world().recovery;
    const sinceMs = clock.nowMs() - RECENT_MS;
    const recent = book.list().filter(({ endedMs = 0, successor }) => endedMs >= sinceMs && successor !== undefined);
    for (const record of recent.sort((a, b) => (a.endedMs ?? 0) - (b.endedMs ?? 0)))
      if (record.successor !== undefined && book.replaced(record.successor) === undefined) this.#tellOf(record);
  }

  /**
   * What all nodes keep is said anew only where it is not so; stores outside compare by themselves. Those that are no primaries any more when
   * the name service, or the backend, has answered are left out: what a failover has told meanwhile stays.
   */
  async #say(primaries: readonly PublishedPrimary[], signal: AbortSignal): Promise<void> {
    const { publisher, addresses, stored, clock, log } = this.#deps;
    try {
      await withDeadline(clock, LOOK_UP_MS, signal, (within) => addresses.keep(this.#hosts(), within));
      const still = this.#stillOf(primaries);
      for (const { alias, key } of still) this.#said.set(alias, keyText(key));
      publisher.publish(
        still.map((primary) => this.#groupOf(primary)),
        { urgent: false },
      );
      await this.#agreeOn(primaries, await stored());
    } catch (err) {
      log.warn({ err }, 'the published primaries cannot be stored: tried again within a minute');
    } finally {
      this.#inRound = false;
    }
  }

  /**
   * Has all nodes keep the pairs of these primaries. Each pair takes a round among the nodes, in which a failover may end that says its own:
   * the pairs of those that are no primaries any more are left out, and what is kept is compared anew within a second.
   *
   * @param known what is kept already
   * @returns the pairs that are kept now
   */
  async #agreeOn(
    primaries: readonly PublishedPrimary[],
    known?: ReadonlyMap<string, string>,
  ): Promise<readonly Pair[]> {
    const { agreement } = this.#deps.world();
    for (const primary of primaries)
      for (const { key, value } of this.#groupOf(primary).pairs) {
        if (known?.get(key) === value) continue;
        if (!this.#leadsItsCluster(primary)) break;
        await agreement.decide({ op: 'put-key-value', name: key, value });
      }
    const still = this.#stillOf(primaries);
    if (still.length < primaries.length) this.#nextMs = 0; // one that was just agreed on may stand behind what a failover said
    return still.flatMap((primary) => this.#groupOf(primary).pairs);
  }

  /** Looks at its own cluster only: this is asked before each pair. */
  #leadsItsCluster({ alias, key }: PublishedPrimary): boolean {
    const { inventory, recovery } = this.#deps.world();
    const own = inventory.snapshot(inventory.clusterName(key), this.#deps.clock.nowMs());
    const { primaries } = publishedPrimaries([own], (one) => recovery.book.replaced(one) !== undefined);
    return primaries.some((one) => one.alias === alias && sameKey(one.key, key));
  }

  #stillOf(primaries: readonly PublishedPrimary[]): readonly PublishedPrimary[] {
    const now = new Map(this.#primaries().map(({ alias, key }) => [alias, keyText(key)]));
    return primaries.filter(({ alias, key }) => now.get(alias) === keyText(key));
  }

  #primaries(only?: ClusterSnapshot): readonly PublishedPrimary[] {
    const { world, log } = this.#deps;
    const { book } = world().recovery;
    const { primaries, disputed } = publishedPrimaries(world().snapshots(), (key) => book.replaced(key) !== undefined);
    if (disputed.join() !== this.#disputed && disputed.length > 0)
      log.warn(
        { aliases: disputed },
        'several clusters are called so and take writes: their primaries are not published',
      );
    this.#disputed = disputed.join();
    if (only === undefined) return primaries;
    return primaries.filter(({ alias }) => alias === only.alias);
  }

  #promotedBy({ successful, kind, alias, successor }: RecoveryRecord): PublishedPrimary | undefined {
    if (!successful || !KINDS[kind].replaces || successor === undefined) return undefined;
    return { alias, key: successor };
  }

  #groupOf({ alias, key }: PublishedPrimary): PairGroup {
    const { settings, addresses } = this.#deps;
    const found: HostAddresses = addresses.of(key.hostname);
    const pairs = primaryPairs(settings.kvPrefix, alias, key, found).map(([name, value]) => ({ key: name, value }));
    return { name: alias, pairs };
  }

  /** Of every server: any of them may be promoted next. */
  #hosts(): ReadonlySet<string> {
    const members = this.#deps
      .world()
      .snapshots()
      .flatMap((snapshot) => snapshot.members);
    return new Set(members.map(({ instance }) => instance.key.hostname));
  }
}
