// One node of the group, as the daemon starts and stops it.

import type { Clock } from '../../runtime/clock.ts';
import { OrchestratorError } from '../../runtime/errors.ts';
import type { Log } from '../../runtime/log.ts';
import type { Address } from '../address.ts';
import type { Index, MemberId } from '../core/types.ts';
import type { Lookout } from '../discovery/lookout.ts';
import { type LabelPattern, rankOf } from '../membership/care.ts';
import type { Backup } from '../rescue/backup.ts';
import { backupBytes } from '../rescue/backup-file.ts';
import type { Credentials } from '../wire/credentials.ts';
import type { Identity } from '../wire/hello.ts';
import type { OpenChannel } from '../wire/wire.ts';
import { Group, type GroupDeps, type StateMachine } from './group.ts';
import { type MembersView, membersView } from './members-view.ts';
import type { GroupNews, SideNews, Standpoint, Waiting } from './protocol.ts';
import { RemoteConsensus } from './remote-consensus.ts';
import { Roster } from './roster.ts';
import type { ThreadStatus } from './status.ts';
import type { Reaped } from './steward.ts';
import { DEFAULT_PORT, type NodeOptions } from './thread-options.ts';

export interface RaftNodeDeps extends Pick<GroupDeps, 'mayLead'> {
  readonly machine: StateMachine;
  readonly clock: Clock;
  readonly log: Log;
  readonly proposalTimeoutMs: number;
  /** The node cannot go on, and answers nothing any more: end the process. The error's code is one of `NODE_ENDS`. */
  readonly onFatal: (err: unknown) => void;
  /** What another node sent on a channel that is not of Raft. */
  readonly onBytes?: (channel: OpenChannel, peer: Identity, payload: Uint8Array) => void;
  /** While `start` is pending: why there is no group yet. */
  readonly onWaiting?: (waiting: Waiting) => void;
  /** As the leader this node has let go of a member that was gone for long (F-50). */
  readonly onReaped?: (reaped: Reaped) => void;
  /** Finds the other nodes where they are not listed. The node starts and ends it. */
  readonly lookout?: Pick<Lookout, 'start' | 'claim' | 'joined' | 'stop'> | undefined;
  /** Ends a start that is pending; afterwards it means nothing. */
  readonly signal?: AbortSignal;
}

export interface NodeStatus extends ThreadStatus {
  readonly standpoint: Standpoint;
  /** Of the state machine in memory. */
  readonly applied: Index;
  readonly mayAct: boolean;
}

/** Signs of life of the main thread in the time of one lease. */
const SIGNS_PER_LEASE = 4;
/** How long a node waits to be let go. */
const LEAVE_TIMEOUTS = 5;
const STOP_MS = 5_000;

export class RaftNode {
  readonly group: Group;
  /** Adding and removing members. */
  readonly roster: Roster;
  readonly #deps: RaftNodeDeps;
  readonly #consensus: RemoteConsensus;
  readonly #electionTimeoutMs: number;
  readonly #preferredLeaders: readonly LabelPattern[];
  readonly #stopSigns: () => void;
  #stopped: Promise<void> | undefined;
  /** Set while it leaves. */
  #onRemoved: (() => void) | undefined;
  /** From here on its end is no news. */
  #over = false;

  /**
   * Resolves once the node takes part in its group, with or without a leader. A node that belongs to none yet founds one with
   * the others or is taken into one that there is, however long that takes (`onWaiting`).
   *
   * @throws {OrchestratorError} of `NODE_ENDS`; `STOPPED` where the signal aborts
   */
  static async start(options: NodeOptions, deps: RaftNodeDeps): Promise<RaftNode> {
    return new Promise((resolve, reject) => {
      const { signal, lookout } = deps;
      let node: RaftNode | undefined;
      let failure: Error | undefined;
      const consensus = new RemoteConsensus(options, (news) => {
        if (node !== undefined) node.#hear(news);
        else if (news.kind === 'log') deps.log[news.level](news.fields, news.text);
        else if (failure !== undefined) return;
        else if (news.kind === 'waiting') deps.onWaiting?.(news.waiting);
        else if (news.kind === 'claim') void claim(news.formation);
        else if (news.kind === 'ready') {
          signal?.removeEventListener('abort', leave);
          node = new RaftNode(options, deps, consensus, news.standpoint);
          lookout?.joined(() => consensus.status());
          resolve(node);
        } else if (news.kind === 'fatal') fail(new OrchestratorError(news.code, news.message));
      });
      const fail = (err: Error) => {
        failure = err;
        signal?.removeEventListener('abort', leave);
        void Promise.all([consensus.ended, lookout?.stop()]).then(() => reject(err)); // then the directory is free again
      };
      const claim = async (formation: string) => {
        const answer = await lookout?.claim(formation);
        if (answer !== undefined) consensus.order({ kind: 'claimed', formation, answer });
      };
      lookout?.start((candidates) => consensus.order({ kind: 'candidates', candidates }));
      const leave = () => {
        consensus.order({ kind: 'stop' });
        deps.clock.after(STOP_MS, () => void consensus.kill());
        fail(new OrchestratorError('STOPPED', 'this node stops before it belongs to a group'));
      };
      signal?.addEventListener('abort', leave, { once: true });
      if (signal?.aborted === true) leave();
    });
  }

  private constructor(
    { settings, applied, care, defaultPort = DEFAULT_PORT }: NodeOptions,
    deps: RaftNodeDeps,
    consensus: RemoteConsensus,
    standpoint: Standpoint,
  ) {
    this.#deps = deps;
    this.#consensus = consensus;
    this.#electionTimeoutMs = settings.electionTimeoutMs;
    this.#preferredLeaders = care?.preferredLeaders ?? [];
    const onFatal = (err: unknown) => this.#fatal(err);
    this.group = new Group({ ...deps, consensus, onFatal }, standpoint, applied);
    const { group } = this;
    const meet = (address: Address) => consensus.meet(address);
    const { clock, log } = deps;
    this.roster = new Roster({ group, meet, clock, log, defaultPort, view: () => this.members() });
    const sign = () => consensus.order({ kind: 'alive' });
    this.#stopSigns = deps.clock.every(settings.leaderLeaseMs / SIGNS_PER_LEASE, sign);
    sign();
  }

  /** @throws {OrchestratorError} `STOPPED` */
  async status(): Promise<NodeStatus> {
    const thread = await this.#consensus.status();
    const { standpoint, applied, mayAct } = this.group;
    return { ...thread, standpoint, applied, mayAct };
  }

  /** @throws {OrchestratorError} `STOPPED` */
  async members(): Promise<MembersView> {
    return membersView(await this.status(), 2 * this.#electionTimeoutMs);
  }

  /**
   * The state of the group as this node has it, as `raft-restore` takes it (F-73). `confirm` first for all that was agreed on before.
   *
   * @throws {OrchestratorError} `UNAVAILABLE`: there is no state yet, or it is just being replaced; `STOPPED`
   */
  async backup(): Promise<Backup> {
    const { index, bytes } = this.group.state();
    const described = index === 0 ? undefined : await this.#consensus.describe(index);
    if (described === undefined) throw new OrchestratorError('UNAVAILABLE', 'there is no state to keep yet: ask again');
    const head = { ...described, takenMs: this.#deps.clock.nowMs() };
    return { head, lastIndex: index, bytes: backupBytes(head, bytes, []) };
  }

  /** Whether this node is fit to lead, as the main thread sees it: its backend, its load, whether it drains. */
  fit(isFit: boolean): void {
    this.#consensus.order({ kind: 'standing', standing: isFit ? 'ready' : 'lastResort' });
  }

  /** Whether something runs that is not to be disturbed, such as a recovery: nobody is reaped, and leadership stays (F-50, F-111). */
  busy(isBusy: boolean): void {
    this.#consensus.order({ kind: 'busy', busy: isBusy });
  }

  /** To another node, or nowhere: what does not get through is not repeated. */
  send(to: MemberId, channel: OpenChannel, payload: Uint8Array): void {
    this.#consensus.send(to, channel, payload);
  }

  /** Exchanged certificates or secrets. */
  renew(credentials: Credentials): void {
    this.#consensus.order({ kind: 'renew', credentials });
  }

  /**
   * Gives leadership to another voter, if it has it and there is one, and wants it no more. Returns when another leader has committed
   * something, or after two election time-outs (F-90).
   */
  async handOver(preferred: readonly MemberId[] = this.#preferred()): Promise<void> {
    const { role, self, configuration } = this.group.standpoint;
    if (role === 'leader' && configuration.voters.some((id) => id !== self)) {
      this.group
        .transfer(undefined, preferred)
        .catch((err) => this.#deps.log.debug({ err }, 'not handed over at once'));
      this.fit(false);
      await this.#succeeded(2 * this.#electionTimeoutMs);
    } else this.fit(false);
  }

  /** Hands over first where it leads. Nothing of the node is left when it resolves; it takes seconds at the most (F-91). */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  /**
   * Asks the group to go on without this node, and stops (F-40): started again on `beginAnew`, it joins as a new incarnation. Where that is not
   * granted in time, for the sake of a majority or for want of a leader, it stays a member that is away.
   *
   * @returns whether it was removed
   */
  async leave(): Promise<boolean> {
    await this.handOver();
    const left = await new Promise<boolean>((resolve) => {
      const cancel = this.#deps.clock.after(LEAVE_TIMEOUTS * this.#electionTimeoutMs, () => resolve(false));
      this.#onRemoved = () => {
        cancel();
        resolve(true);
      };
      this.#consensus.order({ kind: 'leave' });
    });
    await this.stop();
    return left;
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    this.#end();
    await Promise.all([this.#consensus.kill(), this.#deps.lookout?.stop()]);
  }

  async #stop(): Promise<void> {
    await this.handOver();
    this.#end();
    this.#consensus.order({ kind: 'stop' });
    const cancel = this.#deps.clock.after(STOP_MS, () => void this.#consensus.kill());
    await Promise.all([this.#consensus.ended, this.#deps.lookout?.stop()]);
    cancel();
  }

  /** Those that `RaftPreferredLeaders` names, the most wanted first. */
  #preferred(): readonly MemberId[] {
    const patterns = this.#preferredLeaders;
    const ranked = this.group.standpoint.configuration.members.map(({ id, labels }) => ({
      id,
      rank: rankOf(labels, patterns),
    }));
    const named = ranked.filter(({ rank }) => rank < patterns.length);
    return named.toSorted((one, other) => one.rank - other.rank).map(({ id }) => id);
  }

  #end(): void {
    this.#over = true;
    this.#stopSigns();
    this.group.stop();
  }

  #hear(news: GroupNews | SideNews): void {
    if (news.kind === 'log') this.#deps.log[news.level](news.fields, news.text);
    else if (news.kind === 'bytes') this.#deps.onBytes?.(news.channel, news.peer, news.payload);
    else if (news.kind === 'fatal' && news.code === 'RAFT_REMOVED' && this.#onRemoved !== undefined) {
      this.#end();
      this.#onRemoved();
    } else if (news.kind === 'reaped') this.#deps.onReaped?.(news.reaped);
    else if (news.kind !== 'waiting' && news.kind !== 'claim' && (news.kind !== 'fatal' || !this.#over))
      this.group.hear(news);
  }

  /** Of either thread: the other one has nothing to do alone. */
  #fatal(err: unknown): void {
    this.#end();
    this.#consensus.order({ kind: 'stop' });
    void this.#deps.lookout?.stop();
    this.#deps.onFatal(err);
  }

  #succeeded(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const { group } = this;
      const done = () => {
        cancel();
        group.off('moved', look);
        resolve();
      };
      const look = ({ role, leader, settled }: Standpoint) => {
        if (role !== 'leader' && leader !== undefined && settled) done();
      };
      const cancel = this.#deps.clock.after(withinMs, done);
      group.on('moved', look);
    });
  }
}
