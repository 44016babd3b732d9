import { z } from 'zod';
import { type Analysis, NO_PROBLEM } from '../../../analysis/analyse.ts';
import { GROUP_PROBLEM, PROBLEMS, type RecoveryClass } from '../../../analysis/problems.ts';
import { STRUCTURE_WARNINGS } from '../../../analysis/structure-warnings.ts';
import type { ClusterSnapshot } from '../../../topology/cluster.ts';
import { Count, named, Server, ServerList, serverOf, serversOf, Time, textOrNull, timeOf } from '../schema.ts';

/** The contract's code in our words: `DeadMaster` is `deadPrimary`. */
export function analysisWord(code: string): string {
  const present = code.replaceAll('Master', 'Primary');
  return present.slice(0, 1).toLowerCase() + present.slice(1);
}

const words = (codes: readonly string[]) => [...new Set(codes.map(analysisWord))] as [string, ...string[]];

export const AnalysisCode = named(
  'AnalysisCode',
  z.enum(words([NO_PROBLEM, GROUP_PROBLEM.code, ...PROBLEMS.map(({ code }) => code)])),
);

const RECOVERIES = {
  primary: true,
  coPrimary: true,
  intermediatePrimary: true,
  lockedSemiSync: true,
  surplusSemiSync: true,
  readOnlyPrimary: true,
  groupMember: true,
  detectionOnly: true,
  none: true,
} as const satisfies Readonly<Record<RecoveryClass, true>>;

export const AnalysisForm = named(
  'Analysis',
  z
    .strictObject({
      server: Server,
      cluster: z.string(),
      code: AnalysisCode,
      description: z.string().nullable(),
      recovery: z
        .enum(Object.keys(RECOVERIES) as [RecoveryClass, ...RecoveryClass[]])
        .describe('What it calls for; `detectionOnly`: people and scripts are told'),
      structureWarnings: z.array(z.enum(words(STRUCTURE_WARNINGS.map(({ code }) => code)))),
      suppressedBy: z.enum(['downtime', 'maintenance']).nullable(),
      downtimeEndsAt: Time.nullable(),
      reachable: z.boolean(),
      isPrimary: z.boolean(),
      isCoPrimary: z.boolean(),
      depth: Count,
      replicas: ServerList,
      counts: z.strictObject({
        replicas: Count,
        reachable: Count,
        replicating: Count,
        failingToConnect: Count,
        lagging: Count,
        delayed: Count,
        downtimed: Count,
      }),
    })
    .describe('What is wrong with one server, and what was seen'),
);

export function analysisOf(analysis: Analysis, { name }: ClusterSnapshot): z.infer<typeof AnalysisForm> {
  const { facts, code } = analysis;
  const { replicas } = facts;
  return {
    server: serverOf(facts.instance.key),
    cluster: name,
    code: analysisWord(code),
    description: textOrNull(analysis.description),
    recovery: analysis.recovery,
    structureWarnings: analysis.structureWarnings.map(analysisWord),
    suppressedBy: analysis.suppressedBy ?? null,
    downtimeEndsAt: facts.downtimed ? timeOf(facts.downtimeEndMs) : null,
    reachable: facts.valid,
    isPrimary: facts.isPrimary,
    isCoPrimary: facts.isCoPrimary,
    depth: facts.depth,
    replicas: serversOf(replicas.keys),
    counts: {
      replicas: replicas.total,
      reachable: replicas.valid,
      replicating: replicas.replicating,
      failingToConnect: replicas.failingToConnect,
      lagging: replicas.lagging,
      delayed: replicas.delayed,
      downtimed: replicas.downtimed,
    },
  };
}
