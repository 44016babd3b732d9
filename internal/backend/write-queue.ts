// Between those who have something to store and the database. Nobody waits here for a disk that does not answer: what
// cannot be written now is kept in memory, in order, and tried again; only how much is kept has a limit.
// A database across a network may take its time before it says so: whoever writes waits for it a moment, and goes on.
//
// Two lanes. `urgent` is a log: recoveries, journal, fences, what operators said. It is written at once and in order.
// `behind` holds the newest row of each server, written every `flushMs`; a failover never writes it on its way.

import type { Clock } from '../runtime/clock.ts';
import { OrchestratorError } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import type { Change, Database, FailureReason, Row, Select } from './database.ts';

/** What the repositories see of the queue. */
export interface Store {
  nowMs(): number;
  /** All or nothing, behind everything that was given before. Resolves when it is written, or kept for later. */
  write(changes: readonly Change[], options?: { readonly expendable?: boolean }): Promise<void>;
  /** Replaces what waits under the same name. */
  behind(name: string, change: Change): void;
  dropBehind(name: string): void;
  flush(): Promise<void>;
  /**
   * @param hurry whoever asks has something to do meanwhile that is worth more than the answer
   * @throws {OrchestratorError} `BACKEND_FAILED`, `BACKEND_CORRUPT`
   */
  read(select: Select, hurry?: boolean): Promise<readonly Row[]>;
}

export interface BackendHealth {
  readonly ok: boolean;
  readonly reason?: FailureReason;
  readonly message?: string;
  readonly sinceMs?: number;
  /** Changes kept in memory until the database takes them. */
  readonly waiting: number;
  /** Changes given up since the start: refused by the database, or too many. */
  readonly lost: number;
}

export interface WriteQueueDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly flushMs: number;
  /** One transaction, written or not. */
  readonly onWrite?: ((write: WriteTiming) => void) | undefined;
}

export interface WriteTiming {
  /** Of what was written behind: rows of servers; 0 where it was urgent. */
  readonly instances: number;
  /** Of what waited longest. */
  readonly waitMs: number;
  readonly executeMs: number;
  readonly ok: boolean;
}

interface Entry {
  /** On the monotonic clock. */
  readonly keptMs: number;
  readonly changes: readonly Change[];
  /** May be given up first: notes and audit lines. */
  readonly expendable: boolean;
  /** Hears that it is written, or refused. Never given up for want of room. */
  readonly done?: () => void;
}

/** Entries per lane. Four thousand server rows are about 20 MB. */
const MOST_ENTRIES = 4_000;
/** Entries per transaction, so that none holds up the event loop for more than a few milliseconds. */
const BATCH = 64;
const FIRST_BACK_OFF_MS = 50;
const LONGEST_BACK_OFF_MS = 2_000;
/** A failure that lasts is told of again this often, ms. */
const REMIND_MS = 60_000;
/** How often a store that closes tries once more, ms. */
const SETTLE_RETRY_MS = 20;
const READ_RETRY_MS = 250;
/** A database that has not answered for so long is told of as one that fails. */
const SILENT_MS = 1_000;
/** Whoever reads from a database across a network waits for so long, ms; in a hurry for as long as a writer. */
const READ_MS = 5_000;

interface Failure {
  readonly error: OrchestratorError;
  readonly reason: FailureReason;
  readonly sinceMs: number;
}

export class WriteQueue implements Store {
  readonly #deps: WriteQueueDeps;
  readonly #urgent = new Map<string, Entry>();
  readonly #behind = new Map<string, Entry>();
  readonly #stopTicking: () => void;
  #sequence = 0;
  #lost = 0;
  #failure: Failure | undefined;
  #backOffMs = FIRST_BACK_OFF_MS;
  #nextTryMs = 0;
  #toldMs = 0;
  #last: Promise<void> = Promise.resolve();
  /** When what is being written now was begun. */
  #sinceMs: number | undefined;
  #closed = false;

  constructor(deps: WriteQueueDeps) {
    this.#deps = deps;
    this.#stopTicking = deps.clock.every(deps.flushMs, () => void this.flush());
  }

  nowMs(): number {
    return this.#deps.clock.nowMs();
  }

  async write(changes: readonly Change[], options: { readonly expendable?: boolean } = {}): Promise<void> {
    this.#sequence += 1;
    this.#keep(this.#urgent, `${this.#sequence}`, { changes, expendable: options.expendable ?? false });
    await this.#patiently(this.#writeUrgent());
  }

  /** As `write`; resolves no sooner than that it is written. A change that the database refuses for good is told of, and left out. */
  async writeSurely(changes: readonly Change[]): Promise<void> {
    this.#sequence += 1;
    const written = new Promise<void>((done) => {
      this.#keep(this.#urgent, `${this.#sequence}`, { changes, expendable: false, done });
    });
    await this.#writeUrgent();
    await written;
  }

  /** Writes what is urgent, as patiently as `write`. False: some of it is not in the database yet. */
  async caughtUp(): Promise<boolean> {
    await this.#patiently(this.#writeUrgent());
    return this.#urgent.size === 0;
  }

  behind(name: string, change: Change): void {
    this.#keep(this.#behind, name, { changes: [change], expendable: true });
  }

  dropBehind(name: string): void {
    this.#behind.delete(name);
  }

  /** Takes its turn anew for each batch of rows, so that whoever has something urgent gets in between. */
  async flush(): Promise<void> {
    await this.#writeUrgent();
    for (let more = true; more; ) {
      await this.#oneAfterAnother(async () => {
        more = await this.#writeSome(this.#behind);
      });
      if (more) await new Promise<void>((resolve) => setImmediate(resolve)); // and probes too
    }
  }

  async read(select: Select, hurry = false): Promise<readonly Row[]> {
    const { database } = this.#deps;
    if (database.patienceMs === undefined) {
      await this.#writeUrgent();
      return database.rows(select);
    }
    const failure = this.#trouble();
    if (failure !== undefined) throw failure.error;
    await this.#patiently(this.#writeUrgent());
    const rows = database.rows(select);
    const inTime = await this.#within(hurry ? database.patienceMs : READ_MS, rows);
    if (!inTime) throw silence(database.name);
    return rows;
  }

  /**
   * As `read`, however long the database does not answer; until this closes.
   *
   * @throws {OrchestratorError} `BACKEND_FAILED` (reason `refused`): it never will
   */
  async readSurely(select: Select): Promise<readonly Row[]> {
    for (;;) {
      try {
        return await this.read(select);
      } catch (err) {
        if (this.#closed || asFailure(err).reason === 'refused') throw err;
        await this.#deps.clock.sleep(READ_RETRY_MS);
      }
    }
  }

  /** Writes everything, for at most `limitMs`. True: nothing is left. */
  async settle(limitMs: number): Promise<boolean> {
    const { clock } = this.#deps;
    const until = clock.monotonicMs() + limitMs;
    for (;;) {
      this.#nextTryMs = 0;
      if (!(await this.#within(until - clock.monotonicMs(), this.flush()))) return false;
      if (this.#waiting() === 0) return true;
      if (clock.monotonicMs() >= until) return false;
      await clock.sleep(SETTLE_RETRY_MS);
    }
  }

  /** No more ticks; what still waits is told of and given up. */
  async close(limitMs: number): Promise<void> {
    this.#closed = true;
    this.#stopTicking();
    if (await this.settle(limitMs)) return;
    this.#deps.log.error({ err: this.#failure?.error, changes: this.#waiting() }, 'the backend did not take this');
  }

  health(): BackendHealth {
    const rest = { waiting: this.#waiting(), lost: this.#lost };
    const trouble = this.#trouble();
    if (trouble === undefined) return { ok: true, ...rest };
    const { reason, sinceMs, error } = trouble;
    return { ok: false, reason, sinceMs, message: error.message, ...rest };
  }

  /** What is known to be wrong, before the database says so too. */
  #trouble(): Failure | undefined {
    const { database, clock } = this.#deps;
    if (this.#failure !== undefined || this.#sinceMs === undefined) return this.#failure;
    const silentMs = clock.monotonicMs() - this.#sinceMs;
    if (silentMs < SILENT_MS) return undefined;
    return { error: silence(database.name), reason: 'io', sinceMs: clock.nowMs() - silentMs };
  }

  /** As long as it is worth: not for a database that is known to fail, and for one write once. */
  async #patiently(written: Promise<void>): Promise<void> {
    const { database, clock } = this.#deps;
    if (database.patienceMs === undefined) return written;
    if (this.#failure !== undefined) return;
    const waitedMs = this.#sinceMs === undefined ? 0 : clock.monotonicMs() - this.#sinceMs;
    await this.#within(database.patienceMs - waitedMs, written);
  }

  /** False: it is not done within `limitMs`. Fails as `work` does. */
  async #within(limitMs: number, work: Promise<unknown>): Promise<boolean> {
    let give = () => {};
    const late = new Promise<false>((resolve) => {
      give = this.#deps.clock.after(limitMs, () => resolve(false));
    });
    work.catch(() => {}); // also where nobody waits for it any more
    try {
      return await Promise.race([work.then(() => true), late]);
    } finally {
      give();
    }
  }

  #waiting(): number {
    return this.#urgent.size + this.#behind.size;
  }

  #keep(lane: Map<string, Entry>, name: string, entry: Omit<Entry, 'keptMs'>): void {
    lane.delete(name); // the newest goes to the end
    lane.set(name, { ...entry, keptMs: this.#deps.clock.monotonicMs() });
    if (lane.size <= MOST_ENTRIES) return;
    const [first] = [...lane].filter(([, { done }]) => done === undefined);
    const [victim] = [...lane].find(([, { expendable }]) => expendable) ?? first ?? [];
    if (victim === undefined) return;
    lane.delete(victim);
    this.#lost += 1;
  }

  #oneAfterAnother(work: () => Promise<void>): Promise<void> {
    const next = this.#last.then(work);
    this.#last = next.catch((err: unknown) => this.#deps.log.error({ err }, 'the write queue stumbled'));
    return this.#last;
  }

  #writeUrgent(): Promise<void> {
    return this.#oneAfterAnother(async () => {
      while (await this.#writeSome(this.#urgent));
    });
  }

  /** One batch. False: nothing is left, or nothing is taken now. */
  async #writeSome(lane: Map<string, Entry>): Promise<boolean> {
    if (lane.size === 0 || this.#deps.clock.monotonicMs() < this.#nextTryMs) return false;
    const batch = [...lane].slice(0, BATCH);
    return (await this.#writeBatch(lane, batch)) && lane.size > 0;
  }

  /** False: the database takes nothing now. */
  async #writeBatch(lane: Map<string, Entry>, batch: readonly (readonly [string, Entry])[]): Promise<boolean> {
    const { database, clock, log } = this.#deps;
    const timed = this.#timer(lane, batch);
    this.#sinceMs = clock.monotonicMs();
    try {
      if (this.#failure !== undefined && needsReopening(this.#failure.reason)) await database.reopen();
      await database.write(batch.flatMap(([, { changes }]) => changes));
      this.#sinceMs = undefined;
      timed(true);
    } catch (err) {
      this.#sinceMs = undefined;
      timed(false);
      const failure = asFailure(err);
      if (failure.reason !== 'refused') {
        this.#failed(failure);
        return false;
      }
      if (batch.length > 1) {
        for (const one of batch) if (!(await this.#writeBatch(lane, [one]))) return false;
        return true;
      }
      this.#lost += 1;
      log.error({ err, change: batch[0]?.[1].changes[0] }, 'the backend did not take this');
    }
    for (const [name, entry] of batch) {
      if (lane.get(name) === entry) lane.delete(name);
      entry.done?.();
    }
    this.#succeeded();
    return true;
  }

  /** @returns for the end of it */
  #timer(lane: Map<string, Entry>, batch: readonly (readonly [string, Entry])[]): (ok: boolean) => void {
    const { clock, onWrite } = this.#deps;
    const beganMs = clock.monotonicMs();
    const [, oldest] = batch[0] ?? [];
    const instances = lane === this.#behind ? batch.length : 0;
    const waitMs = beganMs - (oldest?.keptMs ?? beganMs);
    return (ok) => onWrite?.({ instances, waitMs, executeMs: clock.monotonicMs() - beganMs, ok });
  }

  #failed({ error, reason }: { readonly error: OrchestratorError; readonly reason: FailureReason }): void {
    const { clock, log } = this.#deps;
    this.#nextTryMs = clock.monotonicMs() + this.#backOffMs;
    this.#backOffMs = Math.min(2 * this.#backOffMs, LONGEST_BACK_OFF_MS);
    const same = this.#failure?.reason === reason;
    this.#failure = { error, reason, sinceMs: this.#failure?.sinceMs ?? clock.nowMs() };
    if (same && clock.monotonicMs() - this.#toldMs < REMIND_MS) return;
    this.#toldMs = clock.monotonicMs();
    log.warn(
      { err: error, ...this.health() },
      'the backend takes nothing: kept in memory, detection and recovery go on',
    );
  }

  #succeeded(): void {
    this.#nextTryMs = 0;
    this.#backOffMs = FIRST_BACK_OFF_MS;
    if (this.#failure === undefined) return;
    const { clock, log } = this.#deps;
    log.info({ downMs: clock.nowMs() - this.#failure.sinceMs, lost: this.#lost }, 'the backend takes changes again');
    this.#failure = undefined;
  }
}

function silence(name: string): OrchestratorError {
  return new OrchestratorError('BACKEND_FAILED', `the backend ${name} does not answer`, {
    context: { backend: name, reason: 'io' },
  });
}

function needsReopening(reason: FailureReason): boolean {
  return reason !== 'busy' && reason !== 'full';
}

function asFailure(err: unknown): { readonly error: OrchestratorError; readonly reason: FailureReason } {
  const error =
    err instanceof OrchestratorError
      ? err
      : new OrchestratorError('BACKEND_FAILED', 'the backend failed', { cause: err });
  return { error, reason: (error.context.reason as FailureReason | undefined) ?? 'refused' };
}
