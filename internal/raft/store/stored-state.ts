// Everything of the log store that is no entry: one document, so that it changes as a whole with the entries it belongs to.

import { crc32c } from '@node-rs/crc32';
import type { HardState, Index, MemberId, Term } from '../core/types.ts';
import type { Place } from './entry-row.ts';

export interface StoredState {
  /** Of the identity beside the file: the two belong together. */
  readonly incarnation: string;
  /** Counts the transactions since the file was made. */
  readonly sequence: number;
  readonly term: Term;
  readonly vote: MemberId | null;
  readonly removed: boolean;
  /** Where the log begins: the place before its first entry. */
  readonly before: Place;
  readonly last: Place;
  /** The latest one; null where there is none yet. */
  readonly snapshot: { readonly id: string; readonly index: Index; readonly term: Term } | null;
}

export interface StateRow {
  readonly document: string;
  readonly crc: number;
}

export function stateRow(state: StoredState): StateRow {
  const document = JSON.stringify(state);
  return { document, crc: crc32c(document) };
}

/** Undefined: the checksum is wrong. */
export function stateOf({ document, crc }: StateRow): StoredState | undefined {
  return crc32c(document) === crc ? (JSON.parse(document) as StoredState) : undefined;
}

export function hardStateOf({ term, vote }: StoredState): HardState {
  return { term, vote: vote ?? undefined };
}
