// What each kind of step does to its server.

import type { Clock } from '../runtime/clock.ts';
import { OrchestratorError } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import type { BinlogCoordinates } from '../topology/instance.ts';
import { type InstanceKey, keyText } from '../topology/instance-key.ts';
import type { Step } from './plan.ts';
import type { SentStatement, ServerSession, Servers } from './ports.ts';
import type { RunnerSettings } from './runner.ts';

export interface StepActsDeps {
  readonly servers: Servers;
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: RunnerSettings;
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

  /** The answer of a promotion is where the new primary's binary log stands. */
  async act(step: Step, statements: SentStatement[], signal: AbortSignal): Promise<BinlogCoordinates | undefined> {
    if (step.kind !== 'promote') {
      await this.#prepareOrFollow(step, statements, signal);
      return undefined;
    }
    const { stepTimeoutMs } = this.#deps.settings;
    return this.on(step.target, stepTimeoutMs, signal, statements, (session) => promote(session, step.semiSync)).catch(
      (cause: unknown) => this.#confirmLeads(step.target, cause, signal),
    );
  }

  async #prepareOrFollow(
    step: Exclude<Step, { kind: 'promote' }>,
    statements: SentStatement[],
    signal: AbortSignal,
  ): Promise<void> {
    const { servers, settings } = this.#deps;
    const { stepTimeoutMs, probeTimeoutMs, promoteOnDrainTimeout } = settings;
    const on = <T>(key: InstanceKey, limitMs: number, work: (session: ServerSession) => Promise<T>) =>
      this.on(key, limitMs, signal, statements, work);
    switch (step.kind) {
      case 'fence':
        if (!step.mustSucceed) return; // it does not answer: the fence keeper waits at its door
        return on(step.target, stepTimeoutMs, (session) => session.setReadOnly(true));
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
        return on(step.target, stepTimeoutMs, async (session) => {
          await session.pointTo(step.source);
          await session.startReplication();
          await this.#untilFollowing(session, step.target, signal);
        });
      case 'detach':
        return on(step.target, stepTimeoutMs, (session) => session.detachSource());
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

async function promote(session: ServerSession, semiSync: boolean): Promise<BinlogCoordinates> {
  if (semiSync) await session.setSemiSyncSource(true); // before the first write, so that none goes unacknowledged
  await session.setReadOnly(false);
  const after = await session.read();
  if (after.readOnly) throw new OrchestratorError('RECOVERY_FAILED', 'the server stayed read-only');
  return after.ownCoordinates;
}

function notDrained(key: InstanceKey, limitMs: number): OrchestratorError {
  return new OrchestratorError(
    'RECOVERY_FAILED',
    `${keyText(key)} did not apply what was received within ${limitMs} ms`,
  );
}
