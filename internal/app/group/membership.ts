// This node in its group: brings it in, hands the office over to the orchestrator and takes it back, and gives it up where
// the node is no longer fit for it.

import type { Waiting } from '../../http/group-view.ts';
import type { Lookout } from '../../raft/discovery/lookout.ts';
import { type NodeStatus, RaftNode, type RaftNodeDeps } from '../../raft/node/raft-node.ts';
import type { NodeOptions } from '../../raft/node/thread-options.ts';
import type { Credentials } from '../../raft/wire/credentials.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Opinions } from '../opinions.ts';
import { Fitness, type FitnessDeps } from './fitness.ts';
import type { GroupMachine } from './group-machine.ts';
import type { InGroup } from './in-group.ts';
import { OfficeTurns, type OfficeTurnsDeps } from './office-turns.ts';
import type { GroupPeers } from './peers.ts';

export interface MembershipDeps extends Pick<RaftNodeDeps, 'mayLead'>, Omit<FitnessDeps, 'clock'> {
  readonly options: NodeOptions;
  /** Where the nodes are not listed. */
  readonly lookout: Lookout | undefined;
  readonly proposalTimeoutMs: number;
  readonly machine: GroupMachine;
  readonly agreement: InGroup;
  readonly peers: GroupPeers;
  readonly holder: OfficeTurnsDeps['holder'] & { readonly opinions: Pick<Opinions, 'hear'> | undefined };
  /** `RaftLeaveOnShutdown`. */
  readonly leaves: () => boolean;
  /** A recovery is open: nobody is let go of, and leadership stays where it is. */
  readonly recovering: () => boolean;
  readonly clock: Clock;
  /** As the leader this node has let go of a member that was gone for long (F-50). */
  readonly onReaped: NonNullable<RaftNodeDeps['onReaped']>;
  /** What another node says outside of the log. */
  readonly onBytes: NonNullable<RaftNodeDeps['onBytes']>;
}

const CHECK_MS = 1_000;

export class Membership {
  readonly #deps: MembershipDeps;
  readonly #ending = new AbortController();
  #node: RaftNode | undefined;
  #starting: Promise<void> | undefined;
  #waiting: Waiting | undefined;
  #stopChecks = () => {};
  readonly #fitness: Fitness;
  readonly #turns: OfficeTurns;

  constructor(deps: MembershipDeps) {
    const { holder, clock, log, onFatal } = deps;
    this.#deps = deps;
    this.#fitness = new Fitness(deps);
    const held = () => {
      const { inOffice, term } = this.#node?.group.standpoint ?? {};
      return inOffice === true ? term : undefined;
    };
    this.#turns = new OfficeTurns({ holder, held, clock, log, onFatal });
  }

  /** Undefined until this node belongs to a group. */
  get node(): RaftNode | undefined {
    return this.#node;
  }

  /** Why it does not belong to a group yet. */
  get waiting(): Waiting | undefined {
    return this.#node === undefined ? this.#waiting : undefined;
  }

  /** Looks for the group, however long that takes. What goes wrong is told to `onFatal`. */
  start(): void {
    this.#starting = this.#start().catch((err: unknown) => {
      if (!this.#ending.signal.aborted) this.#deps.onFatal(err);
    });
  }

  async status(): Promise<NodeStatus | undefined> {
    return this.#node?.status();
  }

  renew(credentials: Credentials): void {
    this.#node?.renew(credentials);
  }

  /** Whether it is to lead where another can: to be told again whenever that may have changed. */
  refit(): void {
    this.#node?.fit(this.#fitness.fit && !this.#turns.late);
  }

  /** Hands leadership over first, where this node has it. */
  async stop(): Promise<void> {
    this.#ending.abort();
    this.#stopChecks();
    await this.#starting;
    if (this.#node !== undefined) await this.#end(this.#node);
    await this.#turns.ended();
  }

  async #end(node: RaftNode): Promise<void> {
    const { leaves, log } = this.#deps;
    if (!leaves()) await node.stop();
    else if (await node.leave()) log.info({}, 'this node has left the group');
    else log.warn({}, 'the group does not go on without this node: it stays a member that is away');
  }

  async #start(): Promise<void> {
    const {
      options,
      lookout,
      machine,
      agreement,
      peers,
      holder,
      clock,
      log,
      proposalTimeoutMs,
      onBytes,
      onFatal,
      onReaped,
      mayLead,
    } = this.#deps;
    const node = await RaftNode.start(options, {
      ...{ machine, clock, log, proposalTimeoutMs, onFatal, onReaped, lookout, mayLead },
      onWaiting: ({ phase, why, problem, nextInMs, everyMs }) => {
        const nextMs = clock.monotonicMs() + nextInMs;
        this.#waiting = { phase, reason: why, problem, attempts: { nextMs, everyMs } };
        log.info({ phase, why, problem }, 'this node belongs to no group yet');
      },
      onBytes: (channel, peer, payload) => {
        peers.heard(peer.member);
        if (channel === 'opinions') holder.opinions?.hear(peer.member, payload);
        else onBytes(channel, peer, payload);
      },
      signal: this.#ending.signal,
    });
    this.#node = node;
    agreement.joined(node.group);
    peers.joined(node);
    node.group.on('office', (term) => this.#turns.take(term));
    node.group.on('lost', () => this.#turns.leave());
    const { inOffice, term } = node.group.standpoint;
    if (inOffice) this.#turns.take(term);
    this.#stopChecks = clock.every(CHECK_MS, () => this.#check());
  }

  /** Told again and again: a hand-over has said that this node is not to lead, and its reason may be gone. */
  #check(): void {
    this.#node?.busy(this.#deps.recovering());
    this.#fitness.look();
    this.refit();
  }
}
