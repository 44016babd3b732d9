// Turns the core's effects into acts. All inputs that wait are stepped through together, so that one sync of the disk
// covers whatever they wrote, and what must not leave before that leaves right behind it.

import type { RaftCore } from '../core/core.ts';
import type { Effects, Outgoing } from '../core/effects.ts';
import type { Input, Moment } from '../core/inputs.ts';
import type { WriteId } from '../core/types.ts';
import { DiskQueue } from './disk-queue.ts';
import type { Host, LogStore, Outcome, Peers } from './ports.ts';

export interface DriverDeps {
  readonly core: RaftCore;
  readonly store: LogStore;
  readonly peers: Peers;
  readonly host: Host;
  readonly moment: () => Moment;
  /** Runs `work` soon, once what has arrived already was taken; `setImmediate`. */
  readonly soon: (work: () => void) => void;
  /** After this long without a turn, time goes first. */
  readonly pauseMs: number;
  /** How long a full disk is left alone. */
  readonly fullRetryMs: number;
  /** The node cannot go on: a broken invariant, or a disk that does not keep what it is given. */
  readonly onFatal: (err: unknown) => void;
}

/** What waits for a full disk beyond this is dropped, the oldest first: whoever it is for asks again. */
const MOST_HELD = 4_096;

export class Driver {
  readonly #deps: DriverDeps;
  readonly #disk: DiskQueue;
  #waiting: Input[] = [];
  #held: Outgoing[] = [];
  #scheduled = false;
  #tidying = false;
  #dead = false;
  #turnedMs: number;
  #outcome: Outcome = 'durable';

  constructor(deps: DriverDeps) {
    this.#deps = deps;
    this.#disk = new DiskQueue(deps.store, deps.fullRetryMs);
    this.#turnedMs = deps.moment().nowMs;
  }

  take(input: Input): void {
    if (this.#dead || (!this.durable && isPartOfSnapshot(input))) return;
    this.#waiting.push(input);
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#deps.soon(() => this.#orFatal(() => this.#turn()));
  }

  /** Whether nothing waits for the disk. */
  get durable(): boolean {
    return this.#disk.outcome === 'durable';
  }

  /** Nothing leaves any more, and nothing is stored. */
  stop(): void {
    this.#dead = true;
  }

  #turn(): void {
    const { host, moment } = this.#deps;
    this.#scheduled = false;
    // After a pause of the process the clock has its say before anything that was asked for meanwhile.
    if (moment().nowMs - this.#turnedMs > this.#deps.pauseMs) this.#waiting.unshift({ kind: 'tick' });
    let durable: WriteId | undefined;
    let wrote = false;
    do {
      this.#stepThrough();
      durable = this.#disk.flush(moment().nowMs);
      this.#tellDisk();
      if (durable === undefined) continue;
      wrote = true;
      this.#release(durable);
      this.#waiting.unshift({ kind: 'persisted', write: durable });
    } while (durable !== undefined);
    if (wrote) this.#tidy();
    this.#turnedMs = moment().nowMs;
    host.turned();
  }

  /** Everything that waits, and what comes of it, up to the next sync. */
  #stepThrough(): void {
    const { core, host, moment } = this.#deps;
    for (let input = this.#waiting.shift(); input !== undefined; input = this.#waiting.shift()) {
      const effects = core.step(moment(), input);
      host.stepped();
      this.#perform(effects);
    }
  }

  #perform({ stage, write, send, apply, answers, events, readSnapshot, takeSnapshot }: Effects): void {
    const { store, peers, host } = this.#deps;
    this.#disk.add(stage, write);
    for (const outgoing of send) {
      if (outgoing.after === 0) peers.send(outgoing.message);
      else this.#hold(outgoing);
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

  #hold(outgoing: Outgoing): void {
    this.#held.push(outgoing);
    if (!this.durable && this.#held.length > MOST_HELD) this.#held.shift();
  }

  #release(durable: WriteId): void {
    const held = this.#held;
    this.#held = held.filter(({ after }) => after > durable);
    for (const { message, after } of held) if (after <= durable) this.#deps.peers.send(message);
  }

  #tellDisk(): void {
    const { outcome } = this.#disk;
    if (outcome === this.#outcome) return;
    this.#outcome = outcome;
    this.#deps.host.disk(outcome);
  }

  /** One round of it, and the next one behind whatever has arrived by then. */
  #tidy(): void {
    if (this.#tidying || this.#deps.store.upkeep() !== 'more') return;
    this.#tidying = true;
    this.#deps.soon(() =>
      this.#orFatal(() => {
        this.#tidying = false;
        this.#tidy();
      }),
    );
  }

  #orFatal(work: () => void): void {
    if (this.#dead) return;
    try {
      work();
    } catch (err) {
      this.#dead = true;
      this.#deps.onFatal(err);
    }
  }
}

/** Its leader sends it again: on a full disk it would wait in memory, and the next ones behind it, as many as the snapshot has. */
function isPartOfSnapshot(input: Input): boolean {
  return input.kind === 'message' && input.message.kind === 'snapshotChunk';
}
