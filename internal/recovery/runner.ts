import type { Clock } from '../runtime/clock.ts';
import { withDeadline } from '../runtime/deadline.ts';
import { errorText } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import type { BinlogCoordinates, Instance, WatchedInstance } from '../topology/instance.ts';
import { type InstanceKey, keyText, sameKey } from '../topology/instance-key.ts';
import { coordinatesText } from '../topology/move-steps.ts';
import { alignedText } from './binlog-server-acts.ts';
import { type Located, locatedText } from './located.ts';
import { allEnded, isLost, type Mandate } from './mandate.ts';
import type { PlaceBy } from './plan/place.ts';
import type { FailoverPlan, LostReplica, Step } from './plan.ts';
import type { Journal, Match, SentStatement, Servers } from './ports.ts';
import { type Found, StepActs } from './step-acts.ts';

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
  /** A server as it was read, with those that it names under the names by which snapshots know them. */
  readonly named?: (raw: Instance) => Instance;
  readonly clock: Clock;
  readonly log: Log;
  /** Undefined: nobody compares logs here. */
  readonly match?: Match;
  /** A promoted server that has not forgotten its source does so later. */
  readonly forgetLater?: (uid: string, key: InstanceKey) => void;
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
      /** A binlog server that did not take what it lacks. */
      readonly unfed?: InstanceKey;
    };

/** A replica as it was found when its receiver had been stopped; invalid: it did not answer. */
export interface FrozenReplica extends WatchedInstance {
  /** It was asked to stop, whatever it answered. */
  readonly asked: boolean;
}

interface StepOutcome {
  /** Undefined: it worked. */
  readonly error: string | undefined;
  readonly coordinates: BinlogCoordinates | undefined;
  readonly located?: Located;
}

/** Steps that leave a server as it was, or that say themselves what they changed. */
const HARMLESS: ReadonlySet<Step['kind']> = new Set(['fence', 'drain', 'locate', 'receive', 'catchUp', 'acknowledged']);
/** Where one of these fails, the promotion goes on. */
const DISPENSABLE: ReadonlySet<Step['kind']> = new Set(['catchUp', 'locate', 'align']);
/** Where one of these fails, nothing behind it is done: also where it is for scripts to promote. */
const VITAL: ReadonlySet<Step['kind']> = new Set(['fence', 'feed', 'drain', 'semiSyncReplica', 'acknowledged', 'open']);

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
  ): Promise<readonly FrozenReplica[]> {
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

  async #freezeOne(member: WatchedInstance, statements: SentStatement[], signal: AbortSignal): Promise<FrozenReplica> {
    const { servers, clock, settings } = this.#deps;
    const { probeTimeoutMs, stepTimeoutMs, stepMaxMs } = settings;
    const { key, replication } = member.instance;
    let asked = false;
    try {
      const stopped = await withDeadline(clock, stepMaxMs, signal, (bounded) =>
        this.#acts.on(key, stepTimeoutMs, bounded, statements, async (session) => {
          if (replication?.applier !== 'running') await session.startApplier();
          const before = await session.read();
          asked = true;
          if (before.replication?.receiver !== 'other') {
            await session.stopReceiver();
            return session.read();
          }
          await session.stopReceiverSoon();
          return undefined;
        }),
      );
      const instance = stopped ?? (await servers.probe(key, probeTimeoutMs, signal));
      const nowMs = clock.nowMs();
      const known = this.#asKnown(instance, member.instance);
      return { ...member, asked, instance: known, valid: true, lastSeenMs: nowMs, lastCheckedMs: nowMs, lastError: '' };
    } catch (cause) {
      signal.throwIfAborted();
      if (isLost(cause)) throw cause;
      return { ...member, asked, valid: false, lastCheckedMs: clock.nowMs(), lastError: errorText(cause) };
    }
  }

  /** Plans compare what is read now with a snapshot. */
  #asKnown(fresh: Instance, known: Instance): Instance {
    return keepClassification(this.#deps.named?.(fresh) ?? fresh, known);
  }

  /** Takes one step that is part of no plan. Undefined: it worked; otherwise what went wrong. */
  async take(uid: string, step: Step, mandate: Mandate): Promise<string | undefined> {
    return (await this.#step(uid, this.#number(uid), step, mandate)).error;
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
          const known = this.#asKnown(instance, member.instance);
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

  /** @param found by an earlier process that took the first steps of the plan */
  async run(
    uid: string,
    plan: Extract<FailoverPlan, { kind: 'promote' }>,
    mandate: Mandate,
    found: Found = {},
  ): Promise<RunOutcome> {
    const errors: string[] = [];
    let lost = plan.lost;
    let changed = false;
    let promoted = !plan.steps.some(({ kind }) => kind === 'promote');
    const relocates = promoted && plan.steps.some(({ kind }) => kind === 'attach');
    let attached = 0;
    let coordinates: BinlogCoordinates | undefined;
    let known = found;
    for (let done = 0; done < plan.steps.length; ) {
      const batch = nextBatch(plan.steps, done);
      const results = await allEnded(batch.map((step) => this.#step(uid, this.#number(uid), step, mandate, known)));
      for (const [index, { error, coordinates: at, located }] of results.entries()) {
        coordinates ??= at;
        if (located !== undefined) known = { ...known, located };
        const step = batch[index];
        if (step === undefined) continue;
        changed ||= !HARMLESS.has(step.kind);
        if (error === undefined) {
          if (step.kind === 'promote') promoted = true;
          if (step.kind === 'align') known = { ...known, aligned: await this.#agreeAligned(uid, step) };
          if (step.kind === 'attach') attached += 1;
          if (step.kind === 'enter') lost = without(lost, step.target); // whatever became of it before
          continue;
        }
        errors.push(`${stepText(step)}: ${error}`);
        if (VITAL.has(step.kind)) return { kind: 'failed', errors, changed };
        if (step.kind === 'forget') this.#deps.forgetLater?.(uid, step.target);
        if (step.kind === 'attach' || step.kind === 'enter' || (promoted && step.kind === 'gather'))
          lost = [...without(lost, step.target), { key: step.target, reason: error, reachable: true }];
        else if (!promoted && !DISPENSABLE.has(step.kind)) {
          return { kind: 'failed', errors, changed, ...(await this.#acts.doubts(step, mandate.signal)) };
        }
      }
      done += batch.length;
    }
    if (relocates && attached === 0) return { kind: 'failed', errors, changed: false };
    return { kind: 'promoted', successor: plan.successor, coordinates, lost, errors };
  }

  async #step(uid: string, number: number, step: Step, mandate: Mandate, found: Found = {}): Promise<StepOutcome> {
    const { journal, log, clock, settings } = this.#deps;
    const text = stepText(step);
    const statements: SentStatement[] = [];
    const limitMs = settings.stepMaxMs + waitOf(step);
    if (step.kind === 'locate') return this.#locate(uid, number, step.target, mandate.signal);
    try {
      await journal.stepStarted(uid, number, text, limitMs + asideOf(step, settings));
      const coordinates = await withDeadline(clock, limitMs, mandate.signal, (bounded) =>
        this.#acts.act(step, statements, bounded, found, mandate),
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

  /** Whoever takes over finds it, and nobody enters a log of which it is not known. */
  async #agreeAligned(uid: string, step: Extract<Step, { kind: 'align' }>): Promise<string> {
    const { journal } = this.#deps;
    const number = this.#number(uid);
    const text = alignedText(step);
    await journal.stepStarted(uid, number, text, 0);
    await journal.stepEnded(uid, number, text, { statements: [], error: undefined });
    return step.log;
  }

  /** What was found is the text of the entry, so that it is agreed on before the promotion. */
  async #locate(uid: string, number: number, target: InstanceKey, signal: AbortSignal): Promise<StepOutcome> {
    const { journal, log, clock, settings } = this.#deps;
    const limitMs = settings.stepMaxMs;
    const found = await withDeadline(clock, limitMs, signal, (bounded) => this.#acts.locate(target, bounded)).catch(
      (err: unknown) => {
        if (isLost(err)) throw err;
        return errorText(err);
      },
    );
    const [text, error] =
      typeof found === 'string' ? [stepText({ kind: 'locate', target }), found] : [locatedText(found), undefined];
    await journal.stepStarted(uid, number, text, limitMs);
    await journal.stepEnded(uid, number, text, { statements: [], error });
    if (typeof found !== 'string') return { error, coordinates: undefined, located: found };
    log.warn({ step: text, error }, 'recovery step failed: replicas by position are left where they are');
    return { error, coordinates: undefined };
  }
}

function without(lost: readonly LostReplica[], found: InstanceKey): readonly LostReplica[] {
  return lost.filter(({ key }) => !sameKey(key, found));
}

/** How long a step may wait for replication, ms; it changes nothing meanwhile. */
function waitOf(step: Step): number {
  return 'limitMs' in step ? (step.limitMs ?? 0) : 0;
}

/** How long a replica is put in order for which there was no place, behind the end of its step, ms. */
function asideOf(step: Step, { stepTimeoutMs }: RunnerSettings): number {
  return step.kind === 'attach' && step.by !== undefined ? stepTimeoutMs : 0;
}

/** What follows a promotion goes together, and behind it what can wait; everything else goes alone. */
function nextBatch(steps: readonly Step[], from: number): readonly Step[] {
  let end = from + 1;
  const first = laneOf(steps[from]);
  if (first !== 'alone') while (laneOf(steps[end]) === first) end += 1;
  return steps.slice(from, end);
}

function laneOf(step: Step | undefined): 'together' | 'later' | 'alone' {
  if (step?.kind === 'attach') return step.postponed ? 'later' : 'together';
  if (step?.kind === 'enter') return step.postponed ? 'later' : 'alone';
  return step?.kind === 'forget' ? 'together' : 'alone';
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
    case 'receive':
      return `receive ${keyText(step.target)} up to ${coordinatesText(step.at)}`;
    case 'align':
      return `align ${keyText(step.target)} with ${step.log}`;
    case 'gather':
      return `gather ${keyText(step.target)} below ${keyText(step.source)}`;
    case 'enter':
      return `enter ${keyText(step.target)} into ${step.log} of ${keyText(step.source)}`;
    case 'demote':
      return `demote ${keyText(step.target)} below ${keyText(step.source)}`;
    case 'attach':
      return `attach ${keyText(step.target)} to ${keyText(step.source)}${wayText(step.by)}`;
    case 'acknowledged':
      return `acknowledged ${keyText(step.target)} by ${step.atLeast}`;
    case 'semiSyncSource':
    case 'semiSyncReplica':
      return `${step.kind} ${keyText(step.target)} ${step.enabled ? 'on' : 'off'}`;
    default:
      return `${step.kind} ${keyText(step.target)}`;
  }
}

const WAYS: Readonly<Record<PlaceBy, string>> = {
  position: 'position',
  gtid: 'GTID',
  markers: 'Pseudo-GTID',
  sameLog: 'the same position',
};

function wayText(by: readonly PlaceBy[] = []): string {
  const words = by.map((way) => WAYS[way]);
  return words.length === 0 ? '' : ` by ${words.join(' or ')}`;
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
    usesPseudoGtid: known.usesPseudoGtid,
    replicaKeys: known.replicaKeys,
  };
}
