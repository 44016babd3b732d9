// The group of daemons that this node belongs to, as the API sees it.

/** One member, as far as this node knows; the leader knows most. */
export interface MemberView {
  /** `host:port` that the others dial. */
  readonly address: string;
  /** Name of the node. */
  readonly name: string;
  /** `leaving`: counts until the running change of members is done. */
  readonly kind: 'voter' | 'learner' | 'leaving';
  /** Values of its labels: region, data center, zone. */
  readonly labels: readonly string[];
  /** In touch with the group. */
  readonly healthy: boolean;
  /** Since it was last heard of; undefined: not since this process runs. */
  readonly silentMs: number | undefined;
  /** By how much its clock is ahead of this node's, ms; undefined: it has not said what it shows. */
  readonly clockOffsetMs: number | undefined;
  /** Entries of the log that it lacks; told by the leader only. */
  readonly behind: number | undefined;
}

/** A node that is not in its group yet. */
export interface Waiting {
  /**
   * `discovering`: it looks for the others. `joining`: there is a group, which has not let it in yet. `founding`: it has promised to found a
   * group and waits for the rest.
   */
  readonly phase: 'discovering' | 'joining' | 'founding';
  readonly reason: string;
  /** What went wrong when the others were last called on; undefined: nothing. */
  readonly problem: string | undefined;
  /** When they are called on next, ms on the monotonic clock, and how often after that; undefined: not begun yet. */
  readonly attempts: { readonly nextMs: number; readonly everyMs: number } | undefined;
}

export interface StateNow {
  /** This node holds what its group does, as far as anybody knows; else it answers no reads. */
  readonly sound: boolean;
  /** Entry at which it was found to hold something else. */
  readonly differsSince: number | undefined;
  /** It takes the state of the leader. */
  readonly repairing: boolean;
  readonly lastRepair:
    | { readonly atMs: number; readonly index: number; readonly from: string; readonly why: string }
    | undefined;
}

/** Where a node stands in its life (raft reference 3.2). `isolated`: a member that hears of no leader. */
export type LifeState = 'discovering' | 'joining' | 'founding' | 'voter' | 'nonVoter' | 'draining' | 'isolated';

/** All of it as of this moment, from memory. */
export interface GroupNow {
  readonly role: 'leader' | 'follower' | 'candidate';
  readonly term: number;
  readonly leader:
    | {
        readonly address: string;
        /** Of its API, for this leader and no former one; undefined: not heard yet (C-32). */
        readonly url: string | undefined;
      }
    | undefined;
  /** Since the leader was last heard; 0 on the leader itself; undefined: never. */
  readonly leaderContactMs: number | undefined;
  readonly commit: number;
  readonly applied: number;
  /** This node included. */
  readonly members: readonly MemberView[];
  /** Voters that are needed to agree on anything. */
  readonly quorum: number;
  /** What may be lost now without the group coming to a halt, counted in voters or in places, whichever is less; below 0: it has come to one. */
  readonly tolerates: number;
  /** The numbers that it is the least of: `Voter`, `Host`, `Zone`, `DataCenter`, `Region`, as far as they are known. */
  readonly toleratesBy: Readonly<Record<string, number>>;
  /** What an operator should change about the group. */
  readonly warnings: readonly string[];
  readonly waiting: Waiting | undefined;
  /** Of the state that all nodes hold alike; undefined where this node has none yet. */
  readonly state?: StateNow | undefined;
  readonly life: LifeState;
  /** So long it has been that. */
  readonly lifeMs: number;
  /** Until the others are called on again; undefined: this node is in its group. */
  readonly nextAttemptMs: number | undefined;
  readonly draining: boolean;
  /** Why this node does not want to lead; empty where it may. */
  readonly concerns: readonly string[];
  /** How long a write of the log took until it was durable, over the last seconds; undefined where there was none. */
  readonly sync: { readonly medianMs: number; readonly worstMs: number } | undefined;
  /** Since the consensus thread last gave a sign of life. */
  readonly threadSilentMs: number;
}

export interface GroupView {
  /** `RaftBind` and `RaftAdvertise`, ports completed. */
  readonly bind: string;
  readonly advertise: string;
  /** Of the API of this node, as the others are told (C-30). */
  readonly url: string;
  /** A leader that was heard this recently counts as there. */
  readonly electionTimeoutMs: number;
  /** This node leads under a lease that still runs, and has an entry of its own committed: nobody else can lead now (C-101). */
  readonly mayAct: boolean;
  /**
   * The same; and while this node hands over, until its successor has committed something (F-90). What load balancers go by.
   */
  readonly leads: boolean;
  now(): GroupNow;
  /**
   * A round among the members, begun now, has shown who leads, and all that was agreed on before is applied here.
   *
   * @throws {OrchestratorError} `NOT_LEADER`, `UNAVAILABLE`
   */
  confirm(): Promise<void>;
  /**
   * Hands leadership over.
   *
   * @param to address of a member; undefined: whoever is fit
   * @param wait until the new leader is known
   * @throws {OrchestratorError} `NOT_LEADER`, `UNAVAILABLE`: it stays where it is
   */
  transfer(to: string | undefined, wait: boolean): Promise<void>;
  /**
   * Takes a node in that does not vote until it has caught up; one that is in already is left as it is.
   *
   * @param wait until it votes
   * @throws {OrchestratorError} `NOT_LEADER`, `UNAVAILABLE`, `OUTCOME_UNKNOWN`
   */
  addPeer(address: string, wait: boolean): Promise<void>;
  /** The same the other way; one that is not in is left alone. */
  removePeer(address: string): Promise<void>;
  /**
   * Removes the highest-numbered members, one at a time, until `to` are left.
   *
   * @param most removes no more than so many now
   * @throws {OrchestratorError} the same; a message that ends in `ask again` says that another node goes on with it
   */
  scaleDown(to: number, most: number): Promise<{ readonly removed: readonly string[]; readonly members: number }>;
  /**
   * The state of the group as this node has it, as `raft-restore` takes it: with checksums, the last of them at its end.
   *
   * @throws {OrchestratorError} `UNAVAILABLE`: there is none, or it is not what the leader has
   */
  backup(): Promise<{ readonly name: string; readonly bytes: AsyncIterable<Uint8Array> }>;
  /** Of this node. */
  takeSnapshot(): Promise<void>;
  /**
   * Makes this node ready to be stopped: not ready for work, and no leader as soon as another is. Resolves when that is so, or cannot be.
   * Taken back by `undrain`, or by a restart (F-90).
   */
  drain(): Promise<void>;
  undrain(): void;
}
