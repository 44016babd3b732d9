import type { Command } from '../../command/command.ts';
import type { Log } from '../../runtime/log.ts';
import type { StateDigest } from './verdict.ts';

export interface DigestWatchDeps {
  /** Of the tables, behind all entries that were applied so far. */
  readonly digest: () => Promise<string>;
  /** This node tells the others what it found. */
  readonly leads: () => boolean;
  readonly decide: (command: Extract<Command, { op: 'state-digest' }>) => Promise<unknown>;
  readonly everyEntries: number;
  readonly log: Log;
}

/** So many of its own are kept until the leader has said what it found. */
const KEPT = 4;

/**
 * Every so many entries each node works out what its tables come to, and the leader has its own written to the log: a node
 * that came to something else has differed since the last time that they agreed.
 */
export class DigestWatch {
  readonly #deps: DigestWatchDeps;
  readonly #own = new Map<number, Promise<string | undefined>>();
  #latest: StateDigest | undefined;
  #differsSince: number | undefined;

  constructor(deps: DigestWatchDeps) {
    this.#deps = deps;
  }

  /** Index at which this node was found to hold something else than the leader; undefined: it was not. */
  get differsSince(): number | undefined {
    return this.#differsSince;
  }

  /** What the tables came to when that was last worked out; the others are told. */
  get latest(): StateDigest | undefined {
    return this.#latest;
  }

  /** More than half of the voters hold something else at this index. */
  differs(index: number): void {
    this.#differsSince ??= index;
  }

  /** More than half of them hold the same. */
  agrees(): void {
    this.#differsSince = undefined;
  }

  /** The entry was applied, and no later one. @param marks the others stop here too, whatever its number */
  passed(index: number, marks = false): void {
    const { everyEntries, digest, leads, decide, log } = this.#deps;
    if (index % everyEntries !== 0 && !marks) return;
    const own = digest().catch((err: unknown) => {
      log.warn({ err, index }, 'the state of this node cannot be compared with that of the others');
      return undefined;
    });
    this.#own.set(index, own);
    for (const [old] of this.#own) if (this.#own.size > KEPT) this.#own.delete(old);
    void own.then(async (found) => {
      if (found === undefined) return;
      if (this.#own.get(index) === own) this.#latest = { index, digest: found };
      if (!leads()) return;
      await decide({ op: 'state-digest', index, digest: found }).catch((err: unknown) =>
        log.debug({ err }, 'the others were not told what the state comes to'),
      );
    });
  }

  /** What the leader found. */
  async heard({ index, digest }: Extract<Command, { op: 'state-digest' }>): Promise<void> {
    const own = await this.#own.get(index);
    if (own === undefined) return; // this node was not there, or has it from a snapshot
    if (own === digest) {
      this.#differsSince = undefined;
      return;
    }
    if (this.#differsSince !== undefined) return;
    this.#differsSince = index;
    this.#deps.log.error(
      { index, leader: digest, own },
      'the backend of this node holds something else than that of the leader: it leads only where nobody else can, and answers no reads',
    );
  }

  /** A snapshot has taken the place of everything. */
  replaced(): void {
    this.#own.clear();
    this.#latest = undefined;
    this.#differsSince = undefined;
  }
}
