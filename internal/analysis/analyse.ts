import type { ClusterSnapshot } from '../topology/cluster.ts';
import { type AnalysisOptions, type Facts, factsOf } from './facts.ts';
import { GROUP_PROBLEM, PROBLEMS, type RecoveryClass } from './problems.ts';
import { STRUCTURE_WARNINGS } from './structure-warnings.ts';

/** What is wrong with one server, and everything that was looked at to say so. */
export interface Analysis {
  readonly code: string;
  readonly description: string;
  readonly recovery: RecoveryClass;
  readonly structureWarnings: readonly string[];
  readonly suppressedBy: 'downtime' | 'maintenance' | undefined;
  readonly replicasDowntimed: boolean;
  readonly facts: Facts;
}

export const NO_PROBLEM = 'NoProblem';

/** Problems about replicas: when every replica is in downtime they are nobody's concern. */
const ABOUT_REPLICAS = new Set([
  'AllMasterReplicasNotReplicating',
  'AllMasterReplicasNotReplicatingOrDead',
  'MasterSingleReplicaDead',
  'AllCoMasterReplicasNotReplicating',
  'DeadIntermediateMasterWithSingleReplica',
  'DeadIntermediateMasterWithSingleReplicaFailingToConnect',
  'DeadIntermediateMasterAndReplicas',
  'DeadIntermediateMasterAndSomeReplicas',
  'AllIntermediateMasterReplicasFailingToConnectOrDead',
  'AllIntermediateMasterReplicasNotReplicating',
]);

/** One entry per member, the healthy ones (`NoProblem`) included. Pure. */
export function analyseCluster(snapshot: ClusterSnapshot, options: AnalysisOptions): readonly Analysis[] {
  return snapshot.members.map((member) => analyse(factsOf(snapshot, member, options)));
}

export function analyse(facts: Facts): Analysis {
  const rows = facts.isGroupMember ? [GROUP_PROBLEM] : PROBLEMS;
  const problem = rows.find((row) => row.matches(facts));
  const code = problem?.code ?? NO_PROBLEM;
  const replicasDowntimed =
    facts.replicas.total > 0 && facts.replicas.downtimed === facts.replicas.total && ABOUT_REPLICAS.has(code);
  return {
    code,
    description: problem?.summary ?? '',
    recovery: problem?.recovery ?? 'none',
    structureWarnings: STRUCTURE_WARNINGS.filter((warning) => warning.matches(facts)).map((warning) => warning.code),
    suppressedBy: facts.maintenance ? 'maintenance' : facts.downtimed || replicasDowntimed ? 'downtime' : undefined,
    replicasDowntimed,
    facts,
  };
}
