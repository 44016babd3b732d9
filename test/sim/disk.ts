import type { Write } from '../../internal/raft/core/effects.ts';
import type { HardState, Index, LogEntry, SnapshotMeta, Term } from '../../internal/raft/core/types.ts';
import { NO_SNAPSHOT } from '../../internal/raft/core/types.ts';

/** A snapshot file: what it says of itself, and the state in it. */
export interface SnapshotFile {
  readonly meta: SnapshotMeta;
  readonly stateHash: number;
}

/** The replicated state: how far it is applied, and a hash over everything applied so far. */
export interface BackendState {
  readonly applied: Index;
  readonly hash: number;
}

/** What a crash now would leave: log store, snapshots and backend of one node. */
export class Disk {
  hardState: HardState = { term: 0, vote: undefined };
  removed = false;
  snapshot: SnapshotFile = { meta: NO_SNAPSHOT, stateHash: 0 };
  /** The newest three, which a transfer may be reading. */
  kept: readonly string[] = [];
  backend: BackendState = { applied: 0, hash: 0 };
  beforeIndex: Index = 0;
  beforeTerm: Term = 0;
  entries: LogEntry[] = [];
  /** Complete snapshot files received from a leader, installed or not. */
  readonly received = new Map<string, SnapshotFile>();

  get lastIndex(): Index {
    return this.beforeIndex + this.entries.length;
  }

  get lastTerm(): Term {
    return this.entries.at(-1)?.term ?? this.beforeTerm;
  }

  termAt(index: Index): Term | undefined {
    return index === this.beforeIndex ? this.beforeTerm : this.entries[index - this.beforeIndex - 1]?.term;
  }

  /** Whether the entry is here, or covered by the snapshot. */
  holds(index: Index, term: Term): boolean {
    return index <= this.beforeIndex || index <= this.snapshot.meta.index || this.termAt(index) === term;
  }

  keep(file: SnapshotFile): void {
    this.snapshot = file;
    this.kept = [...this.kept, file.meta.id].slice(-3);
  }

  /** One transaction, all of it. */
  commit(write: Write): void {
    if (write.hardState !== undefined) this.hardState = write.hardState;
    if (write.removed) this.removed = true;
    if (write.install !== undefined) this.#install(write.install.snapshot, write.install.keepLog);
    if (write.truncateFrom !== undefined) this.entries.length = write.truncateFrom - this.beforeIndex - 1;
    this.entries.push(...write.append);
    if (write.compactTo !== undefined) this.#compactTo(write.compactTo);
  }

  #install(snapshot: SnapshotMeta, keepLog: boolean): void {
    this.keep(this.received.get(snapshot.id)!);
    if (keepLog) {
      this.#compactTo(snapshot.index);
      return;
    }
    this.entries = [];
    this.beforeIndex = snapshot.index;
    this.beforeTerm = snapshot.term;
  }

  #compactTo(index: Index): void {
    const term = this.termAt(index)!;
    this.entries.splice(0, index - this.beforeIndex);
    this.beforeIndex = index;
    this.beforeTerm = term;
  }
}
