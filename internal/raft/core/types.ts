/** Identifies one incarnation of one node: a wiped disk returns under another id, and with it loses its vote (C-124). Never empty. */
export type MemberId = string;

/** Both count up from 1, stay below 2^52 and are 0 where there is nothing. */
export type Term = number;
export type Index = number;

/** Number of a disk write, counted from 1 for each start of the process. Writes become durable in this order. */
export type WriteId = number;

/** Largest index or term; reaching it is fatal. */
export const LARGEST_NUMBER = 2 ** 52;

export interface Member {
  readonly id: MemberId;
  /** Name of the node, the same over all its incarnations. */
  readonly node: string;
  readonly incarnation: string;
  readonly address: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Whether a learner becomes a voter by itself once it has caught up. */
  readonly promote: boolean;
}

/** Who belongs to the group. While `outgoing` has members, a quorum needs a majority of `voters` and one of `outgoing` (joint phase). */
export interface Configuration {
  /** Everyone named below, sorted by id. */
  readonly members: readonly Member[];
  readonly voters: readonly MemberId[];
  /** Voters before the running joint change; empty outside of one. */
  readonly outgoing: readonly MemberId[];
  /** Receive the log and never count. */
  readonly learners: readonly MemberId[];
  /** Outgoing voters that are learners once the joint phase ends. */
  readonly nextLearners: readonly MemberId[];
  /** Members of before that were let go for being gone for long, the latest last: whoever returns as one of them may begin anew (F-51). */
  readonly reaped: readonly MemberId[];
}

export const NO_CONFIGURATION: Configuration = {
  members: [],
  voters: [],
  outgoing: [],
  learners: [],
  nextLearners: [],
  reaped: [],
};

interface EntryHead {
  readonly index: Index;
  readonly term: Term;
  /** Wall clock of the leader that appended it, in ms; never lower than the stamp before it. */
  readonly stampMs: number;
}

/** `data` is never parsed by the core. */
export type LogEntry =
  | (EntryHead & { readonly kind: 'command'; readonly data: Uint8Array })
  | (EntryHead & { readonly kind: 'noop' })
  | (EntryHead & { readonly kind: 'configuration'; readonly configuration: Configuration });

/** What the log store keeps in one row. */
export interface HardState {
  readonly term: Term;
  /** Who got this node's vote in `term`; `SPENT_VOTE` where it is not known any more. */
  readonly vote: MemberId | undefined;
}

/** A vote that may have been given, to nobody knows whom: no other is given in its term. */
export const SPENT_VOTE: MemberId = '';

export interface SnapshotMeta {
  /** Differs between two snapshots of the same index, since their bytes may differ. */
  readonly id: string;
  readonly index: Index;
  readonly term: Term;
  readonly stampMs: number;
  /** The configuration in force at `index`, and where in the log it stood. */
  readonly configuration: Configuration;
  readonly configurationIndex: Index;
  readonly bytes: number;
}

export const NO_SNAPSHOT: SnapshotMeta = {
  id: '',
  index: 0,
  term: 0,
  stampMs: 0,
  configuration: NO_CONFIGURATION,
  configurationIndex: 0,
  bytes: 0,
};

/** Where an entry's bytes are counted: its payload and a flat sum for the rest. */
export function entryBytes(entry: LogEntry): number {
  if (entry.kind === 'command') return 32 + entry.data.length;
  return entry.kind === 'noop' ? 32 : 32 + 256 * entry.configuration.members.length;
}

/** The first entry of every founder's log (term 1, in which nobody is ever elected): the same on all of them, by their consent. */
export function foundingEntry(configuration: Configuration, stampMs: number): LogEntry {
  return { index: 1, term: 1, stampMs, kind: 'configuration', configuration };
}
