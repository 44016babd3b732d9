// The group as the API sees it: what this node knows anyway, and what its consensus thread and the other members told it last.

import type { GroupNow, GroupView, LifeState, MemberView, Waiting } from '../../http/group-view.ts';
import type { MemberId } from '../../raft/core/types.ts';
import type { Group } from '../../raft/node/group.ts';
import { type MembersView, membersView } from '../../raft/node/members-view.ts';
import { unknown } from '../../raft/node/questions.ts';
import type { NodeStatus, RaftNode } from '../../raft/node/raft-node.ts';
import type { Clock } from '../../runtime/clock.ts';
import { OrchestratorError } from '../../runtime/errors.ts';
import { clockText, clockTrouble } from './clock-offsets.ts';
import type { MemberWord } from './member-words.ts';
import type { StateKeeping } from './state-keeping.ts';

export interface GroupWindowDeps {
  readonly bind: string;
  readonly advertise: string;
  readonly url: string;
  readonly electionTimeoutMs: number;
  /** How long a node that was taken in may need to become a voter, for those who wait for it. */
  readonly promotionLimitMs: number;
  readonly membership: {
    /** Undefined until this node belongs to a group. */
    readonly node: RaftNode | undefined;
    readonly waiting: Waiting | undefined;
  };
  readonly wordOf: (id: MemberId) => MemberWord | undefined;
  /** By how much the clock of that member is ahead, ms. */
  readonly clockOffsetOf: (id: MemberId) => number | undefined;
  readonly own: () => MemberWord;
  /** This node holds what the leader does, as far as that was compared. */
  readonly sound: () => boolean;
  readonly state: Pick<StateKeeping, 'sound' | 'view'>;
  readonly drain: () => Promise<void>;
  readonly undrain: () => void;
  readonly clock: Pick<Clock, 'monotonicMs' | 'every' | 'after'>;
}

/** Looks in the time of one election time-out. */
const LOOKS = 5;
/** A member that was not heard for so many of them is silent. */
const SILENT_TIMEOUTS = 2;

export class GroupWindow implements GroupView {
  readonly bind: string;
  readonly advertise: string;
  readonly url: string;
  readonly electionTimeoutMs: number;
  readonly #deps: GroupWindowDeps;
  #seen: { readonly status: NodeStatus; readonly view: MembersView } | undefined;
  /** On the monotonic clock, as is the contact. */
  #lookedMs: number;
  #contactMs: number | undefined;
  #handingOver = false;
  #life: { readonly state: LifeState; readonly sinceMs: number };
  #stop = () => {};

  constructor(deps: GroupWindowDeps) {
    this.#deps = deps;
    this.bind = deps.bind;
    this.advertise = deps.advertise;
    this.url = deps.url;
    this.electionTimeoutMs = deps.electionTimeoutMs;
    this.#lookedMs = deps.clock.monotonicMs();
    this.#life = { state: 'discovering', sinceMs: this.#lookedMs };
  }

  start(): void {
    let looking = false;
    this.#stop = this.#deps.clock.every(this.electionTimeoutMs / LOOKS, () => {
      this.#noteLife();
      if (looking) return;
      looking = true;
      void this.#look().finally(() => {
        looking = false;
      });
    });
  }

  stop(): void {
    this.#stop();
  }

  get mayAct(): boolean {
    return this.#deps.membership.node?.group.mayAct ?? false;
  }

  get leads(): boolean {
    return this.mayAct || this.#handingOver;
  }

  now(): GroupNow {
    const { membership, clock, own } = this.#deps;
    const { node, waiting } = membership;
    const { draining } = own();
    this.#noteLife();
    const nowMs = clock.monotonicMs();
    const life = {
      life: this.#life.state,
      lifeMs: nowMs - this.#life.sinceMs,
      nextAttemptMs: untilNext(waiting, nowMs),
    };
    if (node === undefined) return { ...NOWHERE, ...life, waiting: waiting ?? STARTING, draining };
    const { standpoint, applied } = node.group;
    const { role, term, commit, configuration } = standpoint;
    return {
      ...life,
      role: role === 'leader' || role === 'follower' ? role : 'candidate',
      term,
      leader: this.#leader(node.group),
      leaderContactMs: this.#contact(node.group),
      commit,
      applied,
      members: this.#members(),
      quorum: Math.floor(configuration.voters.length / 2) + 1,
      ...this.#tolerance(),
      state: this.#state(),
      waiting: undefined,
      draining,
      concerns: this.#seen?.status.concerns ?? [],
      sync: this.#sync(),
      threadSilentMs: clock.monotonicMs() - this.#lookedMs,
    };
  }

  #sync(): GroupNow['sync'] {
    const { syncMedianMs: medianMs, syncWorstMs: worstMs } = this.#seen?.status.storage ?? {};
    return medianMs === undefined || worstMs === undefined ? undefined : { medianMs, worstMs };
  }

  #state(): GroupNow['state'] {
    const { sound, view } = this.#deps.state;
    const { differsSince, repairing, lastRepair } = view;
    return { sound, differsSince, repairing, lastRepair };
  }

  confirm(): Promise<void> {
    return this.#joined().group.confirm();
  }

  async transfer(to: string | undefined, wait: boolean): Promise<void> {
    const { group } = this.#joined();
    const target = group.standpoint.configuration.members.find(({ address }) => address === to);
    if (to !== undefined && target === undefined)
      throw new OrchestratorError('NOT_FOUND', `no member of the group is at ${to}`);
    await group.transfer(target?.id);
    if (wait) await this.#succeeded(group);
  }

  async addPeer(address: string, wait: boolean): Promise<void> {
    await this.#joined().roster.add(address, wait ? { voterWithinMs: this.#deps.promotionLimitMs } : {});
  }

  async removePeer(address: string): Promise<void> {
    await this.#joined().roster.remove(address);
  }

  async scaleDown(to: number, most: number): ReturnType<GroupView['scaleDown']> {
    const { removed, members } = await this.#joined().roster.scaleDown(to, most);
    return { removed: removed.map(({ address }) => address), members };
  }

  async backup(): ReturnType<GroupView['backup']> {
    if (!this.#deps.sound())
      throw new OrchestratorError(
        'UNAVAILABLE',
        'the state of this node is not that of the leader: take that of another',
      );
    const { head, bytes } = await this.#joined().backup();
    return { name: `${head.clusterId}-${head.index}.backup`, bytes };
  }

  takeSnapshot(): Promise<void> {
    return this.#joined().group.takeSnapshot();
  }

  drain(): Promise<void> {
    return this.#deps.drain();
  }

  undrain(): void {
    this.#deps.undrain();
  }

  /** Until another leader has committed something, or in vain for two election time-outs; load balancers are sent here meanwhile (F-90). */
  async handOver(): Promise<void> {
    this.#handingOver = this.mayAct;
    try {
      await this.#deps.membership.node?.handOver();
    } finally {
      this.#handingOver = false;
    }
  }

  async #look(): Promise<void> {
    const { membership, clock } = this.#deps;
    const { node } = membership;
    if (node !== undefined) {
      try {
        const status = await node.status();
        this.#seen = { status, view: membersView(status, SILENT_TIMEOUTS * this.electionTimeoutMs) };
      } catch {
        return; // its end is told elsewhere
      }
    }
    this.#lookedMs = clock.monotonicMs();
    if (node !== undefined) this.#noteContact(node.group);
  }

  /** Looked at often enough for its age to be right within a look. */
  #noteLife(): void {
    const state = this.#lifeState();
    if (state !== this.#life.state) this.#life = { state, sinceMs: this.#deps.clock.monotonicMs() };
  }

  #lifeState(): LifeState {
    const { membership, own } = this.#deps;
    const { node, waiting = STARTING } = membership;
    if (node === undefined) return waiting.phase;
    if (own().draining) return 'draining';
    const { leader, self, configuration } = node.group.standpoint;
    if (leader === undefined) return 'isolated';
    return configuration.voters.includes(self) ? 'voter' : 'nonVoter';
  }

  #noteContact({ mayAct, standpoint: { leader } }: Group): void {
    const silentMs = mayAct ? 0 : this.#seen?.status.peers.find(({ id }) => id === leader)?.silentMs;
    if (silentMs !== undefined) this.#contactMs = Math.max(this.#contactMs ?? 0, this.#lookedMs - silentMs);
  }

  #contact({ mayAct }: Group): number | undefined {
    if (mayAct) return 0;
    return this.#contactMs === undefined ? undefined : this.#deps.clock.monotonicMs() - this.#contactMs;
  }

  #leader({ standpoint: { leader, self, configuration } }: Group): GroupNow['leader'] {
    const member = configuration.members.find(({ id }) => id === leader);
    if (leader === undefined || member === undefined) return undefined;
    return { address: member.address, url: leader === self ? this.url : this.#deps.wordOf(leader)?.url };
  }

  #members(): readonly MemberView[] {
    if (this.#seen === undefined) return [];
    const { status, view } = this.#seen;
    return view.members.map(({ id, node, address, labels, kind, self, answers, lagEntries }) => ({
      ...{ address, kind },
      name: node,
      labels: Object.values(labels),
      healthy: answers && (self ? this.#deps.own() : this.#deps.wordOf(id))?.backend !== false,
      silentMs: self ? 0 : status.peers.find((peer) => peer.id === id)?.silentMs,
      clockOffsetMs: self ? 0 : this.#deps.clockOffsetOf(id),
      behind: lagEntries,
    }));
  }

  #tolerance(): Pick<GroupNow, 'tolerates' | 'toleratesBy' | 'warnings'> {
    if (this.#seen === undefined) return UNKNOWN;
    const { smallest, voters, places, warnings } = this.#seen.view.tolerance;
    return {
      tolerates: smallest,
      toleratesBy: { Voter: voters, ...places },
      warnings: [...warnings, ...this.#clockWarning()],
    };
  }

  #clockWarning(): readonly string[] {
    const { membership, clockOffsetOf } = this.#deps;
    const leader = membership.node?.group.standpoint.leader;
    const offsetMs = leader === undefined ? undefined : clockOffsetOf(leader);
    return offsetMs === undefined || clockTrouble(offsetMs) === 'none' ? [] : [clockText(offsetMs)];
  }

  #joined(): RaftNode {
    const { node, waiting = STARTING } = this.#deps.membership;
    if (node !== undefined) return node;
    throw new OrchestratorError('UNAVAILABLE', `this node is not in its group yet: ${waiting.reason}`);
  }

  /** @throws {OrchestratorError} `UNAVAILABLE`: nobody leads yet */
  #succeeded(group: Group): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        cancel();
        group.off('moved', look);
        settle();
      };
      const look = ({ role, leader, settled }: Group['standpoint']) => {
        if (role !== 'leader' && leader !== undefined && settled) end(resolve);
      };
      const cancel = this.#deps.clock.after(SILENT_TIMEOUTS * this.electionTimeoutMs, () =>
        end(() => reject(unknown('leadership was handed over, and no new leader is known yet'))),
      );
      group.on('moved', look);
      look(group.standpoint);
    });
  }
}

const STARTING: Waiting = {
  phase: 'discovering',
  reason: 'it has just started',
  problem: undefined,
  attempts: undefined,
};

const UNKNOWN = { tolerates: -1, toleratesBy: {}, warnings: [] };

const NOWHERE: Omit<GroupNow, 'waiting' | 'draining' | 'life' | 'lifeMs' | 'nextAttemptMs'> = {
  role: 'candidate',
  term: 0,
  leader: undefined,
  leaderContactMs: undefined,
  commit: 0,
  applied: 0,
  members: [],
  quorum: 0,
  ...UNKNOWN,
  concerns: [],
  sync: undefined,
  threadSilentMs: 0,
};

function untilNext(waiting: Waiting | undefined, nowMs: number): number | undefined {
  if (waiting?.attempts === undefined) return undefined;
  const { nextMs, everyMs } = waiting.attempts;
  const ms = nextMs - nowMs;
  return ms >= 0 ? ms : everyMs - (-ms % everyMs);
}
