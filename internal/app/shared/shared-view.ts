// What daemons that share a backend know of each other's doings. Those that do not lead show what the rows say; the one that
// leads hears what operators asked of the others.

import type { Backend } from '../../backend/backend.ts';
import type { Command, Stamp } from '../../command/command.ts';
import type { Clock } from '../../runtime/clock.ts';
import { OrchestratorError } from '../../runtime/errors.ts';
import type { Log } from '../../runtime/log.ts';
import type { WatchedInstance } from '../../topology/instance.ts';
import type { Orchestrator } from '../orchestrator.ts';
import type { Restored } from '../ports.ts';
import { isWord, readWish, subjectsOf } from './wish.ts';

export interface SharedViewDeps {
  readonly store: Backend;
  readonly restore: () => Promise<Restored>;
  readonly orchestrator: () => Orchestrator;
  /** How many commands took effect here so far. */
  readonly applied: () => number;
  readonly clock: Clock;
  readonly log: Log;
}

const EVERY_MS = 1_000;
const DROP_OLD_EVERY = 60;
/** A leader that is kept busy by commands of its own tries again in the next round. */
const MOST_ATTEMPTS = 5;
/** Whoever is about to lead gives up later: each waits a tenth of a second at most for rows that are being written. */
const MOST_ATTEMPTS_TO_LEAD = 20;

interface Unheard {
  readonly command: Command;
  /** What it is about. */
  readonly subjects: readonly string[];
  /** How often it was tried in vain. */
  readonly tried: number;
}

export class SharedView {
  readonly #deps: SharedViewDeps;
  #leads = false;
  #leaderUrl: string | undefined;
  #wordsToRead = false;
  /** What was asked of others and is not done here yet, in its order. */
  #unheard: readonly Unheard[] = [];
  #rounds = 0;
  #round: Promise<void> | undefined;
  #stop = () => {};

  constructor(deps: SharedViewDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#stop = this.#deps.clock.every(EVERY_MS, () => void this.#next());
  }

  async stop(): Promise<void> {
    this.#stop();
    await this.#round;
  }

  /**
   * For whoever is about to lead: everything as it stands now, and no server as read until this node has read it.
   *
   * @throws {OrchestratorError} `BACKEND_FAILED`
   */
  async prepare(): Promise<void> {
    await this.#round;
    await this.#deps.store.wishes.unread(); // what was wished for until now is in the rows
    const restored = await this.#read(MOST_ATTEMPTS_TO_LEAD);
    if (restored === undefined)
      throw new OrchestratorError('BACKEND_FAILED', 'the backend does not hold yet what was asked of this node');
    this.#leads = true;
    this.#unheard = [];
    this.#leaderUrl = undefined;
    const nowMs = this.#deps.clock.nowMs();
    const before = ({ lastAttemptedMs }: WatchedInstance) => Math.min(lastAttemptedMs, nowMs - 1); // by the clock of another node
    this.#take(
      restored,
      restored.instances.map((one) => ({ ...one, lastAttemptedMs: before(one) })),
    );
  }

  /** Of the API of the node that leads, as it was a second ago; undefined: this one does, or that one has not said. */
  get leaderUrl(): string | undefined {
    return this.#leads ? undefined : this.#leaderUrl;
  }

  /** Another node leads. */
  yield(): void {
    this.#leads = false;
    this.#unheard = [];
  }

  #next(): Promise<void> {
    const { log } = this.#deps;
    this.#round ??= (this.#leads ? this.#hear() : this.#look())
      .catch((err: unknown) => log.debug({ err }, 'what others did cannot be read: tried again'))
      .finally(() => {
        this.#round = undefined;
      });
    return this.#round;
  }

  async #look(): Promise<void> {
    this.#leaderUrl = await this.#deps.store.leaderAddress.ofAnother();
    const restored = await this.#read();
    if (restored !== undefined && !this.#leads) this.#take(restored, restored.instances.map(asLastChecked));
  }

  async #hear(): Promise<void> {
    const { store } = this.#deps;
    this.#rounds += 1;
    if (this.#rounds % DROP_OLD_EVERY === 0) await store.wishes.dropOld();
    const fresh = (await store.wishes.unread()).flatMap(({ command }) => this.#parse(command));
    const wishes = [...this.#unheard, ...fresh];
    this.#unheard = []; // they are not told a second time
    const left: Unheard[] = [];
    const waitedFor = new Set<string>();
    for (const wish of wishes) {
      const waits = wish.subjects.some((subject) => waitedFor.has(subject));
      const still = waits ? wish : await this.#try(wish);
      if (still === undefined) continue;
      left.push(still);
      for (const subject of wish.subjects) waitedFor.add(subject);
    }
    this.#unheard = left;
    if (this.#wordsToRead) await this.#readWords();
  }

  #parse(text: string): readonly Unheard[] {
    try {
      const command = readWish(text);
      return [{ command, subjects: subjectsOf(command), tried: 0 }];
    } catch (err) {
      this.#deps.log.error({ err }, 'what an operator asked of another daemon cannot be read: it is not done here');
      return [];
    }
  }

  /**
   * One that fails keeps only those about the same things from being heard, lest the older one counts in the end.
   *
   * @returns what is left to do
   */
  async #try({ command, subjects, tried }: Unheard): Promise<Unheard | undefined> {
    const { orchestrator, clock, log } = this.#deps;
    try {
      const stamp: Stamp = { atMs: clock.nowMs(), node: '', term: 0, index: 0 };
      if (isWord(command.op)) this.#wordsToRead = true;
      else await orchestrator().hear(command, stamp);
      return undefined;
    } catch (err) {
      const about = { err, op: command.op, subjects };
      if (tried + 1 === MOST_ATTEMPTS) {
        log.error(about, 'what an operator asked of another daemon is not done here: given up');
        return undefined;
      }
      if (tried === 0) log.warn(about, 'what an operator asked of another daemon is not done here yet');
      return { command, subjects, tried: tried + 1 };
    }
  }

  async #readWords(): Promise<void> {
    const restored = await this.#read();
    if (restored === undefined) return;
    if (this.#leads) this.#deps.orchestrator().reloadWords(restored);
    this.#wordsToRead = false;
  }

  /**
   * The rows, with all that was asked of this node until now: they replace what it knows, which must not go back on its own
   * answers. Undefined: it is asked so much, or the backend so slow, that the rows were older each time.
   */
  async #read(mostAttempts = MOST_ATTEMPTS): Promise<Restored | undefined> {
    const { store, restore, applied } = this.#deps;
    for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
      const before = applied();
      if (!(await store.caughtUp())) continue;
      const restored = await restore();
      if (applied() === before) return restored;
    }
    return undefined;
  }

  #take(restored: Restored, instances: readonly WatchedInstance[]): void {
    const orchestrator = this.#deps.orchestrator();
    orchestrator.inventory.restore(instances);
    orchestrator.reload(
      restored,
      instances.map(({ instance }) => instance.key),
    );
  }
}

/** For people: valid is what the last check of the node that leads found so (contract: `last_checked <= last_seen`). */
export function asLastChecked(watched: WatchedInstance): WatchedInstance {
  return { ...watched, valid: watched.lastSeenMs > 0 && watched.lastCheckedMs <= watched.lastSeenMs };
}
