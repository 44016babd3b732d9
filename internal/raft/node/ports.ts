// What the driver of a node stands on. Everything here is used on the consensus thread, and synchronously where a promise
// of the log is concerned.

import type { Answer, Applicable, ChunkRequest, CoreEvent, StagedChunk, Write } from '../core/effects.ts';
import type { RaftMessage } from '../core/messages.ts';
import type { Configuration, Index } from '../core/types.ts';

/** `full`: nothing of it was done for want of room, and it may be asked for again. */
export type Outcome = 'durable' | 'full';

/** Throwing ends the node. */
export interface LogStore {
  /** One transaction and one sync for all: durable when it returns. */
  write(writes: readonly Write[]): Outcome;
  stage(chunk: StagedChunk): Outcome;
  /** Undefined: that snapshot is gone. */
  readChunk(request: ChunkRequest): Uint8Array | undefined;
  /** A little tidying between batches. */
  upkeep(): 'done' | 'more' | 'full';
}

export interface Peers {
  /** Never blocks; a message to somebody out of reach is dropped. */
  send(message: RaftMessage): void;
  /** Whom to keep connections to, and where. */
  follow(configuration: Configuration): void;
}

/** The rest of the process, as it hears of what the driver does. */
export interface Host {
  /** After each step and before anything of it leaves: a lease that the step gave up must not outlive the order to take over. */
  stepped(): void;
  apply(items: readonly Applicable[]): void;
  answer(answers: readonly Answer[]): void;
  event(event: CoreEvent): void;
  /** Take a snapshot of the state machine at this index or later. */
  takeSnapshot(from: Index): void;
  /** `full`: something waits for room on the disk. Said when it changes. */
  disk(outcome: Outcome): void;
  /** Everything that had arrived is done, or waits for room. */
  turned(): void;
}
