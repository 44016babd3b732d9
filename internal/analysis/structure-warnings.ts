import { hasSeveralSources } from '../topology/instance.ts';
import { acknowledgementsMissing } from '../topology/semi-sync.ts';
import { type Facts, gtidMode } from './facts.ts';

export interface StructureWarning {
  readonly code: string;
  readonly matches: (facts: Facts) => boolean;
}

/** Independent of the problem; several can apply. None of them triggers anything. */
export const STRUCTURE_WARNINGS: readonly StructureWarning[] = [
  {
    code: 'NoLoggingReplicasStructureWarning',
    matches: (f) => f.isPrimary && f.replicas.logging === 0 && f.replicas.total > 1,
  },
  {
    code: 'NoFailoverSupportStructureWarning',
    matches: (f) =>
      f.isPrimary &&
      f.replicas.total > 1 &&
      !(f.replicas.allMysqlGtid || f.replicas.allMariadbGtid || f.replicas.allBinlogServers),
  },
  {
    code: 'StatementAndMixedLoggingReplicasStructureWarning',
    matches: (f) => f.isPrimary && f.replicas.statementBased > 0 && f.replicas.mixedBased > 0,
  },
  {
    code: 'StatementAndRowLoggingReplicasStructureWarning',
    matches: (f) => f.isPrimary && f.replicas.statementBased > 0 && f.replicas.rowBased > 0,
  },
  {
    code: 'MixedAndRowLoggingReplicasStructureWarning',
    matches: (f) => f.isPrimary && f.replicas.mixedBased > 0 && f.replicas.rowBased > 0,
  },
  {
    code: 'MultipleMajorVersionsLoggingReplicasStructureWarning',
    matches: (f) => f.isPrimary && f.replicas.majorVersions > 1,
  },
  {
    code: 'DifferentGTIDModesStructureWarning',
    matches: (f) =>
      f.replicas.total > 0 &&
      (f.replicas.minGtidMode !== gtidMode(f.instance) || f.replicas.maxGtidMode !== gtidMode(f.instance)),
  },
  { code: 'ErrantGTIDStructureWarning', matches: (f) => f.replicas.errant !== '' },
  { code: 'SeveralSourcesStructureWarning', matches: (f) => hasSeveralSources(f.instance) }, // ours
  { code: 'NoWriteableMasterStructureWarning', matches: (f) => f.isPrimary && f.instance.readOnly },
  {
    code: 'NotEnoughValidSemiSyncReplicasStructureWarning',
    matches: ({ isPrimary, instance }) =>
      isPrimary &&
      instance.semiSync.sourceEnabled &&
      !instance.semiSync.sourceActive &&
      acknowledgementsMissing(instance) > 0,
  },
];
