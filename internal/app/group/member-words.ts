// What the members tell each other besides the log, again and again: where their API is, and how they are. So a follower knows
// the API of a new leader with its first message (C-32), and whoever asks for the health of the group needs no calls (C-71).

import type { MemberId } from '../../raft/core/types.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { StateDigest } from './verdict.ts';

export interface MemberWord {
  /** Of the API: scheme, host and port. */
  readonly url: string;
  readonly draining: boolean;
  /** The backend takes what it is given. */
  readonly backend: boolean;
  /** What its replicated tables came to, once it has the state of the group; undefined: not worked out, or an older release. */
  readonly state?: StateDigest | undefined;
  /** What its clock showed as it said this, Unix ms; undefined: an older release. */
  readonly wallMs?: number | undefined;
}

export interface MemberWordsDeps {
  readonly own: () => MemberWord;
  /** Everybody but this node. */
  readonly others: () => readonly MemberId[];
  readonly send: (to: MemberId, payload: Uint8Array) => void;
  readonly onWord?: (from: MemberId, word: MemberWord) => void;
  readonly clock: Pick<Clock, 'every'>;
  readonly everyMs: number;
}

const URL_FORM = /^https?:\/\/(\[[0-9a-f:.%]+\]|[a-z0-9._-]+)(:\d{1,5})?$/i;
const LONGEST_BYTES = 1_024;

export class MemberWords {
  readonly #deps: MemberWordsDeps;
  readonly #heard = new Map<MemberId, MemberWord>();
  #stop = () => {};

  constructor(deps: MemberWordsDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#stop = this.#deps.clock.every(this.#deps.everyMs, () => this.tell());
    this.tell();
  }

  stop(): void {
    this.#stop();
  }

  /** Now, not when it is time. */
  tell(): void {
    const { own, others, send } = this.#deps;
    const members = others();
    for (const id of this.#heard.keys()) if (!members.includes(id)) this.#heard.delete(id);
    const payload = Buffer.from(JSON.stringify(own()));
    for (const id of members) send(id, payload);
  }

  /** From a member that has proved who it is. What makes no sense is left alone. */
  hear(from: MemberId, payload: Uint8Array): void {
    const word = payload.length > LONGEST_BYTES ? undefined : wordIn(payload);
    if (word === undefined || !this.#deps.others().includes(from)) return;
    this.#heard.set(from, word);
    this.#deps.onWord?.(from, word);
  }

  of(id: MemberId): MemberWord | undefined {
    return this.#heard.get(id);
  }
}

function wordIn(payload: Uint8Array): MemberWord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(payload).toString('utf8'));
  } catch {
    return undefined;
  }
  const { url, draining, backend, state, wallMs } = (value ?? {}) as Partial<Record<keyof MemberWord, unknown>>;
  if (typeof url !== 'string' || !URL_FORM.test(url)) return undefined;
  const digest = digestIn(state);
  return {
    ...{ url, draining: draining === true, backend: backend !== false },
    ...(digest && { state: digest }),
    ...(typeof wallMs === 'number' && Number.isFinite(wallMs) && { wallMs }),
  };
}

function digestIn(value: unknown): StateDigest | undefined {
  const { index, digest } = (value ?? {}) as Partial<Record<keyof StateDigest, unknown>>;
  if (!Number.isSafeInteger(index) || typeof digest !== 'string') return undefined;
  return { index: Number(index), digest };
}
