// This node in its group: brings it in, hands the office over to the orchestrator and takes it back, and gives it up where
// the node is no longer fit for it.

import type { Backend } from '../../backend/backend.ts';
import type { Waiting } from '../../http/group-view.ts';
import type { Lookout } from '../../raft/discovery/lookout.ts';
import { type NodeStatus, RaftNode, type RaftNodeDeps } from '../../raft/node/raft-node.ts';
import type { NodeOptions } from '../../raft/node/thread-options.ts';
import type { Credentials } from '../../raft/wire/credentials.ts';
import type { Clock } from '../../runtime/clock.ts';
import { OrchestratorError } from '../../runtime/errors.ts';
import type { Log } from '../../runtime/log.ts';
import type { Opinions } from '../opinions.ts';
import type { GroupMachine } from './group-machine.ts';
import type { InGroup } from './in-group.ts';
import type { GroupPeers } from './peers.ts';

/** Whoever acts while this node leads. */
export interface OfficeHolder {
  takeOffice(): void;
  leaveOffice(): Promise<void>;
  readonly opinions: Pick<Opinions, 'hear'> | undefined;
}

export interface MembershipDeps {
  readonly options: NodeOptions;
  /** Where the nodes are not listed. */
  readonly lookout: Lookout | undefined;
  readonly proposalTimeoutMs: number;
  /** A backend that has taken nothing for so long ends the node; 0: never. */
  readonly endAfterMs: number;
  readonly machine: GroupMachine;
  readonly agreement: InGroup;
  readonly peers: GroupPeers;
  readonly holder: OfficeHolder;
  readonly backend: Pick<Backend, 'health'>;
  /** `RaftLeaveOnShutdown`. */
  readonly leaves: () => boolean;
  /** A recovery is open: nobody is let go of, and leadership stays where it is. */
  readonly recovering: () => boolean;
  /** This node holds what the leader does, as far as that was compared. */
  readonly sound: () => boolean;
  readonly clock: Clock;
  readonly log: Log;
  /** What another node says outside of the log. */
  readonly onBytes: NonNullable<RaftNodeDeps['onBytes']>;
  /** This node cannot go on. */
  readonly onFatal: (err: unknown) => void;
}

const CHECK_MS = 1_000;
/** A backend that takes nothing for so long makes its node unfit to lead, and it is fit again after this long without a failure (C-80). */
const UNFIT_AFTER_MS = 5_000;
const FIT_AFTER_MS = 10_000;

export class Membership {
  readonly #deps: MembershipDeps;
  readonly #ending = new AbortController();
  #node: RaftNode | undefined;
  #starting: Promise<void> | undefined;
  #waiting: Waiting | undefined;
  #office: Promise<void> = Promise.resolve();
  #stopChecks = () => {};
  #failedMs: number | undefined;
  #fit = true;

  constructor(deps: MembershipDeps) {
    this.#deps = deps;
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

  /** Hands leadership over first, where this node has it. */
  async stop(): Promise<void> {
    this.#ending.abort();
    this.#stopChecks();
    await this.#starting;
    if (this.#node !== undefined) await this.#end(this.#node);
    await this.#office;
  }

  async #end(node: RaftNode): Promise<void> {
    const { leaves, log } = this.#deps;
    if (!leaves()) await node.stop();
    else if (await node.leave()) log.info({}, 'this node has left the group');
    else log.warn({}, 'the group does not go on without this node: it stays a member that is away');
  }

  async #start(): Promise<void> {
    const { options, lookout, machine, agreement, peers, holder, clock, log, proposalTimeoutMs, onBytes, onFatal } =
      this.#deps;
    const node = await RaftNode.start(options, {
      ...{ machine, clock, log, proposalTimeoutMs, onFatal, lookout },
      onWaiting: (why, promised) => {
        this.#waiting = { phase: promised ? 'founding' : 'discovering', reason: why };
        log.info({ why }, 'this node belongs to no group yet');
      },
      onBytes: (channel, peer, payload) => {
        if (channel === 'opinions') holder.opinions?.hear(peer.member, payload);
        else onBytes(channel, peer, payload);
      },
      signal: this.#ending.signal,
    });
    this.#node = node;
    agreement.joined(node.group);
    peers.joined(node);
    node.group.on('office', () => this.#take());
    node.group.on('lost', () => this.#leave());
    if (node.group.standpoint.inOffice) this.#take();
    this.#stopChecks = clock.every(CHECK_MS, () => this.#checkFitness());
  }

  /** Behind whatever an earlier office of this node still has to end. */
  #take(): void {
    const { holder, log } = this.#deps;
    this.#office = this.#office.then(() => {
      if (this.#node?.group.standpoint.inOffice !== true) return;
      log.info({ term: this.#node.group.standpoint.term }, 'this node leads: it detects, decides and acts');
      holder.takeOffice();
    });
  }

  /** At once: from here on nothing is begun. What is under way ends at its next step. */
  #leave(): void {
    const { holder, log } = this.#deps;
    log.info({}, 'this node leads no more');
    const left = holder.leaveOffice();
    this.#office = this.#office
      .then(() => left)
      .catch((err: unknown) => log.error({ err }, 'what was under way did not end in order'));
  }

  #checkFitness(): void {
    const { backend, sound, clock, log, recovering, endAfterMs, onFatal } = this.#deps;
    this.#node?.busy(recovering());
    const { ok, message, sinceMs } = backend.health();
    const nowMs = clock.nowMs();
    const failedMs = ok ? 0 : nowMs - (sinceMs ?? nowMs);
    if (!ok) this.#failedMs = nowMs;
    if (endAfterMs > 0 && failedMs >= endAfterMs)
      onFatal(new OrchestratorError('BACKEND_FAILED', `the backend takes nothing since ${failedMs} ms: ${message}`));
    const unfit = !sound() || failedMs >= UNFIT_AFTER_MS;
    const cured = ok && sound() && nowMs - (this.#failedMs ?? 0) >= FIT_AFTER_MS;
    if (this.#fit ? !unfit : !cured) return;
    this.#fit = !this.#fit;
    this.#node?.fit(this.#fit);
    if (this.#fit) log.info({}, 'the backend works: this node may lead again');
    else if (!ok) log.warn({}, 'the backend takes nothing: this node leads only where nobody else can');
  }
}
