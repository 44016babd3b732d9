import type { MissingRight } from '../topology/instance.ts';
import { identityFrom, type ProbeRows } from './probe-rows.ts';
import type { ProbePart } from './probe-statements.ts';

/**
 * What is kept of one server from probe to probe, also over a new connection: the last answer to each part, which stands in
 * for one that fails, and which statements it refused, so that these are not sent with every probe.
 */
export class ProbeMemory {
  readonly #refusedUntilMs = new Map<ProbePart, number>();
  readonly #told = new Set<ProbePart>();
  #rows: ProbeRows = {};
  #identity = '';
  #lacking = '';
  #ignored = '';

  isRefused(part: ProbePart, nowMs: number): boolean {
    return (this.#refusedUntilMs.get(part) ?? 0) > nowMs;
  }

  refused(part: ProbePart, untilMs: number): void {
    this.#refusedUntilMs.set(part, untilMs);
  }

  /** Whether the operator has not heard of it yet; an answer in between makes it news again. */
  isNews(part: ProbePart): boolean {
    const news = !this.#told.has(part);
    this.#told.add(part);
    return news;
  }

  areNewRights(missing: readonly MissingRight[]): boolean {
    const text = missing.map(({ right }) => right).join();
    const news = text !== this.#lacking;
    this.#lacking = text;
    return news;
  }

  areNewlyIgnored(replicas: readonly string[]): boolean {
    const text = replicas.join();
    const news = text !== this.#ignored && text !== '';
    this.#ignored = text;
    return news;
  }

  settled(part: ProbePart): void {
    this.#told.delete(part);
  }

  /** New answers over the earlier ones. A measured lag of an earlier moment says nothing. */
  merge(rows: ProbeRows): ProbeRows {
    const { lag: _earlier, ...known } = this.#rows;
    return { ...known, ...rows };
  }

  /** Remembers a read, and forgets everything else when another server or another version answers at this address. */
  learn(rows: ProbeRows): void {
    const identity = identityFrom(rows);
    if (this.#identity !== '' && identity !== this.#identity) {
      this.#rows = {};
      this.#refusedUntilMs.clear();
      this.#told.clear();
    }
    this.#identity = identity;
    this.#rows = { ...this.#rows, ...rows };
  }
}
