// The door of the room: reads the servers that a request is about, has it carried out, reads them again and writes the audit.

import { withDeadline } from '../runtime/deadline.ts';
import { OrchestratorError } from '../runtime/errors.ts';
import { type ClusterSnapshot, memberOf } from '../topology/cluster.ts';
import type { BinlogCoordinates, Instance, WatchedInstance } from '../topology/instance.ts';
import { type InstanceKey, keyText } from '../topology/instance-key.ts';
import { endAbandoned, type KnownLock } from './abandoned.ts';
import { actOnErrant, type ErrantRoom, errantNow, locateErrant } from './errant.ts';
import { LookUps } from './look-ups.ts';
import { Mover, type MoverDeps } from './mover.ts';
import { Moves } from './moves.ts';
import type { Servers } from './ports.ts';
import { inTime } from './progress.ts';
import { PseudoGtid } from './pseudo-gtid.ts';
import { type Rehearsed, type RehearsedName, rehearseMoves } from './rehearsal.ts';
import { isErrantAct, isMove, type OperationName, type OperationOutcome, type OperationRequest } from './requests.ts';
import { actOnServer } from './single-server.ts';

export interface OperationsDeps extends MoverDeps {
  /** Reads a server now and keeps what was read. */
  refresh(key: InstanceKey, signal: AbortSignal): Promise<Instance>;
  audit(type: string, key: InstanceKey, message: string): void;
  /** Scripts to be run when two servers have changed places. */
  tookSource(successor: InstanceKey, demoted: InstanceKey): Promise<void>;
}

export class Operations {
  /** What stands in the logs of servers. */
  readonly lookUps: LookUps;
  readonly #deps: OperationsDeps;

  constructor(deps: OperationsDeps) {
    this.#deps = deps;
    this.lookUps = new LookUps(deps);
  }

  /** @throws {OrchestratorError} `CONFLICT`, `NOT_FOUND`: nothing was changed; `OPERATION_FAILED` with what became of the servers */
  async run(request: OperationRequest, signal: AbortSignal): Promise<OperationOutcome> {
    return this.#inTime(signal, async (deps, deadline) => {
      const { operation } = request;
      const outcome = await this.#act(deps, operation, request, deadline);
      await Promise.allSettled([outcome.subject, ...outcome.moved].map((key) => deps.refresh(key, deadline)));
      return outcome;
    });
  }

  /** What a move would do; servers are read, and nothing is changed. @throws {OrchestratorError} `CONFLICT`: it would be refused */
  rehearse(operation: RehearsedName, request: OperationRequest, signal: AbortSignal): Promise<Rehearsed> {
    return this.#inTime(signal, (deps, deadline) => rehearseMoves(deps, operation, request, deadline));
  }

  #act(
    deps: OperationsDeps,
    operation: OperationName,
    request: OperationRequest,
    deadline: AbortSignal,
  ): Promise<OperationOutcome> {
    const mover = new Mover(deps);
    if (isMove(operation)) return new Moves(deps, mover).run(operation, request, deadline);
    if (isErrantAct(operation)) return actOnErrant(this.#errantRoom(mover), operation, request.target, deadline);
    const member = (key: InstanceKey) => {
      const { snapshot, member: known } = this.#known(key);
      return { snapshot, instance: known.instance };
    };
    return actOnServer({ ...deps, mover, member }, operation, request, deadline);
  }

  #inTime<T>(signal: AbortSignal, work: (deps: OperationsDeps, deadline: AbortSignal) => Promise<T>): Promise<T> {
    const { servers } = this.#deps;
    return inTime(this.#deps, signal, (deadline, readLogs) => {
      const lent: Servers = {
        probe: (key, timeoutMs, until) => servers.probe(key, timeoutMs, until),
        operate: (key, timeoutMs, until, change) => servers.operate(key, timeoutMs, until, change),
        readLogs,
      };
      return work({ ...this.#deps, servers: lent }, deadline);
    });
  }

  /** Transactions that did not come from its source, as both say now; empty: none. */
  errantNow(key: InstanceKey, signal: AbortSignal): Promise<string> {
    return errantNow(this.#errantRoom(), key, signal);
  }

  /** Names of the binary logs that hold them. @throws {OrchestratorError} `CONFLICT`: there are none, or they are purged */
  locateErrant(key: InstanceKey, signal: AbortSignal): Promise<readonly string[]> {
    const { clock, settings } = this.#deps;
    return withDeadline(clock, settings.operationTimeoutMs, signal, (deadline) =>
      locateErrant(this.#errantRoom(), key, deadline),
    );
  }

  #errantRoom(mover = new Mover(this.#deps)): ErrantRoom {
    return { ...this.#deps, mover, watched: (key) => this.#known(key) };
  }

  /**
   * In the log of the second server the place where the first one stands, which is halted: for a failover, which has its own deadline. The
   * second one may have been its sibling.
   *
   * @throws {OrchestratorError} `OPERATION_FAILED`, `CONFLICT`: why there is none that is certain
   */
  async placeBelow(halted: Instance, other: Instance, signal: AbortSignal): Promise<BinlogCoordinates> {
    return (await new PseudoGtid(this.#deps).match(halted, other, signal, { replicated: true })).at;
  }

  /** To be called when this node has taken office, with the locks that were there by then. */
  endAbandoned(locks: readonly KnownLock[], signal: AbortSignal): Promise<void> {
    return endAbandoned(this.#deps, locks, signal);
  }

  #known(key: InstanceKey): { readonly snapshot: ClusterSnapshot; readonly member: WatchedInstance } {
    for (const snapshot of this.#deps.snapshots()) {
      const member = memberOf(snapshot, key);
      if (member !== undefined) return { snapshot, member };
    }
    throw new OrchestratorError('NOT_FOUND', `Cannot read instance: ${keyText(key)}`);
  }
}
