import type { Analysis } from '../analysis/analyse.ts';
import type { RecoveryClass } from '../analysis/problems.ts';
import { KINDS, type RecoveryKind } from '../recovery/kinds.ts';
import type { Finding } from '../recovery/sentinel.ts';
import type { Verdict } from '../recovery/verdict.ts';
import type { ClusterSnapshot } from '../topology/cluster.ts';

/** What recovery needs to know of an analysis. */
export function findingOf(analysis: Analysis): Finding {
  const { code, description, recovery, suppressedBy, facts } = analysis;
  return {
    key: facts.instance.key,
    code,
    description,
    kind: kindOf(analysis),
    response: responseTo(recovery),
    silent: code.startsWith('Unreachable'),
    suppressedBy,
  };
}

/** A verdict of a while ago, as things are found now: an heir that is not found any more gets nothing. */
export function renewed({ heir: _former, ...verdict }: Verdict, found: Finding, snapshot: ClusterSnapshot): Verdict {
  return { ...verdict, ...found, snapshot };
}

function responseTo(recovery: RecoveryClass): Finding['response'] {
  switch (recovery) {
    case 'detectionOnly':
      return 'tell';
    case 'none':
      return 'show';
    default:
      return 'recover';
  }
}

function kindOf({ facts, recovery }: Analysis): RecoveryKind {
  if (recovery in KINDS) return recovery as RecoveryKind;
  if (facts.isCoPrimary) return 'coPrimary';
  return facts.isPrimary ? 'primary' : 'intermediatePrimary';
}
