import { randomUUID } from 'node:crypto';
import { type BegunCall, type CallOutcome, Calls } from '../command/calls.ts';
import type { Command, Stamp } from '../command/command.ts';
import type { CallMemory, CallStart } from '../http/ports.ts';
import type { Agreement } from './agreement.ts';
import type { Restored, Storage } from './ports.ts';

type CallCommand = Extract<Command, { op: 'begin-call' | 'end-call' }>;

export function isCallCommand(command: Command): command is CallCommand {
  return command.op === 'begin-call' || command.op === 'end-call';
}

/** What callers were told, as all nodes know it: a call is begun and ended by agreement, before it is made and before it is answered. */
export class AgreedCalls implements CallMemory {
  readonly #storage: Pick<Storage, 'callKept' | 'callForgotten'>;
  readonly #agreement: () => Agreement;
  readonly #calls = new Calls();

  constructor(
    storage: Pick<Storage, 'callKept' | 'callForgotten'>,
    agreement: () => Agreement,
    restored: Restored['calls'],
  ) {
    this.#storage = storage;
    this.#agreement = agreement;
    this.#calls.restore(restored);
  }

  /** The backend holds another state than memory does: that one counts. */
  reload(calls: Restored['calls']): void {
    this.#calls.restore(calls);
  }

  async begin(id: string, request: string): Promise<CallStart> {
    const attempt = randomUUID();
    const answer = (await this.#agreement().decide({ op: 'begin-call', id, request, attempt })) as BegunCall;
    return answer.kind === 'begun' ? { ...answer, attempt } : answer;
  }

  async end(id: string, attempt: string, outcome: CallOutcome | undefined): Promise<void> {
    await this.#agreement().decide({ op: 'end-call', id, attempt, outcome: outcome ?? null });
  }

  /** Does what was agreed on. */
  apply(command: CallCommand, { atMs, index }: Stamp): unknown {
    const { id, attempt } = command;
    this.expire(atMs);
    if (command.op === 'begin-call') {
      const begun = this.#calls.begin({ id, request: command.request, attempt, beganMs: atMs, index });
      if (begun.kind === 'begun') this.#keep(id);
      return begun;
    }
    const ended = this.#calls.end(id, attempt, command.outcome ?? undefined);
    if (ended) this.#keep(id);
    return ended;
  }

  /** @param nowMs as stamped */
  expire(nowMs: number): void {
    for (const id of this.#calls.forgetOld(nowMs)) this.#storage.callForgotten(id);
  }

  #keep(id: string): void {
    const call = this.#calls.find(id);
    if (call === undefined) this.#storage.callForgotten(id);
    else this.#storage.callKept(call);
  }
}
