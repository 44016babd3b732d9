// What a key-value store outside is asked for. Whoever fills it compares before it writes, and writes only on top of what it
// compared with: two nodes that differ for a moment never overwrite each other blindly.

export interface Pair {
  readonly key: string;
  readonly value: string;
}

/** The pairs of one cluster: they change together where the store can do that. */
export interface PairGroup {
  /** Alias of the cluster. */
  readonly name: string;
  readonly pairs: readonly Pair[];
}

export interface KeyValueStore {
  /** As logs and errors call it. */
  readonly name: string;
  /**
   * Makes the store hold these pairs; what is the same already is not written.
   *
   * @param confirm asked between reading and writing; where it throws nothing more is written
   * @throws {OrchestratorError} `UNAVAILABLE`: some of it may have been written
   */
  write(groups: readonly PairGroup[], confirm: () => void, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** A pair as it is wanted, and where the store stood when it was read. */
export interface Change {
  readonly key: string;
  readonly value: string;
  /** Revision of the key, in the words of the store; `'0'`: there is none. */
  readonly revision: string;
}

/** What a store holds under one key. */
export interface Held {
  readonly value: string;
  readonly revision: string;
}

/** What has to be written of one group, in its order. */
export function changesOf({ pairs }: PairGroup, held: ReadonlyMap<string, Held>): readonly Change[] {
  return pairs
    .filter(({ key, value }) => held.get(key)?.value !== value)
    .map(({ key, value }) => ({ key, value, revision: held.get(key)?.revision ?? '0' }));
}
