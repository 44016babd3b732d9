import type { LogEntry, Member, MemberId } from '../core/types.ts';
import type { Identity } from '../store/identity.ts';
import type { Finding } from './choice.ts';

/** A group as its proposer would found it. Whoever promises it has agreed to every word of it. */
export interface Formation {
  /** Hash of everything below and of the cluster's name: the cluster id, should it come to be. */
  readonly id: string;
  readonly proposer: MemberId;
  /**
   * Wall clock of the proposer, ms, and stamp of the first entry. Above that of every proposal that the proposer made or heard of before:
   * of two proposals by the same node the later one counts.
   */
  readonly stampMs: number;
  readonly generation: number;
  /** Sorted by id. All of them consent; those that do not wish to vote begin as learners. */
  readonly members: readonly Member[];
}

/** What a node must not forget while it belongs to no group, and what it founded. */
export interface FormingRecord {
  /** Of this node's last own proposal; 0: it made none. */
  readonly stampMs: number;
  /** The one formation that this node consents to. Stays after the founding: its first entry is made of it. */
  readonly promise: Formation | undefined;
  /** Promised before, by proposers that lost their directory: nobody knows whether they had decided. */
  readonly doubtful: readonly Formation[];
}

export const NO_RECORD: FormingRecord = { stampMs: 0, promise: undefined, doubtful: [] };

export interface FormingSettings {
  readonly clusterName: string;
  /** This directory's; `clusterId` is undefined until a group is formed or joined. */
  readonly identity: Identity;
  /** This node as it would stand in the group; its `id`, `node` and `incarnation` are those of the identity. */
  readonly self: Member;
  /** Set where founders find each other: `nodes` and `founders` are empty then. */
  readonly finding: Finding | undefined;
  /** Ids of all listed nodes, which are their addresses as well (C-22), this node's included, sorted. */
  readonly nodes: readonly string[];
  /** Those of them that found the group, sorted; the others join. */
  readonly founders: readonly string[];
  /** How often a node without a group calls on the others. */
  readonly hailMs: number;
  /** `RaftBootstrapTimeoutSeconds`; 0 for none. */
  readonly timeoutMs: number;
}

/** What the start found beside the identity. */
export interface FoundForming {
  readonly record: FormingRecord;
  /** The log has entries, a snapshot, a term or a vote. */
  readonly raftState: boolean;
}

/** The wall clock goes into stamps only. */
export interface FormingMoment {
  readonly nowMs: number;
  readonly wallMs: number;
}

/** Who said it, as proved on the connection. */
export interface Sender {
  readonly member: MemberId;
  readonly node: string;
  readonly address: string;
}

export interface Bond {
  readonly formation: string;
  readonly proposer: MemberId;
  readonly stampMs: number;
}

export type FormingMessage =
  /** Of a node that belongs to no group: who it is, with whom it would found one, and what it has promised. */
  | {
      readonly kind: 'hail';
      readonly member: Member;
      /** Where they are listed. */
      readonly founders: readonly string[];
      /** How many it waits for, where they are found; 0 otherwise. */
      readonly expect: number;
      readonly generation: number;
      readonly bond: Bond | undefined;
    }
  | { readonly kind: 'propose'; readonly formation: Formation }
  /** The promise is durable. */
  | { readonly kind: 'promise'; readonly formation: string }
  /** By its proposer, who has not decided on it and never will. */
  | { readonly kind: 'abort'; readonly formation: string }
  /** The sender belongs to this group. To those who promised it, it is the decision. */
  | { readonly kind: 'formed'; readonly clusterId: string; readonly generation: number };

/** Whom to call on where nobody is listed. */
export interface Candidates {
  /** `host:port`, this node's own left out. */
  readonly addresses: readonly string[];
  /** Look-ups in a row, the last one included, that positively found nobody but this node. */
  readonly aloneTimes: number;
  /** Why the last look-up brought less than it should. */
  readonly problem: string | undefined;
}

/** What the record says that holds the id of the group of this name (F-16). */
export type ClaimAnswer =
  | { readonly kind: 'ours' }
  | { readonly kind: 'taken'; readonly by: string; readonly where: string }
  | { readonly kind: 'unknown'; readonly why: string };

export type FormingInput =
  | { readonly kind: 'tick' }
  | { readonly kind: 'candidates'; readonly candidates: Candidates }
  /** To `claim`. */
  | { readonly kind: 'claimed'; readonly formation: string; readonly answer: ClaimAnswer }
  | { readonly kind: 'message'; readonly from: Sender; readonly message: FormingMessage }
  /** The group that this node is outside of is about to write something here. */
  | { readonly kind: 'joined' }
  /** The operator takes this node's promise back (`raft-reset-formation`). */
  | { readonly kind: 'reset' };

export interface FormingOutgoing {
  /** As it stands in the list, or as the receiver told it. */
  readonly address: string;
  readonly message: FormingMessage;
}

/** What the shell does after a step, in this order: record, then identity, both durable when done; then send. */
export interface FormingEffects {
  readonly record: FormingRecord | undefined;
  readonly identity: Identity | undefined;
  readonly send: readonly FormingOutgoing[];
  /** All have promised this formation: claim the record for it. Said again with each call until it is answered. */
  readonly claim: string | undefined;
  /** A node without a group called on this one, which has one: for `admit`, where this node leads. */
  readonly knock: Member | undefined;
}

export interface ForeignGroup {
  readonly clusterId: string;
  readonly generation: number;
  /** Who told of it. */
  readonly contact: Sender;
}

export type RefusedForming =
  /** A log without a group. */
  | 'state'
  /** `RaftBootstrapTimeoutSeconds` are over. */
  | 'timeout'
  | 'twoGroups'
  /** A group was formed, and this node has promised another one. */
  | 'bound';

export type FormingOutcome =
  /**
   * `foundingEntry` goes into a log that is still empty, before the core starts; undefined for a node that joined and gets its log from the
   * leader.
   */
  | { readonly kind: 'formed'; readonly identity: Identity; readonly foundingEntry: LogEntry | undefined }
  /** `promised`: it has given its word and stays, whatever the time-out. */
  | { readonly kind: 'waiting'; readonly why: string; readonly promised: boolean }
  /** A group was formed without this incarnation, which asks its members to be taken in (C-124). `identity` is the one it then has. */
  | { readonly kind: 'outside'; readonly why: string; readonly group: ForeignGroup; readonly identity: Identity }
  /** It cannot go on by itself. */
  | { readonly kind: 'refused'; readonly reason: RefusedForming; readonly why: string };
