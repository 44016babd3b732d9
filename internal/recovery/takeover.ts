// A planned change of primary: everything is checked before the first change. What changes servers is an ordinary recovery under a
// claim, journalled from its first step on, so that whoever comes after a leader that died in it finds the old primary read-only,
// knows why, and undoes that or goes on.

import { OrchestratorError } from '../runtime/errors.ts';
import { type ClusterSnapshot, primariesOf, replicasOf } from '../topology/cluster.ts';
import { type Instance, lagSeconds } from '../topology/instance.ts';
import { type InstanceKey, keyText, sameKey } from '../topology/instance-key.ts';
import type { RecoveryRecord } from './book.ts';
import type { RecoveryCoordinator } from './coordinator.ts';
import type { TakenCluster } from './decision.ts';
import type { Mandate } from './mandate.ts';
import type { Servers } from './ports.ts';
import type { Verdict } from './verdict.ts';

export interface TakeoverSettings {
  readonly probeTimeoutMs: number;
  readonly stepTimeoutMs: number;
  readonly reasonableLagSeconds: number;
}

export interface TakeoverDeps {
  readonly servers: Servers;
  readonly coordinator: RecoveryCoordinator;
  readonly settings: TakeoverSettings;
  /** False: a script says no, and nothing was changed. */
  readonly hooks: (
    list: 'preGraceful' | 'postGraceful',
    failed: InstanceKey,
    successor: InstanceKey,
    snapshot: ClusterSnapshot,
    mandate: Mandate,
    /** What became of it; undefined: it has not begun. */
    record?: RecoveryRecord,
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
    const { hooks, acknowledge } = this.#deps;
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
    const options = {
      ...{ designated: target.key, primaryAnswers: true, mustCatchUp: true },
      demote: { start: request.auto },
    };
    const record = await this.#take(verdict).recover(options, mandate);
    if (!record.successful)
      throw new OrchestratorError('RECOVERY_FAILED', `takeover undone: ${record.errors.join('; ')}`);
    await acknowledge(record);
    await hooks('postGraceful', primary.key, target.key, snapshot, mandate, record);
    return { record, warnings: record.errors };
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
