// Asks the other nodes what they see of a server, and answers when they ask. Travels beside the log: an opinion is of this moment,
// and is worth nothing to anybody later.

import type { Opinion, View } from '../recovery/second-opinion.ts';
import type { Clock } from '../runtime/clock.ts';
import { errorText } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import { type InstanceKey, isUsableKey, keyText } from '../topology/instance-key.ts';

/** The way to the other nodes. */
export interface OpinionPort {
  /** All but this one. */
  peers(): readonly string[];
  /** One that nothing was heard of lately: it is asked too, and not waited for. */
  isSilent(node: string): boolean;
  /** To one of them, or nowhere: what does not get through is not repeated. */
  send(node: string, bytes: Uint8Array): void;
}

export interface OpinionsDeps {
  readonly port: OpinionPort;
  /** What this node sees, found out now. @param timeoutMs how long it may take */
  readonly look: (key: InstanceKey, timeoutMs: number) => Promise<Opinion>;
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: { readonly timeoutMs: number };
}

type Message =
  | { readonly kind: 'ask'; readonly id: number; readonly key: InstanceKey; readonly withinMs: number }
  | { readonly kind: 'say'; readonly id: number; readonly opinion: Opinion };

interface Question {
  readonly views: Map<string, View['opinion']>;
  readonly waitsFor: readonly string[];
  readonly done: () => void;
}

/** Longer than any message of ours; more comes from nobody who means well. */
const MOST_BYTES = 4_096;
/** So many questions of others are looked into at the same time. */
const MOST_LOOKS = 64;
/** Of the time for an answer, so much is for looking; the rest is for the way. */
const LOOK_SHARE = 0.75;
const OPINIONS: ReadonlySet<string> = new Set<Opinion>(['writable', 'readOnly', 'unseen', 'cannotTell']);

export class Opinions {
  readonly #deps: OpinionsDeps;
  readonly #questions = new Map<number, Question>();
  #nextId: number;
  #looks = 0;

  /** @param firstId differs from start to start, so that an answer to an earlier process is no answer to this one */
  constructor(deps: OpinionsDeps, firstId: number) {
    this.#deps = deps;
    this.#nextId = firstId;
  }

  get peers(): readonly string[] {
    return this.#deps.port.peers();
  }

  /** What each of the others sees now; those that have not answered in time, or were silent before, are silent. Never throws. */
  async ask(key: InstanceKey): Promise<readonly View[]> {
    const { port, clock, settings } = this.#deps;
    const { timeoutMs } = settings;
    const peers = port.peers();
    const waitsFor = peers.filter((node) => !port.isSilent(node));
    const id = this.#nextId;
    this.#nextId += 1;
    const views = new Map<string, View['opinion']>(peers.map((node) => [node, 'silent']));
    await new Promise<void>((resolve) => {
      const cancel = clock.after(timeoutMs, () => setImmediate(resolve)); // what came while this process was held up is read first
      const done = () => {
        cancel();
        resolve();
      };
      this.#questions.set(id, { views, waitsFor, done });
      const bytes = encode({ kind: 'ask', id, key, withinMs: timeoutMs });
      for (const node of peers) port.send(node, bytes);
      if (waitsFor.length === 0) done();
    });
    this.#questions.delete(id);
    return [...views].map(([node, opinion]) => ({ node, opinion }));
  }

  /** Something came from another node. */
  hear(node: string, bytes: Uint8Array): void {
    const message = decode(bytes);
    if (message === undefined) this.#deps.log.warn({ node, bytes: bytes.length }, 'an opinion that cannot be read');
    else if (message.kind === 'say') this.#heard(node, message);
    else
      this.#answer(node, message).catch((err: unknown) =>
        this.#deps.log.warn({ node, err: errorText(err) }, 'an opinion could not be given'),
      );
  }

  #heard(node: string, { id, opinion }: Extract<Message, { kind: 'say' }>): void {
    const question = this.#questions.get(id);
    if (question?.views.get(node) !== 'silent') return; // too late, not asked, or said before
    question.views.set(node, opinion);
    const { views, waitsFor } = question;
    if (opinion === 'writable' || !waitsFor.some((one) => views.get(one) === 'silent')) question.done();
  }

  async #answer(node: string, { id, key, withinMs }: Extract<Message, { kind: 'ask' }>): Promise<void> {
    const { port, look, settings, log } = this.#deps;
    let opinion: Opinion = 'cannotTell';
    if (this.#looks < MOST_LOOKS) {
      this.#looks += 1;
      try {
        opinion = await look(key, Math.min(withinMs, settings.timeoutMs) * LOOK_SHARE);
      } finally {
        this.#looks -= 1;
      }
    }
    log.info({ node, instance: keyText(key), opinion }, 'asked for an opinion');
    port.send(node, encode({ kind: 'say', id, opinion }));
  }
}

function encode(message: Message): Uint8Array {
  return Buffer.from(JSON.stringify(message));
}

/** Undefined: not from a node of ours. */
function decode(bytes: Uint8Array): Message | undefined {
  if (bytes.length > MOST_BYTES) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { kind, id, key, withinMs, opinion } = value as Readonly<Record<string, unknown>>;
  if (typeof id !== 'number' || !Number.isSafeInteger(id)) return undefined;
  if (kind === 'say' && typeof opinion === 'string' && OPINIONS.has(opinion))
    return { kind, id, opinion: opinion as Opinion };
  if (kind === 'ask' && isKey(key) && typeof withinMs === 'number' && withinMs > 0) return { kind, id, key, withinMs };
  return undefined;
}

function isKey(value: unknown): value is InstanceKey {
  if (typeof value !== 'object' || value === null) return false;
  const { hostname, port } = value as Readonly<Record<string, unknown>>;
  return typeof hostname === 'string' && typeof port === 'number' && isUsableKey({ hostname, port });
}
