import type { RaftCore } from '../../internal/raft/core/core.ts';
import type { Answer } from '../../internal/raft/core/effects.ts';
import type { Moment, Recovered } from '../../internal/raft/core/inputs.ts';
import { foundingConfiguration } from '../../internal/raft/core/membership.ts';
import type { RaftMessage } from '../../internal/raft/core/messages.ts';
import { isQuorum } from '../../internal/raft/core/quorum.ts';
import type { RaftSettings } from '../../internal/raft/core/settings.ts';
import {
  type Configuration,
  foundingEntry,
  type Member,
  type MemberId,
  NO_CONFIGURATION,
  type SnapshotMeta,
  SPENT_VOTE,
} from '../../internal/raft/core/types.ts';
import type { SnapshotFile } from './disk.ts';
import { mix, mixText } from './hash.ts';
import { History } from './history.ts';
import { Network } from './network.ts';
import { SimNode } from './node.ts';
import type { Plan } from './plan.ts';
import type { SeededRandom } from './random.ts';
import { Timeline } from './timeline.ts';
import { WatchClients } from './watch-clients.ts';
import { WatchDurability } from './watch-durability.ts';
import { WatchElections } from './watch-elections.ts';
import { WatchLeases } from './watch-leases.ts';
import { WatchLog } from './watch-log.ts';
import { WatchMembership } from './watch-membership.ts';
import type { Watcher } from './watcher.ts';

export type CoreClass = new (settings: RaftSettings, found: Recovered, moment: Moment) => RaftCore;

/** A group of nodes, the network between them, and everyone who watches. All chance comes from one generator. */
export class World {
  readonly timeline = new Timeline();
  readonly random: SeededRandom;
  readonly plan: Plan;
  readonly network: Network;
  readonly nodes = new Map<MemberId, SimNode>();
  readonly history = new History();
  readonly clients: WatchClients;
  readonly membership = new WatchMembership((what) => this.count(what));
  /** Everything a run does, as one number. */
  trace = 0x811c9dc5;
  steps = 0;
  /** How often each thing happened: faults, messages by kind, roles taken, answers given. */
  readonly counts = new Map<string, number>();
  faulty = true;

  readonly #Core: CoreClass;
  readonly #watchers: Watcher[];
  readonly #snapshots = new Map<string, SnapshotFile>();
  #nextNode = 0;
  #founding = NO_CONFIGURATION;

  constructor(Core: CoreClass, plan: Plan, random: SeededRandom) {
    this.#Core = Core;
    this.plan = plan;
    this.random = random;
    this.network = new Network(this.timeline, random, plan, (message) => this.#deliver(message));
    this.clients = new WatchClients(this.history);
    this.#watchers = [
      new WatchElections(this.history),
      new WatchLog(this.history, this.nodes),
      new WatchDurability(),
      this.clients,
      new WatchLeases(this.history, this.nodes, plan.tickMs),
      this.membership,
      this.#tracer(),
    ];
    this.#found();
  }

  get settings(): RaftSettings {
    return this.plan.settings;
  }

  get alive(): readonly SimNode[] {
    return [...this.nodes.values()].filter(({ alive }) => alive);
  }

  /** The living node with the latest term that leads, if any. */
  get leader(): SimNode | undefined {
    const leaders = this.alive.filter(({ core }) => core!.role === 'leader');
    return leaders.sort((a, b) => b.core!.term - a.core!.term)[0];
  }

  /** In force where the committed log ends. */
  get configuration(): Configuration {
    return this.history.chosenAt(this.history.chosenLast)?.configuration ?? this.#founding;
  }

  newCore(found: Recovered, moment: Moment): RaftCore {
    return new this.#Core(this.settings, found, moment);
  }

  /** A node with an empty disk that nobody knows yet. */
  addNode(): SimNode {
    this.#nextNode += 1;
    const node = new SimNode(this, `n${this.#nextNode}`);
    node.offsetMs = this.random.whole(0, 1_000_000);
    if (this.plan.families.includes('clock')) node.rate = this.random.between(0.9, 1.1);
    this.nodes.set(node.id, node);
    return node;
  }

  memberOf({ id }: SimNode, promote: boolean): Member {
    const labels = { Zone: `z${Number(id.slice(1)) % 3}` };
    return { id, node: `node-${id}`, incarnation: 'first', address: `${id}:10008`, labels, promote };
  }

  send(node: SimNode, message: RaftMessage): void {
    this.watch((watcher) => watcher.sending?.(node, message));
    this.network.send(message);
  }

  answered(node: SimNode, answer: Answer): void {
    this.watch((watcher) => watcher.answered?.(node, answer));
  }

  watch(tell: (watcher: Watcher) => void): void {
    for (const watcher of this.#watchers) tell(watcher);
  }

  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  keep(file: SnapshotFile): void {
    this.#snapshots.set(file.meta.id, file);
  }

  /** What a node ends up with that has received all chunks of this snapshot. */
  snapshotFile(meta: SnapshotMeta): SnapshotFile {
    return this.#snapshots.get(meta.id)!;
  }

  syncMs(): number {
    const slow = this.faulty && this.random.chance(0.01);
    return slow ? this.random.between(0, this.plan.slowSyncMs) : this.random.between(...this.plan.syncMs);
  }

  applyMs(): number {
    return this.random.between(0, this.plan.syncMs[1]);
  }

  crashesNow(): boolean {
    return this.faulty && this.random.chance(this.plan.tornStepShare);
  }

  /** Ends a process. Unless it is gone for good, it comes back after a while. */
  crash(node: SimNode): void {
    node.crash();
    this.count(node.gone ? 'node left' : 'crash');
    if (node.gone) return;
    const delayMs = this.random.between(0, 4) * this.settings.electionTimeoutMs;
    this.timeline.after(delayMs, () => this.restart(node));
  }

  restart(node: SimNode): void {
    if (node.alive || node.gone) return;
    this.count('restart');
    node.start();
  }

  /** Whether these nodes could go on without any other, whichever configuration turns out to be in force. */
  suffices(nodes: readonly SimNode[]): boolean {
    const has = (id: MemberId) => nodes.some((node) => node.id === id);
    const shown = this.alive.map(({ core }) => core!.log.configuration).filter(({ voters }) => voters.length > 0);
    return [...shown, this.configuration].every((configuration) => isQuorum(configuration, has));
  }

  #found(): void {
    const founders = Array.from({ length: this.plan.founders }, () => this.addNode());
    this.#founding = foundingConfiguration(founders.map((node) => this.memberOf(node, true)));
    for (const node of founders) {
      node.disk.hardState = { term: 1, vote: SPENT_VOTE };
      node.disk.entries = [foundingEntry(this.#founding, 0)];
      node.start();
    }
  }

  #deliver(message: RaftMessage): void {
    const node = this.nodes.get(message.to);
    if (node === undefined || !node.alive) return;
    node.later(0, () => {
      this.watch((watcher) => watcher.delivered?.(node, message));
      node.step({ kind: 'message', message });
    });
  }

  #tracer(): Watcher {
    return {
      stepped: (node, before, input, { write }) => {
        const { term, role, commit } = node.core!;
        this.steps += 1;
        this.trace = mix(mix(mixText(this.trace, node.id + input.kind), commit), (write?.id ?? 0) + term);
        if (input.kind === 'message') this.count(`message ${input.message.kind}`);
        if (role !== before.role) this.count(`${before.role} to ${role}`);
        if (write?.install !== undefined) this.count('snapshot installed');
        if (write?.truncateFrom !== undefined) this.count('log cut');
        if (write?.compactTo !== undefined) this.count('log compacted');
      },
      answered: (_node, answer) => this.count(answer.kind === 'refused' ? `refused: ${answer.reason}` : answer.kind),
    };
  }
}
