// A planned change of primary: everything is checked before the first change, and every failure before the promotion
// leaves the old primary writable again.

import type { Clock } from '../runtime/clock.ts';
import { errorText, OrchestratorError } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import { type ClusterSnapshot, primariesOf, replicasOf } from '../topology/cluster.ts';
import { type Instance, lagSeconds } from '../topology/instance.ts';
import { type InstanceKey, keyText, sameKey } from '../topology/instance-key.ts';
import type { RecoveryRecord } from './book.ts';
import type { RecoveryCoordinator, TakenCluster } from './coordinator.ts';
import type { Mandate } from './mandate.ts';
import type { ReplicationLogin, Servers } from './ports.ts';
import type { Verdict } from './verdict.ts';

export interface TakeoverSettings {
  readonly probeTimeoutMs: number;
  readonly stepTimeoutMs: number;
  /** How long the successor gets to apply the last writes. */
  readonly catchUpMs: number;
  readonly reasonableLagSeconds: number;
}

export interface TakeoverDeps {
  readonly servers: Servers;
  readonly coordinator: RecoveryCoordinator;
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: TakeoverSettings;
  /** False: a script says no, and nothing was changed. */
  readonly hooks: (
    list: 'preGraceful' | 'postGraceful',
    failed: InstanceKey,
    successor: InstanceKey,
    snapshot: ClusterSnapshot,
    mandate: Mandate,
  ) => Promise<boolean>;
  readonly acknowledge: (record: RecoveryRecord) => Promise<void>;
}

export interface Takeover {
  readonly record: RecoveryRecord;
  /** What went wrong after the promotion; the new primary leads all the same. */
  readonly warnings: readonly string[];
}

export interface TakeoverRequest {
  readonly snapshot: ClusterSnapshot;
  readonly designated?: InstanceKey;
  /** Choose a target where none is named, and start replication on the old primary. */
  readonly auto: boolean;
}

export class GracefulTakeover {
  readonly #deps: TakeoverDeps;

  constructor(deps: TakeoverDeps) {
    this.#deps = deps;
  }

  /** @throws {OrchestratorError} `RECOVERY_REFUSED` before anything was changed, `RECOVERY_FAILED` after it was undone. */
  async run(request: TakeoverRequest, mandate: Mandate): Promise<Takeover> {
    const { servers, settings, hooks, acknowledge } = this.#deps;
    const { probeTimeoutMs, stepTimeoutMs, catchUpMs } = settings;
    const { snapshot } = request;
    const { signal } = mandate;
    const primary = onlyPrimary(snapshot);
    const verdict: Verdict = {
      code: 'DeadMaster',
      kind: 'primary',
      key: primary.key,
      snapshot,
      suppressedBy: undefined,
      description: 'Planned takeover',
      command: 'graceful-master-takeover',
    };
    this.#take(verdict).release(); // what stands in the way is said before any script runs
    const target = await this.#target(request, primary, signal);
    if (!(await hooks('preGraceful', primary.key, target.key, snapshot, mandate)))
      throw refused('a PreGracefulTakeoverProcesses hook failed');
    const login = await servers.change(target.key, stepTimeoutMs, signal, (session) => session.replicationLogin());

    const taken = this.#take(verdict);
    let record: RecoveryRecord;
    try {
      await mandate.confirm();
      await servers.change(primary.key, stepTimeoutMs, signal, (session) => session.setReadOnly(true));
      const final = await servers.probe(primary.key, probeTimeoutMs, signal);
      const caughtUp = await servers.change(target.key, catchUpMs + stepTimeoutMs, signal, (session) =>
        session.waitApplied(final, catchUpMs),
      );
      if (!caughtUp)
        throw new OrchestratorError(
          'RECOVERY_FAILED',
          `${keyText(target.key)} did not catch up within ${catchUpMs} ms`,
        );
      record = await taken.recover({ designated: target.key, primaryAnswers: true }, mandate);
      if (!record.successful) throw new OrchestratorError('RECOVERY_FAILED', record.errors.join('; '));
    } catch (cause) {
      await this.#reopen(primary.key, target.key, mandate);
      throw new OrchestratorError('RECOVERY_FAILED', `takeover undone: ${errorText(cause)}`, { cause });
    } finally {
      taken.release();
    }
    await acknowledge(record);
    const warnings = await this.#demote(primary.key, target.key, login, request.auto, mandate);
    await hooks('postGraceful', primary.key, target.key, snapshot, mandate);
    return { record, warnings: [...record.errors, ...warnings] };
  }

  #take(verdict: Verdict): TakenCluster {
    const taken = this.#deps.coordinator.take(verdict);
    if (taken.kind === 'refused') throw refused(`${taken.gate.name}: ${taken.gate.value}`);
    return taken;
  }

  async #target(request: TakeoverRequest, primary: Instance, signal: AbortSignal): Promise<Instance> {
    const { servers, coordinator, settings } = this.#deps;
    const { probeTimeoutMs, reasonableLagSeconds } = settings;
    const replicas = replicasOf(request.snapshot, primary.key);
    if (replicas.length === 0) throw refused(`${keyText(primary.key)} has no replicas`);
    const named = request.designated ?? (replicas.length === 1 ? replicas[0]?.instance.key : undefined);
    if (named === undefined && !request.auto) throw refused('more than one replica: name the one that shall lead');
    if (named !== undefined && !replicas.some(({ instance }) => sameKey(instance.key, named)))
      throw refused(`${keyText(named)} is not a direct replica of ${keyText(primary.key)}`);
    const plan = coordinator.previewTakeover(request.snapshot, primary.key, named);
    if (plan.kind === 'none') throw refused(plan.reasons.join('; '));
    const left = plan.lost.find(({ key }) => !request.snapshot.downtimes.has(keyText(key)));
    if (left !== undefined)
      throw refused(
        `${keyText(left.key)} would be left behind: ${left.reason}; set it in downtime to go on without it`,
      );
    const key = plan.successor;
    const fresh = await servers.probe(key, probeTimeoutMs, signal);
    const lag = lagSeconds(fresh);
    const delay = fresh.replication?.delaySeconds ?? 0;
    if (lag === undefined) throw refused(`${keyText(key)} does not replicate, or its lag is not known`);
    if (Math.abs(lag - delay) > reasonableLagSeconds) throw refused(`${keyText(key)} lags ${lag} s`);
    return fresh;
  }

  async #reopen(primary: InstanceKey, target: InstanceKey, mandate: Mandate): Promise<void> {
    const { servers, clock, settings, log } = this.#deps;
    const { stepTimeoutMs, probeTimeoutMs } = settings;
    const own = clock.timeoutSignal(2 * stepTimeoutMs); // a cancelled caller does not cancel the repair
    try {
      await mandate.confirm();
      const other = await servers.probe(target, probeTimeoutMs, own);
      if (!other.readOnly) {
        log.error(
          { primary: keyText(primary), target: keyText(target) },
          'takeover failed half-way: the old primary stays read-only since the target is writable',
        );
        return;
      }
      await servers.change(primary, stepTimeoutMs, own, (session) => session.setReadOnly(false));
    } catch (err) {
      log.error(
        { err, primary: keyText(primary) },
        'takeover failed and the old primary could not be made writable again',
      );
    }
  }

  /** The old primary becomes a replica of the new one. */
  async #demote(
    primary: InstanceKey,
    target: InstanceKey,
    login: ReplicationLogin | undefined,
    start: boolean,
    mandate: Mandate,
  ): Promise<readonly string[]> {
    const { servers, settings } = this.#deps;
    const { stepTimeoutMs } = settings;
    try {
      await mandate.confirm();
      await servers.change(primary, stepTimeoutMs, mandate.signal, async (session) => {
        await session.pointTo(target, login);
        if (start) await session.startReplication();
      });
      return login === undefined
        ? ['no replication credentials for the old primary: set ReplicationCredentialsQuery']
        : [];
    } catch (err) {
      return [`the old primary could not be made a replica: ${errorText(err)}`];
    }
  }
}

function onlyPrimary(snapshot: ClusterSnapshot): Instance {
  const primaries = primariesOf(snapshot);
  const [first] = primaries;
  if (first === undefined || primaries.length > 1) {
    throw refused(`cluster ${snapshot.name} has ${primaries.length} primaries, a takeover needs exactly one`);
  }
  return first.instance;
}

function refused(message: string): OrchestratorError {
  return new OrchestratorError('RECOVERY_REFUSED', message);
}
