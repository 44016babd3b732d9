// The office among daemons that share one backend: held by a row of it (C-150 to C-154). Whoever has it refreshes the row each
// second and counts as demoted four seconds after the last refresh that succeeded was begun; the others may take it after
// five seconds by the clock of the database. Each taking begins an epoch, which is the term that recoveries run under.

import type { Seat } from '../../backend/seat.ts';
import type { Wishes } from '../../backend/wishes.ts';
import type { Command } from '../../command/command.ts';
import type { Clock } from '../../runtime/clock.ts';
import { OrchestratorError } from '../../runtime/errors.ts';
import type { Log } from '../../runtime/log.ts';
import type { Agreement, Apply } from '../agreement.ts';
import { isWish } from './wish.ts';

/** Whoever acts while this node leads. */
export interface OfficeHolder {
  /** Reads anew what others have written since this node led, or started. @throws {OrchestratorError} `BACKEND_FAILED` */
  prepare(): Promise<void>;
  takeOffice(): void;
  leaveOffice(): Promise<void>;
}

export interface SharedOfficeDeps {
  readonly seat: Seat;
  readonly wishes: Pick<Wishes, 'add'>;
  /** False: the rows lack something that was done here. */
  readonly caughtUp: () => Promise<boolean>;
  readonly apply: Apply;
  readonly holder: OfficeHolder;
  /** How this node is called where commands are agreed on. */
  readonly node: string;
  readonly clock: Clock;
  readonly log: Log;
}

const ROUND_MS = 500;
const REFRESH_MS = 1_000;
const WRITTEN_RETRY_MS = 20;
/** Less than the five seconds after which others take the seat. */
const DEMOTED_MS = 4_000;
/** How long a node that was told to step down lets the others go first. */
const ABSTAIN_MS = 3_000;

/** What only the node in office may say: it is, or is about to be, done to servers. */
const OF_OFFICE: ReadonlySet<Command['op']> = new Set<Command['op']>([
  'write-recovery',
  'resolve-recovery',
  'recovery-progress',
  'effects-begun',
  'register-failure-detection',
  'intend-fence',
  'end-fence',
]);

export class SharedOffice implements Agreement {
  /** Whoever does not lead watches nothing at all. */
  readonly inTouch = true;
  readonly #deps: SharedOfficeDeps;
  #epoch: number | undefined;
  /** When the last refresh that succeeded was begun, monotonic ms. */
  #refreshedMs = Number.NEGATIVE_INFINITY;
  #inOffice = false;
  #abstainUntilMs = Number.NEGATIVE_INFINITY;
  #round: Promise<void> | undefined;
  #office: Promise<void> = Promise.resolve();
  #stopRounds = () => {};
  #stopWatch = () => {};
  #told = '';
  #stopped = false;

  constructor(deps: SharedOfficeDeps) {
    this.#deps = deps;
  }

  get mayAct(): boolean {
    return this.#inOffice && this.#isFresh();
  }

  /** 0: this node does not lead. */
  get term(): number {
    return this.#epoch ?? 0;
  }

  start(): void {
    const { clock } = this.#deps;
    this.#stopRounds = clock.every(ROUND_MS, () => void this.#nextRound());
    void this.#nextRound();
  }

  /** What was under way ends; the seat is given back by whoever deletes this node's rows. */
  async stop(): Promise<void> {
    this.#stopRounds();
    this.#stopped = true;
    this.#lose('this node stops');
    await this.#office;
  }

  /**
   * A wish of an operator may be said on any node: where this one does not lead, it takes effect in the shared rows, and the
   * one that leads is told of it. A call is known to the others before it is made; what it came to as well,
   * before its caller is told, unless the backend takes nothing for too long.
   *
   * @throws {OrchestratorError} `NOT_LEADER`, `UNAVAILABLE`
   */
  async decide(command: Command): Promise<unknown> {
    const { apply, clock, node, wishes } = this.#deps;
    if (OF_OFFICE.has(command.op)) await this.confirm();
    const others = !this.mayAct;
    const result = await apply(command, { atMs: clock.nowMs(), node, term: this.term, index: 0 });
    if (others && isWish(command.op)) await wishes.add(JSON.stringify(command));
    if (command.op === 'begin-call' && !(await this.#written())) {
      await apply(undone(command), { atMs: clock.nowMs(), node, term: this.term, index: 0 });
      throw new OrchestratorError('UNAVAILABLE', 'the backend does not take what is begun: nothing was done');
    }
    if (command.op === 'end-call' && !(await this.#written()))
      throw new OrchestratorError('UNAVAILABLE', 'the backend does not take what it came to');
    return result;
  }

  /** False: not in the time that a node may lead without the backend. */
  async #written(): Promise<boolean> {
    const { caughtUp, clock } = this.#deps;
    const endMs = clock.monotonicMs() + DEMOTED_MS;
    while (!(await caughtUp())) {
      if (clock.monotonicMs() >= endMs) return false;
      await clock.sleep(WRITTEN_RETRY_MS);
    }
    return true;
  }

  /**
   * Asks the database now whether this node leads still.
   *
   * @throws {OrchestratorError} `NOT_LEADER`; `UNAVAILABLE`: it does not say
   */
  async confirm(): Promise<void> {
    const epoch = this.#epoch;
    if (epoch === undefined || !this.mayAct) throw new OrchestratorError('NOT_LEADER', 'another node leads');
    const startedMs = this.#deps.clock.monotonicMs();
    const held = await this.#deps.seat.hold(epoch).catch((cause: unknown) => {
      throw new OrchestratorError('UNAVAILABLE', 'the backend does not say whether this node leads', { cause });
    });
    this.#refreshed(epoch, startedMs, held);
    if (this.#epoch !== epoch || !this.mayAct) throw new OrchestratorError('NOT_LEADER', 'another node leads');
  }

  /**
   * Takes the lead from whoever has it; that one notices within a second.
   *
   * @throws {OrchestratorError} `BACKEND_FAILED`; `UNAVAILABLE`: nobody else has it, and this node does not lead yet
   */
  async grab(): Promise<void> {
    const { seat, clock } = this.#deps;
    await this.#round;
    if (this.#epoch !== undefined) return;
    const startedMs = clock.monotonicMs();
    this.#won(await seat.grab(), startedMs);
    await this.#office;
    if (!this.mayAct)
      throw new OrchestratorError('UNAVAILABLE', 'the lead is grabbed, but this node cannot take it up now');
  }

  /** Whoever leads steps down, and another one may take the lead. @throws {OrchestratorError} `BACKEND_FAILED` */
  async reelect(): Promise<void> {
    await this.#stepDown('a new election was asked for');
  }

  async #stepDown(why: string): Promise<void> {
    this.#abstainUntilMs = this.#deps.clock.monotonicMs() + ABSTAIN_MS;
    this.#lose(why);
    await this.#deps.seat.vacate();
  }

  #isFresh(): boolean {
    return this.#deps.clock.monotonicMs() - this.#refreshedMs < DEMOTED_MS;
  }

  /** One at a time; one that fails leaves things as they are until the last refresh is too old. */
  #nextRound(): Promise<void> {
    this.#round ??= this.#contend()
      .then(
        () => this.#tell(''),
        (err: unknown) => this.#tell(String(err), err),
      )
      .finally(() => {
        this.#round = undefined;
      });
    return this.#round;
  }

  async #contend(): Promise<void> {
    const { seat, clock } = this.#deps;
    const [epoch, startedMs] = [this.#epoch, clock.monotonicMs()];
    if (epoch === undefined) {
      if (startedMs < this.#abstainUntilMs) return;
      const won = await seat.contend();
      if (won !== undefined) this.#won(won, startedMs);
    } else if (startedMs - this.#refreshedMs >= REFRESH_MS - ROUND_MS / 2)
      this.#refreshed(epoch, startedMs, await seat.hold(epoch));
  }

  #refreshed(epoch: number, startedMs: number, held: boolean): void {
    if (this.#epoch !== epoch) return;
    if (!held) {
      this.#lose('another node leads');
      return;
    }
    this.#refreshedMs = Math.max(this.#refreshedMs, startedMs);
    this.#watch();
  }

  /** The end of what may be believed does not wait for a round. */
  #watch(): void {
    const { clock } = this.#deps;
    this.#stopWatch();
    const leftMs = DEMOTED_MS - (clock.monotonicMs() - this.#refreshedMs);
    this.#stopWatch = clock.after(leftMs, () => {
      if (!this.#isFresh()) this.#lose('the backend has not answered for too long');
    });
  }

  #won(epoch: number, startedMs: number): void {
    if (this.#stopped) return;
    this.#epoch = epoch;
    this.#refreshedMs = startedMs;
    this.#watch();
    this.#office = this.#office.then(() => this.#enter(epoch)).catch((err: unknown) => this.#notEntered(epoch, err));
  }

  /** In office once what others wrote is known. */
  async #enter(epoch: number): Promise<void> {
    const { holder, log } = this.#deps;
    try {
      await holder.prepare();
    } catch (err) {
      log.warn({ err, epoch }, 'what others wrote cannot be read: this node does not lead');
      this.#lose('the backend cannot be read');
      return;
    }
    if (this.#epoch !== epoch || !this.#isFresh()) {
      await holder.leaveOffice();
      return;
    }
    this.#inOffice = true;
    log.info({ epoch }, 'this node leads: it watches, detects, decides and acts');
    holder.takeOffice();
  }

  /** Whoever leads and does nothing is worse than nobody: another one gets the seat. */
  async #notEntered(epoch: number, err: unknown): Promise<void> {
    const { log } = this.#deps;
    log.error({ err, epoch }, 'this node cannot take up its office');
    if (this.#epoch !== epoch) return;
    await this.#stepDown('it cannot take up its office').catch((cause: unknown) =>
      log.warn(
        { err: cause },
        'the seat cannot be given back: others take it when it has not been refreshed for long enough',
      ),
    );
  }

  /** At once: from here on nothing is begun. What is under way ends at its next step. */
  #lose(why: string): void {
    const { holder, log } = this.#deps;
    const epoch = this.#epoch;
    this.#epoch = undefined;
    this.#stopWatch();
    if (epoch === undefined) return;
    this.#inOffice = false;
    log.info({ epoch, why }, 'this node leads no more');
    const left = holder.leaveOffice();
    left.catch(() => undefined); // told of in its turn
    this.#office = this.#office
      .then(() => left)
      .catch((err: unknown) => log.error({ err }, 'what was under way did not end in order'));
  }

  /** Each trouble once, and that it is over. */
  #tell(text: string, err?: unknown): void {
    if (text === this.#told) return;
    this.#told = text;
    if (text === '') this.#deps.log.info({}, 'the backend says again who leads');
    else this.#deps.log.warn({ err }, 'the backend does not say who leads');
  }
}

function undone({ id, attempt }: Extract<Command, { op: 'begin-call' }>): Command {
  return { op: 'end-call', id, attempt, outcome: null };
}
