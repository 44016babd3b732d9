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
  /** Entries of the log that it lacks; told by the leader only. */
  readonly behind: number | undefined;
}

/** A node that is not in its group yet. */
export interface Waiting {
  /** `discovering`: it looks for the others, or was not let in yet. `founding`: it has promised to found a group and waits for the rest. */
  readonly phase: 'discovering' | 'founding';
  readonly reason: string;
}

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
  /** Voters that may be lost now without the group coming to a halt; below 0: it has come to one. */
  readonly tolerates: number;
  readonly waiting: Waiting | undefined;
  readonly draining: boolean;
  /** Why this node does not want to lead; empty where it may. */
  readonly concerns: readonly string[];
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
  /** Of this node. */
  takeSnapshot(): Promise<void>;
  /**
   * Makes this node ready to be stopped: not ready for work, and no leader as soon as another is. Resolves when that is so, or cannot be.
   * Taken back by `undrain`, or by a restart (F-90).
   */
  drain(): Promise<void>;
  undrain(): void;
}
