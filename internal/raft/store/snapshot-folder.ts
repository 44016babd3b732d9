// The snapshots of one node: those that come in from a leader, those it takes itself, the few that are kept. Which of them is
// the latest is written in the log store, in the transaction that goes with it; until then a new file is only one more file.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { ChunkRequest, StagedChunk } from '../core/effects.ts';
import type { SnapshotMeta } from '../core/types.ts';
import { type Damage, DamageFound, isFull, type Outcome } from './failures.ts';
import { type Files, syncDirectory } from './files.ts';
import { type SnapshotDescription, SnapshotDraft, SnapshotFile } from './snapshot-file.ts';

/** How many finished ones stay. */
const KEPT = 3;
const SUFFIX = '.snapshot';
const PART = '.part';
const INCOMING = `incoming${PART}`;
const OWN = `own${PART}`;

export type ReadChunk =
  | { readonly kind: 'chunk'; readonly data: Uint8Array }
  /** Thrown away since. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'damaged'; readonly damage: Damage };

/** @throws {DamageFound} */
export function openSnapshot(files: Files, directory: string, id: string): SnapshotFile {
  const path = join(directory, `${id}${SUFFIX}`);
  const file = SnapshotFile.open(files, path);
  if (file.meta.id !== id) throw new DamageFound('mixed', path, `it holds snapshot ${file.meta.id}`);
  return file;
}

export interface SnapshotFolderDeps {
  readonly files: Files;
  readonly directory: string;
  /** Makes room on a full disk so that a snapshot can be completed; false: there is none to be made. */
  readonly makeRoom: () => boolean;
}

export class SnapshotFolder {
  readonly #deps: SnapshotFolderDeps;
  readonly #kept = new Map<string, SnapshotFile>();
  #incoming: { readonly id: string; readonly draft: SnapshotDraft } | undefined;
  #own: SnapshotDraft | undefined;

  constructor(deps: SnapshotFolderDeps) {
    this.#deps = deps;
  }

  /**
   * After a start that found `latest` sound: clears away what a crash left half done, a snapshot among it that nothing refers to yet. Older
   * ones stay.
   */
  open(latest: SnapshotMeta | undefined): void {
    for (const name of this.#names()) {
      const file = name.endsWith(SUFFIX) && latest !== undefined ? this.#readable(name) : undefined;
      if (file !== undefined && (file.meta.id === latest?.id || file.meta.index < latest!.index))
        this.#kept.set(file.meta.id, file);
      else if (name.endsWith(SUFFIX) || name.endsWith(PART)) this.#remove(name);
    }
    if (latest !== undefined) this.#retain(latest);
  }

  /** In order from 0 on; a chunk at 0, or one of another snapshot, begins anew. */
  stage({ snapshot, offset, data }: StagedChunk): Outcome {
    return this.#withRoom(() => {
      if (offset === 0) this.#beginIncoming(snapshot.id);
      const incoming = this.#incoming;
      assert(incoming?.id === snapshot.id && incoming.draft.bytes === offset, 'chunks are staged in order');
      incoming.draft.append(data);
    });
  }

  /**
   * Makes a durable snapshot of what is staged. Where that was done before, and the log could not be written then, it is not done again.
   *
   * @throws {DamageFound} what is staged is not the snapshot that its name says
   */
  install(meta: SnapshotMeta): Outcome {
    if (this.#kept.has(meta.id)) return 'durable';
    const incoming = this.#incoming;
    assert(incoming?.id === meta.id, 'only what was staged is installed');
    const outcome = this.#finish(incoming.draft, meta);
    if (outcome === 'durable') this.#incoming = undefined;
    return outcome;
  }

  /** Begins a snapshot of this node's own state; one that was under way is dropped. */
  begin(): Outcome {
    return this.#withRoom(() => {
      this.#own?.close();
      this.#own = undefined;
      this.#own = new SnapshotDraft(this.#deps.files, this.#path(OWN));
    });
  }

  append(data: Uint8Array): Outcome {
    return this.#withRoom(() => this.#ownDraft().append(data));
  }

  /** The meta of the durable snapshot, or `full`: then it may be called again. */
  finish(description: SnapshotDescription): SnapshotMeta | 'full' {
    const draft = this.#ownDraft();
    const meta = draft.identify(description);
    if (!this.#kept.has(meta.id) && this.#finish(draft, meta) === 'full') return 'full';
    this.#own = undefined;
    return meta;
  }

  abandon(): void {
    this.#own?.close();
    this.#own = undefined;
    this.#deps.files.remove(this.#path(OWN));
  }

  read({ snapshotId, offset, length }: Omit<ChunkRequest, 'to'>): ReadChunk {
    const file = this.#kept.get(snapshotId);
    if (file === undefined) return { kind: 'gone' };
    try {
      return { kind: 'chunk', data: file.read(offset, length) };
    } catch (err) {
      if (err instanceof DamageFound) return { kind: 'damaged', damage: err.damage };
      throw err;
    }
  }

  /** The log store names `latest` now: what is too old, or was taken over, goes. */
  recorded(latest: SnapshotMeta): void {
    this.#retain(latest);
  }

  /** From oldest to newest. */
  list(): readonly SnapshotMeta[] {
    return [...this.#kept.values()].map(({ meta }) => meta).sort((a, b) => a.index - b.index);
  }

  close(): void {
    this.#incoming?.draft.close();
    this.#own?.close();
  }

  #finish(draft: SnapshotDraft, meta: SnapshotMeta): Outcome {
    const { files, directory } = this.#deps;
    const path = this.#path(`${meta.id}${SUFFIX}`);
    const actual = draft.identify(meta);
    if (actual.id !== meta.id || actual.bytes !== meta.bytes) {
      const what = `it is to be snapshot ${meta.id} of ${meta.bytes} bytes, and holds ${actual.id} of ${actual.bytes}`;
      throw new DamageFound('checksum', draft.path, what);
    }
    return this.#withRoom(() => {
      draft.seal(meta);
      SnapshotFile.open(files, draft.path).verify();
      files.rename(draft.path, path);
      syncDirectory(files, directory);
      this.#kept.set(meta.id, SnapshotFile.open(files, path));
      draft.close();
    });
  }

  #beginIncoming(id: string): void {
    this.#incoming?.draft.close();
    this.#incoming = undefined;
    this.#incoming = { id, draft: new SnapshotDraft(this.#deps.files, this.#path(INCOMING)) };
  }

  #ownDraft(): SnapshotDraft {
    assert(this.#own !== undefined, 'a snapshot was begun');
    return this.#own;
  }

  /** Keeps `latest` and the ones before it. */
  #retain(latest: SnapshotMeta): void {
    const others = this.list().filter(({ id }) => id !== latest.id);
    const old = others.filter(({ index }) => index <= latest.index);
    const going = [
      ...old.slice(0, Math.max(0, old.length - (KEPT - 1))),
      ...others.filter(({ index }) => index > latest.index),
    ];
    for (const { id } of going) {
      this.#kept.delete(id);
      this.#remove(`${id}${SUFFIX}`);
    }
    if (going.length > 0) syncDirectory(this.#deps.files, this.#deps.directory);
  }

  /** An older one that cannot be read is of no use to anybody. */
  #readable(name: string): SnapshotFile | undefined {
    try {
      return openSnapshot(this.#deps.files, this.#deps.directory, name.slice(0, -SUFFIX.length));
    } catch (err) {
      if (err instanceof DamageFound) return undefined;
      throw err;
    }
  }

  /** A full disk is a matter of time; anything else is not. */
  #withRoom(work: () => void): Outcome {
    try {
      work();
      return 'durable';
    } catch (err) {
      if (!isFull(err)) throw err;
    }
    if (!this.#deps.makeRoom()) return 'full';
    return this.#withRoom(work);
  }

  #names(): readonly string[] {
    return this.#deps.files.list(this.#deps.directory);
  }

  #remove(name: string): void {
    this.#deps.files.remove(this.#path(name));
  }

  #path(name: string): string {
    return join(this.#deps.directory, name);
  }
}
