import type { RecoveryCoordinator } from '../recovery/coordinator.ts';
import { firstNo, type Gate } from '../recovery/gates.ts';
import type { FailoverPlan } from '../recovery/plan.ts';
import { OrchestratorError } from '../runtime/errors.ts';
import { type ClusterSnapshot, isCoPrimary, primariesOf } from '../topology/cluster.ts';
import { keyText } from '../topology/instance-key.ts';
import { type RehearsedStep, rehearse } from './rehearse.ts';
import type { Settings } from './settings.ts';

/** What would happen if the primary of a cluster died now. */
export interface FailoverPreview {
  readonly plan: FailoverPlan;
  /** What would be sent where, step by step; empty where there is no plan. */
  readonly execution: readonly RehearsedStep[];
  /** The questions an automatic recovery would have to pass, as they stand now. */
  readonly gates: readonly Gate[];
  readonly firstNo: Gate | null;
}

/** Gates about a death that has not happened. */
const AFTER_DEATH: ReadonlySet<string> = new Set([
  'detected',
  'confirmed',
  'fresh evidence',
  'replicas had their say',
  'grace over',
]);

/** @throws {OrchestratorError} `NOT_FOUND`: the cluster has no primary */
export async function failoverPlan(
  snapshot: ClusterSnapshot,
  coordinator: RecoveryCoordinator,
  settings: Settings,
  virtualName: (hostname: string) => string | undefined,
): Promise<FailoverPreview> {
  const [primary] = primariesOf(snapshot);
  if (primary === undefined) throw new OrchestratorError('NOT_FOUND', `cluster ${snapshot.name} has no primary`);
  const key = primary.instance.key;
  const kind = isCoPrimary(snapshot, primary.instance) ? 'coPrimary' : 'primary';
  const verdict = {
    code: 'DeadMaster',
    description: '',
    command: '',
    kind,
    key,
    snapshot,
    suppressedBy: suppression(snapshot, keyText(key)),
  } as const;
  const gates = coordinator.gates(verdict).filter(({ name }) => !AFTER_DEATH.has(name));
  const plan = coordinator.preview(snapshot, key, kind);
  const execution = plan.kind === 'promote' ? await rehearse(snapshot, plan, settings, virtualName) : [];
  return { plan, execution, gates, firstNo: firstNo(gates) ?? null };
}

function suppression(snapshot: ClusterSnapshot, text: string): 'maintenance' | 'downtime' | undefined {
  if (snapshot.maintenance.has(text)) return 'maintenance';
  return snapshot.downtimes.has(text) ? 'downtime' : undefined;
}
