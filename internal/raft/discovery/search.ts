/*
 * Asks a finder again and again, and says when the answer changed. A look-up that fails, or finds nobody, says nothing about who is there:
 * the candidates of the last good one stay (F-03). While it rests, this node stays registered and nobody is looked up (F-04).
 */

import type { Clock } from '../../runtime/clock.ts';
import { withDeadline } from '../../runtime/deadline.ts';
import { errorText } from '../../runtime/errors.ts';
import type { Log } from '../../runtime/log.ts';
import { TaskGroup } from '../../runtime/task-group.ts';
import { type Address, formatAddress } from '../address.ts';
import type { AddressSpace } from '../wire/address-space.ts';
import { candidatesOf, few } from './candidates.ts';
import type { Finder } from './finder.ts';

/** Where the search stands. */
export interface Findings {
  /** Of the last look-up that found anybody, each once and sorted; this node is among them where it is found. */
  readonly candidates: readonly Address[];
  /** Look-ups in a row, the last one included, that went without any problem and found exactly these. 0: the last one said nothing. */
  readonly confirmations: number;
  /** Why the last look-up said nothing, or what of it could not be used. */
  readonly problem: string | undefined;
}

export interface SearchSettings {
  readonly intervalMs: number;
  /** For one look-up, and for one registration. */
  readonly timeoutMs: number;
}

export interface SearchDeps {
  readonly finder: Finder;
  readonly settings: SearchSettings;
  /** What the others dial. */
  readonly self: Address;
  readonly allowed: AddressSpace;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly log: Log;
  /** After each look-up, also where nothing is new: confirmations are counted. */
  readonly onFindings: (findings: Findings) => void;
}

/** Of an interval, up or down, so that nodes that were started together do not ask together (F-03). */
const JITTER = 0.25;
/** Between two look-ups, however often the finder says that something changed. */
const LEAST_PAUSE_MS = 100;
/** Between two registrations while the search rests. */
const REGISTER_PAUSE_MS = 10_000;

export class Search {
  readonly #deps: SearchDeps;
  readonly #tasks: TaskGroup;
  #findings: Findings = { candidates: [], confirmations: 0, problem: 'nobody was looked for yet' };
  #resting = false;
  /** Asked to look now, whatever the pause. */
  #wanted = false;
  #wake: (() => void) | undefined;
  #toldProblem: string | undefined;

  constructor(deps: SearchDeps) {
    this.#deps = deps;
    this.#tasks = new TaskGroup(deps.log);
  }

  get findings(): Findings {
    return this.#findings;
  }

  start(): void {
    this.#tasks.run('search for other nodes', (signal) => this.#run(signal));
  }

  /** Everybody is known and reached: look for nobody until `seek`. */
  rest(): void {
    this.#resting = true;
  }

  /** Somebody is missing: look now, and go on looking. */
  seek(): void {
    if (!this.#resting) return;
    this.#resting = false;
    this.#wanted = true;
    this.#wake?.();
  }

  /** Ends it and takes the registration back; waits for that no longer than for one look-up. */
  async stop(): Promise<void> {
    const { finder, clock, settings, log } = this.#deps;
    await this.#tasks.stop();
    if (finder.release === undefined) return;
    const release = (signal: AbortSignal) => finder.release?.(signal) ?? Promise.resolve();
    try {
      await withDeadline(clock, settings.timeoutMs, new AbortController().signal, release);
    } catch (err) {
      log.warn({ err }, 'this node could not be taken back from the discovery service');
    }
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const problems = await this.#register(signal);
      signal.throwIfAborted();
      if (!this.#resting) await this.#lookUp(problems, signal);
      await this.#pause(signal);
    }
  }

  async #register(signal: AbortSignal): Promise<readonly string[]> {
    const { finder, self } = this.#deps;
    if (finder.register === undefined) return [];
    const problem = await this.#attempt(async (within) => finder.register?.(self, within), signal);
    return 'failed' in problem ? [`not registered: ${problem.failed}`] : [];
  }

  async #lookUp(before: readonly string[], signal: AbortSignal): Promise<void> {
    const { finder, allowed, onFindings } = this.#deps;
    const answer = await this.#attempt((within) => finder.find(within), signal);
    signal.throwIfAborted(); // the end of the search is no finding
    if ('failed' in answer) this.#keep([...before, answer.failed]);
    else {
      const { addresses, problems } = candidatesOf(answer.done.addresses, allowed);
      const all = [...before, ...answer.done.problems, ...problems];
      if (addresses.length === 0) this.#keep([...all, 'nobody was found']);
      else this.#take(addresses, all);
    }
    onFindings(this.#findings);
  }

  /** Nothing is known anew. */
  #keep(problems: readonly string[]): void {
    const problem = problems.join('; ');
    this.#findings = { ...this.#findings, confirmations: 0, problem };
    this.#tellProblem(problem);
  }

  #take(candidates: readonly Address[], problems: readonly string[]): void {
    const { candidates: before, confirmations } = this.#findings;
    const texts = candidates.map(formatAddress);
    const same = texts.join() === before.map(formatAddress).join();
    const problem = problems.length === 0 ? undefined : problems.join('; ');
    const clean = problem === undefined ? (same ? confirmations : 0) + 1 : 0;
    this.#findings = { candidates, confirmations: clean, problem };
    if (!same) this.#deps.log.info({ candidates: few(texts), number: texts.length }, 'found nodes to talk to');
    this.#tellProblem(problem);
  }

  #tellProblem(problem: string | undefined): void {
    if (problem === this.#toldProblem) return;
    const { log } = this.#deps;
    if (problem !== undefined) log.warn({ problem }, 'looking for other nodes is hindered');
    else log.info({}, 'looking for other nodes works again');
    this.#toldProblem = problem;
  }

  async #attempt<T>(
    work: (signal: AbortSignal) => Promise<T>,
    signal: AbortSignal,
  ): Promise<{ readonly done: T } | { readonly failed: string }> {
    const { clock, settings } = this.#deps;
    try {
      return {
        done: await withDeadline(clock, settings.timeoutMs, signal, (within) => orAborted(work(within), within)),
      };
    } catch (error) {
      return { failed: errorText(error) };
    }
  }

  /** Until the next look-up: the interval with its jitter, or earlier where something calls for it. */
  async #pause(signal: AbortSignal): Promise<void> {
    const { clock, settings, random, finder } = this.#deps;
    const interval = this.#resting ? REGISTER_PAUSE_MS : settings.intervalMs;
    const leastMs = Math.min(LEAST_PAUSE_MS, interval / 2);
    await clock.sleep(leastMs, signal);
    const over = new AbortController();
    const end = () => over.abort();
    const cancel = clock.after(interval * (1 + JITTER * (2 * random() - 1)) - leastMs, end);
    signal.addEventListener('abort', end, { once: true });
    this.#wake = end;
    if (!this.#resting) void finder.changed?.(over.signal).then(end);
    if (signal.aborted || this.#wanted) end();
    await aborted(over.signal);
    cancel();
    signal.removeEventListener('abort', end);
    this.#wake = undefined;
    this.#wanted = false;
  }
}

/** Also where the work does not listen to the signal itself. */
function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    work.then(resolve, reject);
  });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
    if (signal.aborted) resolve();
  });
}
