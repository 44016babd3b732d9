// Calls of the API that were made under an Idempotency-Key: whoever makes one again, through whichever node, is told what came of the
// first time, and nothing is done twice (C-46). Deterministic: what is let go of, and when, follows from the commands and their stamps alone.

/** What the caller was told. */
export interface CallOutcome {
  /** Of HTTP. */
  readonly status: number;
  readonly json: string;
}

export interface KnownCall {
  /** Digest of caller and key. */
  readonly id: string;
  /** Digest of what was asked for: a key stands for one request. */
  readonly request: string;
  /** Whose it is to say how it ended. */
  readonly attempt: string;
  /** As stamped, ms. */
  readonly beganMs: number;
  /** Of the entry that began it; 0 where there is no log. */
  readonly index: number;
  /** Undefined: it is under way, or whoever was at it is gone. */
  readonly outcome: CallOutcome | undefined;
}

/** `open`: another attempt was begun and has not ended. */
export type BegunCall =
  | { readonly kind: 'begun' }
  | { readonly kind: 'open'; readonly request: string }
  | { readonly kind: 'ended'; readonly request: string; readonly outcome: CallOutcome };

const KEPT_MS = 600_000;
const MOST_CALLS = 10_000;
/** Of all answers together, in characters. */
const MOST_TEXT = 16 * 1024 * 1024;

export class Calls {
  /** By id, in the order in which they were begun. */
  readonly #known = new Map<string, KnownCall>();
  #text = 0;

  restore(calls: readonly KnownCall[]): void {
    this.#known.clear();
    this.#text = 0;
    for (const call of [...calls].sort((a, b) => a.index - b.index || a.beganMs - b.beganMs)) this.#put(call);
  }

  find(id: string): KnownCall | undefined {
    return this.#known.get(id);
  }

  /** Whoever finds it begun by another attempt must not make it. */
  begin(call: Omit<KnownCall, 'outcome'>): BegunCall {
    const known = this.#known.get(call.id);
    if (known === undefined) {
      this.#put({ ...call, outcome: undefined });
      return { kind: 'begun' };
    }
    const { attempt, request, outcome } = known;
    if (outcome !== undefined) return { kind: 'ended', request, outcome };
    return attempt === call.attempt ? { kind: 'begun' } : { kind: 'open', request };
  }

  /**
   * False: it is not this attempt's any more.
   *
   * @param outcome undefined: nothing was done, and it may be made under the same key
   */
  end(id: string, attempt: string, outcome: CallOutcome | undefined): boolean {
    const known = this.#known.get(id);
    if (known === undefined || known.attempt !== attempt || known.outcome !== undefined) return false;
    if (outcome === undefined) this.#drop(known);
    else this.#put({ ...known, outcome });
    return true;
  }

  /** Lets go of those that are old, and of the oldest where there are too many; the answer is their ids. */
  forgetOld(nowMs: number): readonly string[] {
    const dropped: string[] = [];
    for (const call of this.#known.values()) {
      const fits = this.#known.size <= MOST_CALLS && this.#text <= MOST_TEXT;
      if (fits && nowMs - call.beganMs < KEPT_MS) break;
      this.#drop(call);
      dropped.push(call.id);
    }
    return dropped;
  }

  #put(call: KnownCall): void {
    this.#text += sizeOf(call) - sizeOf(this.#known.get(call.id));
    this.#known.set(call.id, call);
  }

  #drop(call: KnownCall): void {
    this.#text -= sizeOf(call);
    this.#known.delete(call.id);
  }
}

function sizeOf(call: KnownCall | undefined): number {
  return call?.outcome?.json.length ?? 0;
}
