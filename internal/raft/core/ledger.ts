import type { Index, WriteId } from './types.ts';

interface Pending {
  readonly id: WriteId;
  /** Once it is durable, so is the log up to here: where the log ended then, or less where it was cut since. */
  lastIndex: Index;
}

/** Which writes are on their way to the disk, and how far the log is known to be durable. */
export class Ledger {
  #lastId: WriteId = 0;
  #durableId: WriteId = 0;
  #hardStateId: WriteId = 0;
  #durableIndex: Index;
  #pending: Pending[] = [];

  constructor(durableIndex: Index) {
    this.#durableIndex = durableIndex;
  }

  get lastId(): WriteId {
    return this.#lastId;
  }

  get durableId(): WriteId {
    return this.#durableId;
  }

  /** The write that holds the present term and vote: no message leaves before it (P-1 to P-3). */
  get hardStateId(): WriteId {
    return this.#hardStateId;
  }

  /** Up to here the log in memory is on disk, entry for entry. */
  get durableIndex(): Index {
    return this.#durableIndex;
  }

  /** Numbers a write after which the log ends at `lastIndex`. */
  open(lastIndex: Index, holdsHardState: boolean): WriteId {
    this.#lastId += 1;
    if (holdsHardState) this.#hardStateId = this.#lastId;
    this.#pending.push({ id: this.#lastId, lastIndex });
    return this.#lastId;
  }

  persisted(id: WriteId): void {
    while (this.#pending.length > 0 && this.#pending[0]!.id <= id) {
      const { lastIndex } = this.#pending.shift()!;
      this.#durableIndex = Math.max(this.#durableIndex, lastIndex);
    }
    this.#durableId = Math.max(this.#durableId, id);
  }

  /**
   * The log was cut behind `lastIndex`. Writes on their way vouch for no more than that, even where the same entry comes back later: the cut
   * itself is a write behind them.
   */
  cut(lastIndex: Index): void {
    this.#durableIndex = Math.min(this.#durableIndex, lastIndex);
    for (const pending of this.#pending) pending.lastIndex = Math.min(pending.lastIndex, lastIndex);
  }
}
