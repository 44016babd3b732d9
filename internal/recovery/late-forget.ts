// A promoted server whose applier waits in the middle of a transaction: its source died while it sent that one. MySQL has `STOP REPLICA` wait a
// minute for the rest (seen with 9.7), and a recovery waits for nobody that long: what follows it, such as moving an address, is urgent. So the
// source is forgotten behind its back, as soon as the server lets go of it: it would replicate from there again after its next start.

import type { Clock } from '../runtime/clock.ts';
import { errorText } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import type { Instance } from '../topology/instance.ts';
import { type InstanceKey, keyText } from '../topology/instance-key.ts';
import type { RecoveryBook, RecoveryRecord } from './book.ts';
import { KINDS } from './kinds.ts';
import { isLost, type Office } from './mandate.ts';
import type { Servers } from './ports.ts';
import { stepText } from './runner.ts';

export interface LateForgetDeps {
  readonly servers: Servers;
  /** @throws {OrchestratorError} `NOT_LEADER` */
  readonly office: () => Office;
  readonly clock: Clock;
  readonly log: Log;
  readonly note: (uid: string, message: string) => void;
  readonly settings: { readonly stepTimeoutMs: number; readonly probeTimeoutMs: number };
}

const RETRY_MS = 1_000;
/** Somebody has to look at a server that needs longer. */
const PATIENCE_MS = 300_000;
/** How long after its end a recovery is gone through for what it left. */
const RECENT_MS = 3_600_000;
const POLL_MS = 100;

const TO_FORGET = 'is to forget its source';
const FORGOTTEN = 'has forgotten the source that it had';
const LEFT = 'was made a replica meanwhile: left as it is';
/** No end: the next office may find more notes, or another state. */
const SPARED = 'is a replica that somebody may need: left as it is for now';
const NEXT = 'whoever leads next, or a daemon started on this backend, has it forgotten';

interface Due {
  readonly uid: string;
  readonly key: InstanceKey;
  /** As the server spells it, which may be none of the names that others know it by; undefined: the one that it is found with. */
  source: string | undefined;
  /** What is said of a server that has need of its source. */
  readonly left: typeof LEFT | typeof SPARED;
}

type Promoted = RecoveryRecord & { readonly successor: InstanceKey };

export class LateForget {
  readonly #deps: LateForgetDeps;
  readonly #underWay = new Set<Due>();

  constructor(deps: LateForgetDeps) {
    this.#deps = deps;
  }

  /** Ends with the office: whoever leads next takes it up. */
  begin(uid: string, key: InstanceKey): void {
    this.#begin({ uid, key, source: undefined, left: LEFT });
  }

  /** Goes on with what an earlier office, or process, did not come to the end of. Without notes nobody knows: each promotion has some. */
  async takeUp(
    book: Pick<RecoveryBook, 'list' | 'replaced'>,
    notesOf: (uid: string) => Promise<readonly string[]>,
  ): Promise<void> {
    for (const { uid, successor } of recentFailures(book, this.#deps.clock.nowMs())) {
      const notes = await notesOf(uid);
      const ended = [FORGOTTEN, LEFT].some((end) => notes.includes(`${keyText(successor)} ${end}`));
      if (notes.length > 0 && !ended)
        this.#begin({ uid, key: successor, source: dueIn(notes, successor), left: SPARED });
    }
  }

  /** Waits for those that are under way. @returns whose time was not enough */
  async settled(limitMs: number): Promise<readonly InstanceKey[]> {
    const { clock } = this.#deps;
    const endMs = clock.monotonicMs() + limitMs;
    while (this.#underWay.size > 0 && clock.monotonicMs() < endMs) await clock.sleep(POLL_MS);
    return [...this.#underWay].map(({ key }) => key);
  }

  #office(): Office | undefined {
    try {
      return this.#deps.office();
    } catch (err) {
      if (isLost(err)) return undefined;
      throw err;
    }
  }

  #begin(due: Due): void {
    const { uid, key } = due;
    const office = this.#office();
    if (office === undefined) {
      this.#deps.note(uid, `${keyText(key)} keeps the source that it had for now: ${NEXT}`);
      return;
    }
    office.tasks.run(`forget the source of ${keyText(key)}`, async (stop) => {
      this.#underWay.add(due);
      await this.#keep(due, office, stop).finally(() => this.#underWay.delete(due));
    });
  }

  async #keep(due: Due, office: Office, stop: AbortSignal): Promise<void> {
    const { clock, log, note } = this.#deps;
    const { uid, key } = due;
    const endMs = clock.monotonicMs() + PATIENCE_MS;
    const instance = keyText(key);
    for (;;) {
      await clock.sleep(RETRY_MS, stop);
      try {
        await office.confirm();
        note(uid, `${instance} ${await this.#forget(due, stop)}`);
        return;
      } catch (err) {
        stop.throwIfAborted();
        if (isLost(err)) throw err;
        if (clock.monotonicMs() < endMs) continue;
        log.error({ instance, err }, 'a promoted server keeps the source that it had');
        note(uid, `${instance} keeps the source that it had: ${errorText(err)}`);
        return;
      }
    }
  }

  /** Which source it is gets noted before anything else: whoever leads next cannot tell it from one that somebody gave it since. */
  async #forget(due: Due, stop: AbortSignal): Promise<string> {
    const { servers, note, settings } = this.#deps;
    const { uid, key } = due;
    if (due.source === undefined) {
      const found = await servers.probe(key, settings.probeTimeoutMs, stop);
      const end = endOf(found, due);
      if (end !== undefined) return end;
      due.source = spelledSource(found);
      note(uid, `${keyText(key)} ${TO_FORGET} ${due.source}`);
    }
    return servers.change(key, settings.stepTimeoutMs, stop, async (session) => {
      const end = endOf(await session.read(), due);
      if (end === undefined) await session.forgetSource();
      return end ?? FORGOTTEN;
    });
  }
}

/** Promotions that still count, whose step to forget the source failed. */
function recentFailures(book: Pick<RecoveryBook, 'list' | 'replaced'>, nowMs: number): readonly Promoted[] {
  const isDue = (record: RecoveryRecord): record is Promoted => {
    const { kind, successful, successor, failed, endedMs = 0, uid, errors } = record;
    if (!KINDS[kind].replaces || !successful || successor === undefined || nowMs - endedMs > RECENT_MS) return false;
    const failure = `${stepText({ kind: 'forget', target: successor })}: `;
    return errors.some((error) => error.startsWith(failure)) && book.replaced(failed)?.uid === uid;
  };
  return book.list().filter(isDue);
}

/** The source that an earlier office was to have forgotten. */
function dueIn(notes: readonly string[], key: InstanceKey): string | undefined {
  const words = `${keyText(key)} ${TO_FORGET} `;
  return notes.find((note) => note.startsWith(words))?.slice(words.length);
}

/**
 * Somebody may have made it a replica meanwhile, of another server or of the same one. It receives then: a source that it only never forgot is
 * dead, or its receiver was stopped for the promotion.
 *
 * @returns undefined: it has a source that is to be forgotten
 */
function endOf(found: Instance, { source, left }: Due): string | undefined {
  const { replication, readOnly } = found;
  if (replication === undefined) return FORGOTTEN;
  const isAnother = source !== undefined && spelledSource(found) !== source;
  return readOnly || replication.receiver === 'running' || isAnother ? left : undefined;
}

function spelledSource({ replication }: Instance): string | undefined {
  return replication && keyText(replication.source);
}
