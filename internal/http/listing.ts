// Long lists, rendered a slice at a time.

import type { Clock } from '../runtime/clock.ts';
import { Bytes } from './bytes.ts';
import { SLICE_MS, type Turns } from './turns.ts';

const COMMA = Buffer.from(',');

/** Writes the JSON of one entry. False: nothing was written, it is left out. */
export type Encode<T> = (item: T, json: Bytes) => boolean;

/** A list that is not rendered yet. */
export class Listing<T> {
  readonly #items: () => readonly T[];
  readonly #encode: Encode<T>;

  /** @param items found, and put in order, when it is the list's turn */
  constructor(items: () => readonly T[], encode: Encode<T>) {
    this.#items = items;
    this.#encode = encode;
  }

  /** As JSON in UTF-8: the same bytes as those of an array, in blocks. To be called when it is this answer's turn. */
  async encode(clock: Pick<Clock, 'monotonicMs'>, turns: Turns): Promise<readonly Buffer[]> {
    const json = new Bytes();
    json.text('[');
    let empty = true;
    let endMs = clock.monotonicMs() + SLICE_MS;
    for (const item of this.#items()) {
      if (this.#encode(item, json)) {
        json.bytes(COMMA);
        empty = false;
      }
      if (clock.monotonicMs() < endMs) continue;
      await turns.next();
      endMs = clock.monotonicMs() + SLICE_MS;
    }
    if (!empty) json.drop(); // the last comma
    json.text(']');
    return json.blocks();
  }
}
