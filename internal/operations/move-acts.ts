// What each kind of step does to its server.

import { OrchestratorError } from '../runtime/errors.ts';
import { compareCoordinates, type LogPlace } from '../topology/binlog-position.ts';
import { type BinlogCoordinates, type Instance, isBinlogServer, sourceKey } from '../topology/instance.ts';
import { type InstanceKey, keyText, sameKey } from '../topology/instance-key.ts';
import { coordinatesText, type MoveStep, type Place, type Start } from '../topology/move-steps.ts';
import type { MoverDeps } from './mover.ts';
import type { OperatorSession, SentStatement } from './ports.ts';
import { PseudoGtid } from './pseudo-gtid.ts';
import { untilReplicating } from './replicating.ts';
import { setAsMeant, startAsMeant } from './semi-sync-start.ts';
import { stopLimitMs } from './start-again.ts';

export class MoveActs {
  /** What was sent so far, over all servers. */
  readonly statements: SentStatement[] = [];
  /** Where the logs of two servers were found to be at the same event, last. */
  matched: BinlogCoordinates | undefined;
  readonly #deps: MoverDeps;
  readonly #pseudoGtid: PseudoGtid;

  constructor(deps: MoverDeps) {
    this.#deps = deps;
    this.#pseudoGtid = new PseudoGtid(deps);
  }

  async act(step: MoveStep, signal: AbortSignal): Promise<void> {
    const { settings } = this.#deps;
    const { target } = step;
    switch (step.kind) {
      case 'halt':
        return this.#on(target, stopLimitMs(settings), signal, (session) => session.stopReplication());
      case 'drain':
        return this.#wait(target, signal, 'did not apply what it has received', (session, limitMs) =>
          session.drain(limitMs),
        );
      case 'advance':
        return this.#advance(target, await this.#place(step.to, signal), signal);
      case 'level':
        return this.#level(target, step.with, signal);
      case 'await': {
        const [holder, waiting] = await Promise.all([this.#probe(step.holder, signal), this.#probe(target, signal)]);
        if (isBinlogServer(waiting)) return this.#untilStored(target, step.holder, signal);
        return this.#wait(target, signal, `did not reach ${keyText(step.holder)}`, (session, limitMs) =>
          session.waitApplied(holder, limitMs),
        );
      }
      case 'follow':
        return this.#follow(step, signal);
      case 'resume':
        return this.#on(target, settings.stepTimeoutMs + settings.startLimitMs, signal, async (session) => {
          await startAsMeant(this.#deps, session);
          if (step.unheard !== true) await untilReplicating(this.#deps, session, signal);
        });
    }
  }

  /** A binlog server knows no statement that waits. */
  async #untilStored(target: InstanceKey, holder: InstanceKey, signal: AbortSignal): Promise<void> {
    const { clock, settings } = this.#deps;
    const end = clock.monotonicMs() + settings.operationTimeoutMs;
    const want = await this.#executed(holder, signal);
    for (;;) {
      const stored = await this.#executed(target, signal);
      const distance = compareCoordinates(stored, want);
      if (distance === undefined)
        throw failed(`${coordinatesText(stored)} and ${coordinatesText(want)} are of different logs`);
      if (distance >= 0) return;
      if (clock.monotonicMs() > end)
        throw failed(`${keyText(target)} did not reach ${keyText(holder)} within ${settings.operationTimeoutMs} ms`);
      await clock.sleep(settings.startPollMs, signal);
    }
  }

  async #advance(target: InstanceKey, to: BinlogCoordinates, signal: AbortSignal): Promise<void> {
    const { clock, settings } = this.#deps;
    const end = clock.monotonicMs() + settings.operationTimeoutMs;
    const reached = (at: BinlogCoordinates): boolean => {
      const distance = compareCoordinates(at, to);
      if (distance === undefined || distance > 0)
        throw failed(`${keyText(target)} stands at ${coordinatesText(at)}, not before ${coordinatesText(to)}`);
      return distance === 0;
    };
    if (reached(await this.#executed(target, signal))) return;
    await this.#on(target, settings.operationTimeoutMs, signal, async (session) => {
      await setAsMeant(this.#deps, session);
      await session.startUntil(to);
      for (;;) {
        const { replication } = await session.read();
        if (replication === undefined) throw failed(`${keyText(target)} is no replica any more`);
        if (reached(replication.executed)) return session.stopReplication();
        if (replication.applier === 'stopped' && replication.applierErrno > 0)
          throw failed(`${keyText(target)} cannot apply: ${replication.applierError}`);
        if (clock.monotonicMs() > end)
          throw failed(
            `${keyText(target)} did not reach ${coordinatesText(to)} within ${settings.operationTimeoutMs} ms`,
          );
        await clock.sleep(settings.startPollMs, signal);
      }
    });
  }

  async #level(one: InstanceKey, other: InstanceKey, signal: AbortSignal): Promise<void> {
    const [mine, theirs] = await Promise.all([this.#executed(one, signal), this.#executed(other, signal)]);
    const distance = compareCoordinates(mine, theirs);
    if (distance === undefined)
      throw failed(
        `${coordinatesText(mine)} of ${keyText(one)} and ${coordinatesText(theirs)} of ${keyText(other)} are of different logs`,
      );
    if (distance < 0) await this.#advance(one, theirs, signal);
    if (distance > 0) await this.#advance(other, mine, signal);
  }

  async #follow(
    { target, source, start, loginOf }: Extract<MoveStep, { kind: 'follow' }>,
    signal: AbortSignal,
  ): Promise<void> {
    const { stepTimeoutMs } = this.#deps.settings;
    const from = start === 'gtid' ? start : await this.#start(target, start, signal);
    const halted = start !== 'gtid' && !sameKey(start.of, target) && (await this.#stillHalted(target, signal));
    const same = halted && (await this.#isLevel(start, signal)) ? executedPlace(halted) : undefined;
    const login = loginOf && (await this.#on(loginOf, stepTimeoutMs, signal, (session) => session.replicationLogin()));
    const limitMs = stopLimitMs(this.#deps.settings); // at a position its threads are stopped first
    await this.#on(target, limitMs, signal, (session) => session.follow(source, from, login));
    if (same !== undefined && from !== 'gtid') this.#deps.equivalences.record(same, { server: source, at: from });
  }

  /** The place stands still, as the replica does: both are at the same event. */
  async #isLevel(start: Start, signal: AbortSignal): Promise<boolean> {
    if (start === 'gtid' || start.kind !== 'own') return true;
    const { replication } = await this.#probe(start.of, signal);
    return replication?.receiver === 'stopped' && replication.applier === 'stopped';
  }

  async #start(target: InstanceKey, start: Exclude<Start, 'gtid'>, signal: AbortSignal): Promise<BinlogCoordinates> {
    if (start.kind !== 'matched' && start.kind !== 'equivalent') return this.#place(start, signal);
    await this.#stillHalted(target, signal);
    if (start.kind === 'equivalent') {
      const now = await this.#executed(target, signal);
      if (compareCoordinates(now, start.while) === 0) return start.at;
      throw failed(`${keyText(target)} has gone on to ${coordinatesText(now)}, whose equal is not known`);
    }
    const [one, other] = await Promise.all([this.#probe(target, signal), this.#probe(start.of, signal)]);
    const { at } = await this.#pseudoGtid.match(one, other, signal, { relayOnly: start.relayOnly ?? false });
    this.matched = at;
    return at;
  }

  /** A position of another server is only that of this one while neither has moved on. */
  async #stillHalted(key: InstanceKey, signal: AbortSignal): Promise<Instance> {
    const instance = await this.#probe(key, signal);
    const { replication } = instance;
    if (replication === undefined) return instance; // it was a source, and takes no events
    const { receiver, applier } = replication;
    if (receiver !== 'stopped' || applier !== 'stopped')
      throw failed(`somebody started replication on ${keyText(key)} meanwhile`);
    return instance;
  }

  async #place({ kind, of }: Place, signal: AbortSignal): Promise<BinlogCoordinates> {
    if (kind === 'executed') return this.#executed(of, signal);
    const { ownCoordinates } = await this.#probe(of, signal);
    if (ownCoordinates.file === '') throw failed(`${keyText(of)} has no binary log`);
    return ownCoordinates;
  }

  async #executed(key: InstanceKey, signal: AbortSignal): Promise<BinlogCoordinates> {
    const executed = (await this.#probe(key, signal)).replication?.executed;
    if (executed === undefined || executed.file === '') throw failed(`${keyText(key)} tells no position of its source`);
    return executed;
  }

  /** As a step, not as a probe, which is about who is alive: a move is not given up for a second's silence. */
  #probe(key: InstanceKey, signal: AbortSignal): Promise<Instance> {
    return this.#deps.servers.probe(key, this.#deps.settings.stepTimeoutMs, signal);
  }

  /** A wait has the whole of the operation, whose own deadline ends it. */
  async #wait(
    key: InstanceKey,
    signal: AbortSignal,
    failure: string,
    wait: (session: OperatorSession, limitMs: number) => Promise<boolean>,
  ): Promise<void> {
    const { operationTimeoutMs, stepTimeoutMs } = this.#deps.settings;
    const reached = await this.#on(key, operationTimeoutMs + stepTimeoutMs, signal, (session) =>
      wait(session, operationTimeoutMs),
    );
    if (!reached) throw failed(`${keyText(key)} ${failure} within ${operationTimeoutMs} ms`);
  }

  #on<T>(
    key: InstanceKey,
    limitMs: number,
    signal: AbortSignal,
    work: (session: OperatorSession) => Promise<T>,
  ): Promise<T> {
    return this.#deps.servers.operate(key, limitMs, signal, async (session) => {
      try {
        return await work(session);
      } finally {
        this.statements.push(...session.statements.map((sql) => ({ server: key, sql })));
      }
    });
  }
}

/** In the log of its source; undefined: it has none. */
function executedPlace(replica: Instance): LogPlace | undefined {
  const server = sourceKey(replica);
  const at = replica.replication?.executed;
  return server === undefined || at === undefined || at.file === '' ? undefined : { server, at };
}

function failed(message: string): OrchestratorError {
  return new OrchestratorError('OPERATION_FAILED', message);
}
