// Carries a plan out: locks, steps in order, and the way back to a replicating server when a step fails.

import type { Clock } from '../runtime/clock.ts';
import { errorText, OrchestratorError } from '../runtime/errors.ts';
import type { BinlogCoordinates } from '../topology/instance.ts';
import { compareKeys, type InstanceKey, keyText, sameKey } from '../topology/instance-key.ts';
import { type MovePlan, type MoveStep, stepText } from '../topology/move-steps.ts';
import { MoveActs } from './move-acts.ts';
import type { PlacesSeen } from './places-seen.ts';
import type { Equivalences, Locks, SentStatement, Servers } from './ports.ts';
import { mostOperationMs } from './progress.ts';
import type { StartDeps } from './semi-sync-start.ts';
import { restoreLimitMs, startAgain } from './start-again.ts';

/** The owner of the locks of operations; what a lock is for stands in its reason. */
export const OPERATION_OWNER = 'orchestrator';
/** Begins the reason of an operation that must not have replication started behind its back. */
export const KEEP_HALTED = 'kept halted: ';
/** A lock outlives its operation by that much, so that it does not run out while servers are put in order. */
const LOCK_MARGIN_MS = 60_000;

export interface MoverDeps extends StartDeps {
  /** Where servers stood some minutes ago. */
  readonly places?: PlacesSeen;
  readonly servers: Servers;
  readonly locks: Locks;
  readonly equivalences: Equivalences;
  readonly clock: Clock;
}

/** Behind these a server does not replicate. */
const HALTING: ReadonlySet<MoveStep['kind']> = new Set(['halt', 'drain', 'follow']);

type Resume = Extract<MoveStep, { kind: 'resume' }>;

export interface Moved {
  readonly statements: readonly SentStatement[];
  /** By Pseudo-GTID: where the replica goes on in the log of its new source. */
  readonly matched: BinlogCoordinates | undefined;
}

export class Mover {
  readonly #deps: MoverDeps;

  constructor(deps: MoverDeps) {
    this.#deps = deps;
  }

  /**
   * @param what for the reason of the locks, such as `relocate a:3306 below b:3306`
   * @throws {OrchestratorError} `CONFLICT` before anything was changed; `OPERATION_FAILED` with the step, and with what could not be put in order
   */
  async run(plan: MovePlan, what: string, signal: AbortSignal): Promise<Moved> {
    return this.locked(plan.locks, what, () => this.#steps(plan.steps, signal));
  }

  /** Runs `work` while nobody else may change these servers. */
  async locked<T>(keys: readonly InstanceKey[], what: string, work: () => Promise<T>): Promise<T> {
    const { locks, log, settings } = this.#deps;
    const held: InstanceKey[] = [];
    const durationMs = mostOperationMs(settings) + restoreLimitMs(settings) + LOCK_MARGIN_MS;
    try {
      const wanted = new Map(keys.map((key) => [keyText(key), key]));
      for (const key of [...wanted.values()].sort(compareKeys)) {
        await locks.begin(key, OPERATION_OWNER, what, durationMs);
        held.push(key);
      }
      return await work();
    } finally {
      for (const key of held.reverse())
        await locks
          .end(key)
          .catch((err: unknown) =>
            log.warn({ instance: keyText(key), err }, 'a maintenance lock stays until it runs out'),
          );
    }
  }

  async #steps(steps: readonly MoveStep[], signal: AbortSignal): Promise<Moved> {
    const { log } = this.#deps;
    const acts = new MoveActs(this.#deps);
    const halted = new Map<string, InstanceKey>();
    let current: MoveStep | undefined;
    try {
      for (const step of steps) {
        current = step;
        signal.throwIfAborted();
        log.info({ step: stepText(step) }, 'operation step');
        const mark = () => {
          if (HALTING.has(step.kind)) halted.set(keyText(step.target), step.target);
        };
        await acts.act(step, signal).catch((cause: unknown) => {
          if (!wasRefused(cause)) mark();
          throw cause;
        });
        mark();
        if (step.kind === 'resume') halted.delete(keyText(step.target));
      }
      return { statements: acts.statements, matched: acts.matched };
    } catch (cause) {
      const still = await this.#putInOrder([...halted.values()].map(asPlanned(steps)));
      const at = current === undefined ? '' : `${stepText(current)}: `;
      throw new OrchestratorError('OPERATION_FAILED', [`${at}${errorText(cause)}`, ...still].join('; '), { cause });
    }
  }

  /** Every server that was halted is started again, on its own time. The answer is what stays out of order. */
  async #putInOrder(resumes: readonly Resume[]): Promise<readonly string[]> {
    const left = await Promise.all(resumes.map(({ target, unheard }) => startAgain(this.#deps, target, unheard)));
    return left.filter((one) => one !== undefined);
  }
}

/** Somebody else has the server in hand, or it must not be changed: it is as it was. */
function wasRefused(cause: unknown): boolean {
  return cause instanceof OrchestratorError && cause.code === 'CONFLICT';
}

/** As the plan would have started it in the end: the source of some is dead. */
function asPlanned(steps: readonly MoveStep[]) {
  return (target: InstanceKey): Resume =>
    steps.findLast((step): step is Resume => step.kind === 'resume' && sameKey(step.target, target)) ?? {
      kind: 'resume',
      target,
    };
}
