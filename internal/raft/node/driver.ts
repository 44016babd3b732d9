// Turns the core's effects into acts. All inputs that wait are stepped through together, so that one sync of the disk
// covers whatever they wrote, and what must not leave before that leaves right behind it.

import type { RaftCore } from '../core/core.ts';
import type { Answer, Applicable, CoreEvent, Effects, Outgoing, Write } from '../core/effects.ts';
import type { Input, Moment } from '../core/inputs.ts';
import type { Index, WriteId } from '../core/types.ts';
import type { LogStore, Peers } from './ports.ts';

/** What the rest of the process is told. */
export interface Host {
  apply(items: readonly Applicable[]): void;
  answer(answers: readonly Answer[]): void;
  event(event: CoreEvent): void;
  /** Take a snapshot of the state machine at this index or later. */
  takeSnapshot(from: Index): void;
}

export interface DriverDeps {
  readonly core: RaftCore;
  readonly store: LogStore;
  readonly peers: Peers;
  readonly host: Host;
  readonly moment: () => Moment;
  /** Runs `work` soon, once what has arrived already was taken; `setImmediate`. */
  readonly soon: (work: () => void) => void;
  /** The node cannot go on: a broken invariant, or a disk that does not keep what it is given. */
  readonly onFatal: (err: unknown) => void;
}

export class Driver {
  readonly #deps: DriverDeps;
  #waiting: Input[] = [];
  #held: Outgoing[] = [];
  #scheduled = false;
  #dead = false;

  constructor(deps: DriverDeps) {
    this.#deps = deps;
  }

  take(input: Input): void {
    this.#waiting.push(input);
    if (this.#scheduled || this.#dead) return;
    this.#scheduled = true;
    this.#deps.soon(() => this.#turn());
  }

  /** Nothing leaves any more. */
  stop(): void {
    this.#dead = true;
  }

  #turn(): void {
    this.#scheduled = false;
    try {
      let writes = this.#stepThrough();
      while (writes.length > 0) {
        this.#deps.store.write(writes);
        const write = writes.at(-1)?.id ?? 0;
        this.#release(write);
        this.#waiting.unshift({ kind: 'persisted', write });
        writes = this.#stepThrough();
      }
    } catch (err) {
      this.#dead = true;
      this.#deps.onFatal(err);
    }
  }

  /** Everything that waits, and what comes of it, up to the next sync; the answer is what that sync has to cover. */
  #stepThrough(): Write[] {
    const { core, moment } = this.#deps;
    const writes: Write[] = [];
    for (let input = this.#waiting.shift(); input !== undefined; input = this.#waiting.shift()) {
      const effects = core.step(moment(), input);
      this.#perform(effects);
      if (effects.write !== undefined) writes.push(effects.write);
    }
    return writes;
  }

  #perform({ stage, send, apply, answers, events, readSnapshot, takeSnapshot }: Effects): void {
    const { store, peers, host } = this.#deps;
    for (const chunk of stage) store.stage(chunk);
    for (const outgoing of send) {
      if (outgoing.after === 0) peers.send(outgoing.message);
      else this.#held.push(outgoing);
    }
    for (const event of events) {
      if (event.kind === 'configuration') peers.follow(event.configuration);
      host.event(event);
    }
    if (apply.length > 0) host.apply(apply);
    if (answers.length > 0) host.answer(answers);
    for (const { to, snapshotId, offset, length } of readSnapshot) {
      const data = store.readChunk({ to, snapshotId, offset, length });
      this.#waiting.push({ kind: 'snapshotRead', to, snapshotId, offset, data });
    }
    if (takeSnapshot !== undefined) host.takeSnapshot(takeSnapshot);
  }

  #release(durable: WriteId): void {
    const held = this.#held;
    this.#held = held.filter(({ after }) => after > durable);
    for (const { message, after } of held) if (after <= durable) this.#deps.peers.send(message);
  }
}
