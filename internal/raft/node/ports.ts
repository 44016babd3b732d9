// What the driver of a node stands on. Everything here is used on the consensus thread, and synchronously where a promise
// of the log is concerned.

import type { ChunkRequest, StagedChunk, Write } from '../core/effects.ts';
import type { RaftMessage } from '../core/messages.ts';
import type { Configuration } from '../core/types.ts';

export interface LogStore {
  /** One transaction for each, in their order, and one sync for all: durable when it returns. Throwing ends the node. */
  write(writes: readonly Write[]): void;
  stage(chunk: StagedChunk): void;
  /** Undefined: that snapshot is gone. */
  readChunk(request: ChunkRequest): Uint8Array | undefined;
}

export interface Peers {
  /** Never blocks; a message to somebody out of reach is dropped. */
  send(message: RaftMessage): void;
  /** Whom to keep connections to, and where. */
  follow(configuration: Configuration): void;
}
