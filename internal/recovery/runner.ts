import type { Clock } from '../runtime/clock.ts';
import { withDeadline } from '../runtime/deadline.ts';
import { errorText } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import type { BinlogCoordinates, Instance, WatchedInstance } from '../topology/instance.ts';
import { type InstanceKey, keyText } from '../topology/instance-key.ts';
import { allEnded, isLost, type Mandate } from './mandate.ts';
import type { FailoverPlan, LostReplica, Step } from './plan.ts';
import type { Journal, SentStatement, Servers } from './ports.ts';
import { StepActs } from './step-acts.ts';

export interface RunnerSettings {
  readonly probeTimeoutMs: number;
  readonly stepTimeoutMs: number;
  /** A whole step takes this long at most, what it waits for replication aside. */
  readonly stepMaxMs: number;
  readonly promoteOnDrainTimeout: boolean;
  /** How long an attached replica is watched until it follows, and how often it is looked at. */
  readonly attachLimitMs: number;
  readonly attachPollMs: number;
}

export interface RunnerDeps {
  readonly servers: Servers;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: RunnerSettings;
}

export type RunOutcome =
  | {
      readonly kind: 'promoted';
      readonly successor: InstanceKey;
      /** Where its own binary log stood when it was made writable; undefined: it was not, or did not say. */
      readonly coordinates: BinlogCoordinates | undefined;
      readonly lost: readonly LostReplica[];
      readonly errors: readonly string[];
    }
  | {
      readonly kind: 'failed';
      readonly errors: readonly string[];
      /** Some server is not as it was before, a stopped receiver aside. */
      readonly changed: boolean;
      /** Was being made writable when it stopped to answer: nobody knows whether it is. */
      readonly uncertain?: InstanceKey;
    };

interface StepOutcome {
  /** Undefined: it worked. */
  readonly error: string | undefined;
  readonly coordinates: BinlogCoordinates | undefined;
}

/** Steps that leave a server as it was, or that say themselves what they changed. */
const HARMLESS: ReadonlySet<Step['kind']> = new Set(['fence', 'drain', 'catchUp']);

/**
 * Executes plans, step after step, each journalled before it runs. Knows nothing of why a plan was made. A step whose entry in the
 * journal was not agreed on is not taken, and everything here then throws `NOT_LEADER`: that agreement is the proof that nobody else
 * leads, begun after the step before had ended.
 */
export class RecoveryRunner {
  readonly #deps: RunnerDeps;
  readonly #acts: StepActs;
  readonly #numbers = new Map<string, number>();

  constructor(deps: RunnerDeps) {
    this.#deps = deps;
    this.#acts = new StepActs(deps);
  }

  /**
   * Fixes what each replica holds: applier on, receiver off, then one fresh read. A receiver that is trying to connect
   * receives nothing any more once it was asked to stop, so it is not waited for: MySQL takes two seconds over that. A replica that does not answer comes
   * back invalid. Moves nothing; `thaw` undoes it.
   */
  async freeze(
    uid: string,
    members: readonly WatchedInstance[],
    { signal }: Mandate,
  ): Promise<readonly WatchedInstance[]> {
    const { journal, settings } = this.#deps;
    const number = this.#number(uid);
    const text = freezeText(members.map(({ instance }) => instance.key));
    const statements: SentStatement[] = [];
    await journal.stepStarted(uid, number, text, settings.stepMaxMs);
    const frozen = await allEnded(members.map((member) => this.#freezeOne(member, statements, signal)));
    const silent = frozen.filter(({ valid }) => !valid);
    const errors = silent.map(({ instance, lastError }) => `${keyText(instance.key)}: ${lastError}`);
    const error = errors.length === 0 ? undefined : errors.join('; ');
    await journal.stepEnded(uid, number, text, { statements, error });
    return frozen;
  }

  async #freezeOne(
    member: WatchedInstance,
    statements: SentStatement[],
    signal: AbortSignal,
  ): Promise<WatchedInstance> {
    const { servers, clock, settings } = this.#deps;
    const { stepTimeoutMs, stepMaxMs } = settings;
    const { key, replication } = member.instance;
    try {
      const instance = await withDeadline(clock, stepMaxMs, signal, (bounded) =>
        this.#acts.on(key, stepTimeoutMs, bounded, statements, async (session) => {
          if (replication?.applier !== 'running') await session.startApplier();
          const before = await session.read();
          if (before.replication?.receiver !== 'other') await session.stopReceiver();
          else {
            const sql = await servers.stopReceiverSoon(key, stepTimeoutMs, bounded);
            statements.push({ server: key, sql });
          }
          return session.read();
        }),
      );
      const nowMs = clock.nowMs();
      const known = keepClassification(instance, member.instance);
      return { ...member, instance: known, valid: true, lastSeenMs: nowMs, lastCheckedMs: nowMs, lastError: '' };
    } catch (cause) {
      signal.throwIfAborted();
      if (isLost(cause)) throw cause;
      return { ...member, valid: false, lastCheckedMs: clock.nowMs(), lastError: errorText(cause) };
    }
  }

  /**
   * A primary that still answers is made read-only, and its replicas get the time to receive its last writes. A replica
   * that does not catch up is no error: the plan ranks it by what it holds.
   *
   * @returns what kept the primary from being made read-only; empty: it is
   */
  async quiesce(
    uid: string,
    primary: InstanceKey,
    replicas: readonly InstanceKey[],
    catchUpMs: number,
    mandate: Mandate,
  ): Promise<readonly string[]> {
    const { servers, settings, log } = this.#deps;
    const { stepTimeoutMs, probeTimeoutMs } = settings;
    const fence: Step = { kind: 'fence', target: primary, mustSucceed: true };
    const { error } = await this.#step(uid, this.#number(uid), fence, mandate);
    if (error !== undefined) return [`${stepText(fence)}: ${error}`];
    const { signal } = mandate;
    const final = await servers.probe(primary, probeTimeoutMs, signal);
    await Promise.all(
      replicas.map((key) =>
        servers
          .change(key, catchUpMs + stepTimeoutMs, signal, (session) => session.waitApplied(final, catchUpMs))
          .catch((err: unknown) => log.warn({ instance: keyText(key), err }, 'replica did not catch up')),
      ),
    );
    return [];
  }

  /** Undoes the fence of `quiesce`. */
  async reopen(primary: InstanceKey, mandate: Mandate): Promise<readonly string[]> {
    const { servers, settings, clock } = this.#deps;
    const { stepTimeoutMs } = settings;
    await mandate.confirm();
    const own = clock.timeoutSignal(stepTimeoutMs); // a cancelled recovery does not cancel its clean-up
    try {
      await servers.change(primary, stepTimeoutMs, own, (session) => session.setReadOnly(false));
      return [];
    } catch (cause) {
      if (isLost(cause)) throw cause;
      return [`${keyText(primary)} was left read-only: ${errorText(cause)}`];
    }
  }

  /** Steps of this recovery that an earlier process journalled keep their numbers. */
  continueAt(uid: string, number: number): void {
    this.#numbers.set(uid, number);
  }

  #number(uid: string): number {
    const number = this.#numbers.get(uid) ?? 0;
    this.#numbers.set(uid, number + 1);
    return number;
  }

  /** Reads servers once more, in parallel. One that does not answer comes back invalid. */
  async survey(members: readonly WatchedInstance[], signal: AbortSignal): Promise<readonly WatchedInstance[]> {
    const { servers, clock, settings } = this.#deps;
    return Promise.all(
      members.map(async (member): Promise<WatchedInstance> => {
        try {
          const instance = await servers.probe(member.instance.key, settings.probeTimeoutMs, signal);
          const nowMs = clock.nowMs();
          const known = keepClassification(instance, member.instance);
          return { ...member, instance: known, valid: true, lastSeenMs: nowMs, lastCheckedMs: nowMs, lastError: '' };
        } catch (cause) {
          signal.throwIfAborted();
          return { ...member, valid: false, lastCheckedMs: clock.nowMs(), lastError: errorText(cause) };
        }
      }),
    );
  }

  /** Starts replication again on servers that `freeze` stopped. Failures are reported, not thrown. */
  async thaw(keys: readonly InstanceKey[], mandate: Mandate): Promise<readonly string[]> {
    const { servers, settings, clock } = this.#deps;
    const { stepTimeoutMs } = settings;
    await mandate.confirm();
    const own = clock.timeoutSignal(stepTimeoutMs); // a cancelled recovery does not cancel its clean-up
    const failures = await allEnded(
      keys.map((key) =>
        servers
          .change(key, stepTimeoutMs, own, (session) => session.startReplication())
          .then(() => undefined)
          .catch((cause: unknown) => {
            if (isLost(cause)) throw cause;
            return `${keyText(key)}: replication was left stopped: ${errorText(cause)}`;
          }),
      ),
    );
    return failures.filter((failure) => failure !== undefined);
  }

  async run(uid: string, plan: Extract<FailoverPlan, { kind: 'promote' }>, mandate: Mandate): Promise<RunOutcome> {
    const errors: string[] = [];
    const lost = [...plan.lost];
    let changed = false;
    let promoted = !plan.steps.some(({ kind }) => kind === 'promote');
    const relocates = promoted && plan.steps.some(({ kind }) => kind === 'attach');
    let attached = 0;
    let coordinates: BinlogCoordinates | undefined;
    for (let done = 0; done < plan.steps.length; ) {
      const batch = nextBatch(plan.steps, done);
      const results = await allEnded(batch.map((step) => this.#step(uid, this.#number(uid), step, mandate)));
      for (const [index, { error, coordinates: at }] of results.entries()) {
        coordinates ??= at;
        const step = batch[index];
        if (step === undefined) continue;
        changed ||= !HARMLESS.has(step.kind);
        if (error === undefined) {
          if (step.kind === 'promote') promoted = true;
          if (step.kind === 'attach') attached += 1;
          continue;
        }
        errors.push(`${stepText(step)}: ${error}`);
        if (step.kind === 'attach') lost.push({ key: step.target, reason: error, reachable: true });
        else if (!promoted && step.kind !== 'catchUp') {
          const uncertain = step.kind === 'promote' ? { uncertain: step.target } : {};
          return { kind: 'failed', errors, changed, ...uncertain };
        }
      }
      done += batch.length;
    }
    if (relocates && attached === 0) return { kind: 'failed', errors, changed: false };
    return { kind: 'promoted', successor: plan.successor, coordinates, lost, errors };
  }

  async #step(uid: string, number: number, step: Step, { signal }: Mandate): Promise<StepOutcome> {
    const { journal, log, clock, settings } = this.#deps;
    const text = stepText(step);
    const statements: SentStatement[] = [];
    const limitMs = settings.stepMaxMs + waitOf(step);
    try {
      await journal.stepStarted(uid, number, text, limitMs);
      const coordinates = await withDeadline(clock, limitMs, signal, (bounded) =>
        this.#acts.act(step, statements, bounded),
      );
      await journal.stepEnded(uid, number, text, { statements, error: undefined });
      log.info({ step: text }, 'recovery step done');
      return { error: undefined, coordinates };
    } catch (err) {
      if (isLost(err)) throw err;
      const error = errorText(err);
      await journal.stepEnded(uid, number, text, { statements, error });
      log.warn({ step: text, err }, 'recovery step failed');
      return { error, coordinates: undefined };
    }
  }
}

/** How long a step may wait for replication, ms; it changes nothing meanwhile. */
function waitOf(step: Step): number {
  return 'limitMs' in step ? step.limitMs : 0;
}

/** What follows a promotion goes together; everything else goes alone. */
function nextBatch(steps: readonly Step[], from: number): readonly Step[] {
  let end = from + 1;
  const together = (at: number) => steps[at]?.kind === 'attach' || steps[at]?.kind === 'forget';
  if (together(from)) while (together(end)) end += 1;
  return steps.slice(from, end);
}

/** Journal words of the servers whose receivers a recovery stopped. */
export function freezeText(keys: readonly InstanceKey[]): string {
  return `freeze ${keys.map(keyText).join(' ')}`;
}

export function stepText(step: Step): string {
  switch (step.kind) {
    case 'feed':
      return `feed ${keyText(step.target)} from ${keyText(step.from)}`;
    case 'catchUp':
      return `catch up ${keyText(step.target)} with ${keyText(step.holder)}`;
    case 'attach':
      return `attach ${keyText(step.target)} to ${keyText(step.source)}`;
    default:
      return `${step.kind} ${keyText(step.target)}`;
  }
}

/** A session's bare read does not ask the classification queries: what a full probe learned stays. */
function keepClassification(fresh: Instance, known: Instance): Instance {
  return {
    ...fresh,
    key: known.key,
    dataCenter: known.dataCenter,
    region: known.region,
    physicalEnvironment: known.physicalEnvironment,
    instanceAlias: known.instanceAlias,
    suggestedClusterAlias: known.suggestedClusterAlias,
    clusterDomain: known.clusterDomain,
    promotionRule: known.promotionRule,
    detectedPromotionRule: known.detectedPromotionRule,
    semiSyncPriority: known.semiSyncPriority,
    measuredLagSeconds: known.measuredLagSeconds,
    replicaKeys: known.replicaKeys,
  };
}
