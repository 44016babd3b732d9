import type {
  Answer,
  Applicable,
  ChunkRequest,
  CoreEvent,
  Effects,
  Outgoing,
  RefusalReason,
  StagedChunk,
  Write,
} from './effects.ts';
import type { Ledger } from './ledger.ts';
import type { RaftMessage } from './messages.ts';
import type { HardState, Index, LogEntry, MemberId, SnapshotMeta } from './types.ts';

/** `log`: says something about the sender's log, and waits until that is durable (P-4, P-7). `term` waits for term and vote only. */
export type Vouches = 'term' | 'log';

/** Collects the effects of one step. Which write a message waits for is settled at its end, when it is known whether there is one. */
export class Outbox {
  hardStateChanged = false;
  removed = false;
  install: { readonly snapshot: SnapshotMeta; readonly keepLog: boolean } | undefined;
  truncateFrom: Index | undefined;
  compactTo: Index | undefined;
  takeSnapshot: Index | undefined;
  readonly append: LogEntry[] = [];
  readonly #messages: { readonly message: RaftMessage; readonly vouches: Vouches }[] = [];
  readonly #stage: StagedChunk[] = [];
  readonly #apply: Applicable[] = [];
  readonly #answers: Answer[] = [];
  readonly #events: CoreEvent[] = [];
  readonly #readSnapshot: ChunkRequest[] = [];

  send(message: RaftMessage, vouches: Vouches): void {
    this.#messages.push({ message, vouches });
  }

  stage(chunk: StagedChunk): void {
    this.#stage.push(chunk);
  }

  apply(item: Applicable): void {
    this.#apply.push(item);
  }

  answer(answer: Answer): void {
    this.#answers.push(answer);
  }

  refuse(id: number, reason: RefusalReason, leader: MemberId | undefined): void {
    this.#answers.push({ kind: 'refused', id, reason, leader });
  }

  event(event: CoreEvent): void {
    this.#events.push(event);
  }

  readSnapshot(request: ChunkRequest): void {
    this.#readSnapshot.push(request);
  }

  /** Closes the step. `lastIndex`: where the log ends now. */
  seal(ledger: Ledger, hardState: HardState, lastIndex: Index): Effects {
    const write = this.#write(ledger, hardState, lastIndex);
    const send: Outgoing[] = this.#messages.map(({ message, vouches }) => {
      const after = vouches === 'log' ? ledger.lastId : ledger.hardStateId;
      return { message, after: after > ledger.durableId ? after : 0 };
    });
    return {
      stage: this.#stage,
      write,
      send,
      apply: this.#apply,
      answers: this.#answers,
      events: this.#events,
      readSnapshot: this.#readSnapshot,
      takeSnapshot: this.takeSnapshot,
    };
  }

  #write(ledger: Ledger, hardState: HardState, lastIndex: Index): Write | undefined {
    const { hardStateChanged, install, truncateFrom, append, compactTo, removed } = this;
    const cuts = truncateFrom !== undefined || compactTo !== undefined;
    if (!hardStateChanged && install === undefined && !cuts && append.length === 0 && !removed) return undefined;
    const id = ledger.open(lastIndex, hardStateChanged);
    return {
      id,
      hardState: hardStateChanged ? hardState : undefined,
      install,
      truncateFrom,
      append,
      compactTo,
      removed,
    };
  }
}
