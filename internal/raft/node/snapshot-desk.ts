// Snapshots between the main thread, which knows the state, and the store, in pieces, so that no thread is busy with one for long.

import { OrchestratorError } from '../../runtime/errors.ts';
import type { RaftCore } from '../core/core.ts';
import type { ChunkRequest } from '../core/effects.ts';
import type { Input } from '../core/inputs.ts';
import { damageText } from '../store/failures.ts';
import type { RaftStore } from '../store/raft-store.ts';
import type { Outcome } from './ports.ts';
import type { SnapshotPiece } from './protocol.ts';

export interface SnapshotDeskDeps {
  readonly store: Pick<
    RaftStore,
    'beginSnapshot' | 'appendSnapshot' | 'finishSnapshot' | 'abandonSnapshot' | 'readSnapshot'
  >;
  readonly core: Pick<RaftCore, 'describeSnapshot' | 'log'>;
  take(input: Input): void;
  /** This piece is in the file. */
  kept(id: number): void;
}

export class SnapshotDesk {
  readonly #deps: SnapshotDeskDeps;
  /** For which there is no room yet. */
  #stuck: { readonly id: number; readonly piece: SnapshotPiece } | undefined;

  constructor(deps: SnapshotDeskDeps) {
    this.#deps = deps;
  }

  keep(id: number, piece: SnapshotPiece): void {
    this.#stuck = undefined;
    if (this.#store(piece) === 'full') this.#stuck = { id, piece };
    else this.#deps.kept(id);
  }

  /** To be called now and then: what there was no room for is tried again. */
  retry(): void {
    if (this.#stuck !== undefined) this.keep(this.#stuck.id, this.#stuck.piece);
  }

  failed(): void {
    this.#stuck = undefined;
    this.#deps.store.abandonSnapshot();
    this.#deps.take({ kind: 'snapshotFailed' });
  }

  /**
   * Undefined: it is gone.
   *
   * @throws {OrchestratorError} `RAFT_STORE_DAMAGED`: the latest one is not as it was written, and nothing can take its place
   */
  read(request: Omit<ChunkRequest, 'to'>): Uint8Array | undefined {
    const { store, core } = this.#deps;
    const read = store.readSnapshot(request);
    if (read.kind === 'chunk') return read.data;
    if (read.kind === 'damaged' && request.snapshotId === core.log.snapshot.id)
      throw new OrchestratorError('RAFT_STORE_DAMAGED', damageText(read.damage));
    return undefined;
  }

  #store(piece: SnapshotPiece): Outcome {
    const { store } = this.#deps;
    if (piece.kind === 'begin') return store.beginSnapshot();
    if (piece.kind === 'data') return store.appendSnapshot(piece.data);
    return this.#finish(piece.index);
  }

  #finish(index: number): Outcome {
    const { store, core, take } = this.#deps;
    if (index <= core.log.snapshot.index) {
      // one from the leader came meanwhile
      store.abandonSnapshot();
      take({ kind: 'snapshotTaken', snapshot: core.log.snapshot });
      return 'durable';
    }
    const finished = store.finishSnapshot(core.describeSnapshot(index));
    if (finished.kind === 'full') return 'full';
    if (finished.kind === 'taken') take({ kind: 'snapshotTaken', snapshot: finished.snapshot });
    return 'durable';
  }
}
