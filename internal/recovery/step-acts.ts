// What each kind of step does to its server.

import type { Clock } from '../runtime/clock.ts';
import { OrchestratorError } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import type { BinlogCoordinates, Instance, ReplicationStatus } from '../topology/instance.ts';
import { type InstanceKey, keyText, sameKey } from '../topology/instance-key.ts';
import { missingFrom } from '../topology/received.ts';
import type { SemiSyncAtStart } from '../topology/semi-sync.ts';
import { actOnBinlogServers } from './binlog-server-acts.ts';
import { type Located, locatedBy, whyNotItsEnd } from './located.ts';
import { isLost, type Mandate } from './mandate.ts';
import type { Step } from './plan.ts';
import type { Match, ReplicationLogin, SentStatement, ServerSession, Servers } from './ports.ts';
import { type Placed, putAside, putInPlace, unplaced } from './put-in-place.ts';
import type { RunnerSettings } from './runner.ts';

export interface StepActsDeps {
  readonly servers: Servers;
  readonly clock: Clock;
  readonly log: Log;
  /** Undefined: nobody compares logs here. */
  readonly match?: Match;
  readonly settings: RunnerSettings;
}

/** What steps before have found out. */
export interface Found {
  readonly located?: Located | undefined;
  /** The first log of a new primary that binlog servers go on with. */
  readonly aligned?: string | undefined;
}

export interface Doubts {
  /** May have become writable. */
  readonly uncertain?: InstanceKey;
  /** A binlog server that did not take what it lacks. */
  readonly unfed?: InstanceKey;
}

export class StepActs {
  readonly #deps: StepActsDeps;

  constructor(deps: StepActsDeps) {
    this.#deps = deps;
  }

  /** One session on one server; what it sent is kept, also when it failed. */
  on<T>(
    key: InstanceKey,
    limitMs: number,
    signal: AbortSignal,
    statements: SentStatement[],
    work: (session: ServerSession) => Promise<T>,
  ): Promise<T> {
    return this.#deps.servers.change(key, limitMs, signal, async (session) => {
      try {
        return await work(session);
      } finally {
        statements.push(...session.statements.map((sql) => ({ server: key, sql })));
      }
    });
  }

  /**
   * The answer of a promotion is where the new primary's binary log stands.
   *
   * @param signal of this step
   * @param mandate for what is put in order when its time is over
   */
  async act(
    step: Exclude<Step, { kind: 'locate' }>,
    statements: SentStatement[],
    signal: AbortSignal,
    found: Found,
    mandate: Mandate,
  ): Promise<BinlogCoordinates | undefined> {
    if (step.kind !== 'promote') {
      await this.#prepareOrFollow(step, statements, signal, found, mandate);
      return undefined;
    }
    const { stepTimeoutMs } = this.#deps.settings;
    return this.on(step.target, stepTimeoutMs, signal, statements, (session) => promote(session, step.semiSync)).catch(
      (cause: unknown) => this.#confirmLeads(step.target, cause, signal),
    );
  }

  /** Under the lock of the server, and changes nothing. */
  locate(target: InstanceKey, signal: AbortSignal): Promise<Located> {
    const { stepTimeoutMs } = this.#deps.settings;
    return this.on(target, stepTimeoutMs, signal, [], async (session) =>
      locatedBy(await session.read(), await session.read()),
    );
  }

  async #prepareOrFollow(
    step: Exclude<Step, { kind: 'promote' | 'locate' }>,
    statements: SentStatement[],
    signal: AbortSignal,
    found: Found,
    mandate: Mandate,
  ): Promise<void> {
    const { servers, settings } = this.#deps;
    const { stepTimeoutMs, probeTimeoutMs, promoteOnDrainTimeout } = settings;
    const on = <T>(key: InstanceKey, limitMs: number, work: (session: ServerSession) => Promise<T>) =>
      this.on(key, limitMs, signal, statements, work);
    switch (step.kind) {
      case 'fence':
        if (!step.mustSucceed) return; // it does not answer: the fence keeper waits at its door
        return on(step.target, stepTimeoutMs, (session) => session.setReadOnly(true));
      case 'quiesce':
      case 'reopen':
        return on(step.target, stepTimeoutMs, (session) => session.setReadOnly(step.kind === 'quiesce'));
      case 'drain':
        return on(step.target, step.limitMs + stepTimeoutMs, async (session) => {
          if (await session.drain(step.limitMs)) return;
          if (!promoteOnDrainTimeout) throw notDrained(step.target, step.limitMs);
        });
      case 'feed': {
        const holder = await servers.probe(step.from, probeTimeoutMs, signal);
        return on(step.target, step.limitMs + stepTimeoutMs, async (session) => {
          await session.pointTo(step.from);
          await session.startReplication();
          if (!(await session.waitApplied(holder, step.limitMs))) throw notDrained(step.target, step.limitMs);
          await session.stopReceiver();
        });
      }
      case 'catchUp': {
        const holder = await servers.probe(step.holder, probeTimeoutMs, signal);
        return on(step.target, step.limitMs + stepTimeoutMs, async (session) => {
          if (!(await session.waitApplied(holder, step.limitMs))) throw notDrained(step.target, step.limitMs);
        });
      }
      case 'forget':
        return on(step.target, stepTimeoutMs, (session) => session.forgetSource());
      case 'attach':
        return this.#attach(step, statements, signal, found, mandate);
      case 'demote':
        return this.#demote(step, statements, signal, found);
      case 'semiSyncSource':
        return on(step.target, stepTimeoutMs, (session) => session.setSemiSyncSource(step.enabled));
      case 'semiSyncReplica':
        return on(step.target, stepTimeoutMs, (session) => this.#switchReplica(session, step, signal));
      case 'acknowledged':
        return this.#untilAcknowledged(step, signal);
      case 'nudge':
        return on(step.target, stepTimeoutMs, (session) => session.writeNothing());
      case 'open':
        await on(step.target, stepTimeoutMs, (session) => promote(session, step.semiSync));
        return;
      case 'receive':
      case 'align':
      case 'gather':
      case 'enter':
        return actOnBinlogServers(step, {
          on,
          stepTimeoutMs,
          aligned: found.aligned,
          until: (look, limitMs) => this.#until(signal, look, limitMs),
          untilFollowing: (session, key) => this.#untilFollowing(session, key, signal),
        });
      case 'detach':
        return on(step.target, stepTimeoutMs, (session) => session.detachSource());
    }
  }

  /** Who is not to be reckoned with any more, now that this step has failed. */
  async doubts(step: Step, signal: AbortSignal): Promise<Doubts> {
    if (step.kind === 'gather') return { unfed: step.target };
    if (step.kind !== 'promote' || (await this.#isReadOnly(step.target, signal))) return {};
    return { uncertain: step.target };
  }

  /** Certain, and not only as of now: whatever a failed step has sent there has ended when another one may change the server. */
  async #isReadOnly(key: InstanceKey, signal: AbortSignal): Promise<boolean> {
    const { probeTimeoutMs } = this.#deps.settings;
    try {
      return await this.on(key, probeTimeoutMs, signal, [], async (session) => (await session.read()).readOnly);
    } catch (err) {
      signal.throwIfAborted();
      if (isLost(err)) throw err;
      return false;
    }
  }

  /** One that gets no place is put aside as soon as anything was begun with it. */
  async #attach(
    step: Extract<Step, { kind: 'attach' }>,
    statements: SentStatement[],
    signal: AbortSignal,
    { located }: Found,
    mandate: Mandate,
  ): Promise<void> {
    const { target, source, by, semiSync, limitMs = 0 } = step;
    const { match, settings } = this.#deps;
    const placed = by && { ...step, by };
    const means = { located, match, probe: (key: InstanceKey) => this.#probeTwice(key, signal) };
    let begun: { readonly placed: Placed; readonly before: ReplicationStatus } | undefined;
    try {
      await this.on(target, settings.stepTimeoutMs + limitMs, signal, statements, async (session) => {
        if (placed === undefined) await session.pointTo(source);
        const before = placed && (await unplaced(placed, session, means));
        if (placed !== undefined && before !== undefined) {
          begun = { placed, before };
          await putInPlace(placed, before, session, means, signal);
          begun = undefined;
        }
        await setSemiSync(session, semiSync);
        await session.startReplication();
        await this.#untilFollowing(session, target, signal);
      });
    } catch (err) {
      if (begun?.placed.otherwise !== undefined && !isLost(err))
        await this.#putAside(begun.placed, begun.before, statements, mandate);
      throw err;
    }
  }

  /** Has a time of its own, since that of the step may be over. What goes wrong here is said: the reason for it all is what counts. */
  async #putAside(
    step: Placed,
    before: ReplicationStatus,
    statements: SentStatement[],
    mandate: Mandate,
  ): Promise<void> {
    const { log, settings } = this.#deps;
    if (mandate.signal.aborted) return; // whoever finishes the recovery takes the step again
    await mandate.confirm();
    try {
      const aside = (session: ServerSession) => putAside(step, before, session);
      await this.on(step.target, settings.stepTimeoutMs, mandate.signal, statements, aside);
    } catch (err) {
      if (isLost(err)) throw err;
      log.warn({ instance: keyText(step.target), err }, 'a replica without a place could not be put aside');
    }
  }

  /** The second time it has as long as a step: a server that was just promoted may be slow, and what was held to it may have broken. */
  async #probeTwice(key: InstanceKey, signal: AbortSignal): Promise<Instance> {
    const { servers, settings } = this.#deps;
    try {
      return await servers.probe(key, settings.probeTimeoutMs, signal);
    } catch {
      signal.throwIfAborted();
      return servers.probe(key, settings.stepTimeoutMs, signal);
    }
  }

  /** It gets the login that its successor had as its replica. */
  async #demote(
    { target, source, start, semiSync, by }: Extract<Step, { kind: 'demote' }>,
    statements: SentStatement[],
    signal: AbortSignal,
    { located }: Found,
  ): Promise<void> {
    const { servers, settings } = this.#deps;
    const { stepTimeoutMs, probeTimeoutMs } = settings;
    const heir = await servers.probe(source, probeTimeoutMs, signal);
    const login = await this.on(source, stepTimeoutMs, signal, [], (session) => session.replicationLogin());
    await this.on(target, stepTimeoutMs, signal, statements, async (session) => {
      const old = await session.read();
      const only = missingFrom(heir, old);
      if (only !== '') throw failed(`it holds transactions that ${keyText(source)} lacks: ${only}`);
      if (!old.readOnly) throw failed('it takes writes');
      if (by === undefined) await session.pointTo(source, login);
      else if (!follows(old, heir)) await pointToEnd(session, old, source, login, located); // a step may come twice
      await setSemiSync(session, semiSync);
      if (start) await session.startReplication();
      if (login === undefined && old.replication === undefined)
        throw failed('no replication credentials for the old primary: set ReplicationCredentialsQuery');
      if (start) await this.#untilFollowing(session, target, signal);
    });
  }

  /** The switch is heard when the receiver connects, which the source takes a moment to answer. */
  async #switchReplica(
    session: ServerSession,
    { target, enabled }: Extract<Step, { kind: 'semiSyncSource' | 'semiSyncReplica' }>,
    signal: AbortSignal,
  ): Promise<void> {
    await session.setSemiSyncReplica(enabled);
    await session.restartReceiver();
    const done = await this.#until(signal, async () => {
      const { replication, semiSync } = await session.read();
      return replication?.receiver === 'running' && semiSync.replicaActive === enabled;
    });
    if (!done) throw failed(`${keyText(target)} does not ${enabled ? 'begin' : 'cease'} to acknowledge`);
  }

  async #untilAcknowledged(
    { target, atLeast, limitMs }: Extract<Step, { kind: 'acknowledged' }>,
    signal: AbortSignal,
  ): Promise<void> {
    const { servers, settings } = this.#deps;
    let found = 0;
    const look = async () => {
      found = (await servers.probe(target, settings.probeTimeoutMs, signal)).semiSync.sourceClients;
      return found >= atLeast;
    };
    if (await this.#until(signal, look, limitMs)) return;
    throw failed(`${found} replicas acknowledge what ${keyText(target)} writes, and it waits for ${atLeast}`);
  }

  /** False: not within the limit. */
  async #until(signal: AbortSignal, look: () => Promise<boolean>, limitMs?: number): Promise<boolean> {
    const { clock, settings } = this.#deps;
    const end = clock.monotonicMs() + (limitMs ?? settings.attachLimitMs);
    for (;;) {
      if (await look()) return true;
      if (clock.monotonicMs() > end) return false;
      await clock.sleep(settings.attachPollMs, signal);
    }
  }

  /** `START` only says that the threads were asked to run; whether the source took the replica shows a moment later. */
  async #untilFollowing(session: ServerSession, key: InstanceKey, signal: AbortSignal): Promise<void> {
    const { clock, log, settings } = this.#deps;
    const end = clock.monotonicMs() + settings.attachLimitMs;
    for (;;) {
      const { replication } = await session.read();
      if (replication === undefined || (replication.receiver === 'running' && replication.applier === 'running'))
        return;
      const { receiverError, applierError } = replication;
      const stopped = replication.receiver === 'stopped' || replication.applier === 'stopped';
      if (stopped && replication.receiverErrno + replication.applierErrno > 0)
        throw new OrchestratorError(
          'RECOVERY_FAILED',
          `${keyText(key)} does not follow: ${receiverError || applierError}`,
        );
      if (clock.monotonicMs() > end) {
        log.warn({ instance: keyText(key), receiver: replication.receiver }, 'attached, but not connected yet');
        return;
      }
      await clock.sleep(settings.attachPollMs, signal);
    }
  }

  /** An answer that got lost does not undo a promotion. */
  async #confirmLeads(target: InstanceKey, cause: unknown, signal: AbortSignal): Promise<BinlogCoordinates> {
    const { servers, settings } = this.#deps;
    const after = await servers.probe(target, settings.probeTimeoutMs, signal).catch(() => undefined);
    if (after === undefined || after.readOnly) throw cause;
    return after.ownCoordinates;
  }
}

/** By whichever name. */
function follows({ replication }: Instance, { key, serverUuid }: Instance): boolean {
  if (replication === undefined) return false;
  return sameKey(replication.source, key) || (serverUuid !== '' && replication.sourceUuid === serverUuid);
}

/** A source that it has still may write into its log until it is halted: what is there counts then. */
async function pointToEnd(
  session: ServerSession,
  old: Instance,
  source: InstanceKey,
  login: ReplicationLogin | undefined,
  located: Located | undefined,
): Promise<void> {
  let at = endOf(old, source, located);
  if (old.replication !== undefined) {
    await session.stopReplication();
    at = endOf(await session.read(), source, located);
  }
  await session.pointTo(source, login, at);
}

/** Where a replaced primary goes on. */
function endOf(old: Instance, source: InstanceKey, located: Located | undefined): BinlogCoordinates {
  if (located === undefined) throw failed(`where the log of ${keyText(source)} stood is not known`);
  const no = whyNotItsEnd(old, located);
  if (no !== undefined) throw failed(no);
  return located.place;
}

/** Before replication starts: the receiver tells its source as it connects. */
async function setSemiSync(session: ServerSession, { source, replica }: SemiSyncAtStart = {}): Promise<void> {
  if (source !== undefined) await session.setSemiSyncSource(source);
  if (replica !== undefined) await session.setSemiSyncReplica(replica);
}

async function promote(session: ServerSession, semiSync: boolean): Promise<BinlogCoordinates> {
  if (semiSync) await session.setSemiSyncSource(true); // before the first write, so that none goes unacknowledged
  await session.setReadOnly(false);
  const after = await session.read();
  if (after.readOnly) throw new OrchestratorError('RECOVERY_FAILED', 'the server stayed read-only');
  return after.ownCoordinates;
}

function notDrained(key: InstanceKey, limitMs: number): OrchestratorError {
  return failed(`${keyText(key)} did not apply what was received within ${limitMs} ms`);
}

function failed(message: string): OrchestratorError {
  return new OrchestratorError('RECOVERY_FAILED', message);
}
