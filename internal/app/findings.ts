import type { Analysis } from '../analysis/analyse.ts';
import type { RecoveryClass } from '../analysis/problems.ts';
import type { RecoveryKind } from '../recovery/book.ts';
import type { Finding } from '../recovery/sentinel.ts';

/** What recovery needs to know of an analysis. */
export function findingOf(analysis: Analysis): Finding {
  const { code, description, recovery, suppressedBy, facts } = analysis;
  return {
    key: facts.instance.key,
    code,
    description,
    kind: kindOf(analysis),
    response: responseTo(recovery),
    silent: code.startsWith('UnreachableMaster') || code.startsWith('UnreachableIntermediateMaster'),
    suppressedBy,
  };
}

function responseTo(recovery: RecoveryClass): Finding['response'] {
  switch (recovery) {
    case 'primary':
    case 'coPrimary':
    case 'intermediatePrimary':
      return 'recover';
    case 'semiSync':
    case 'readOnlyPrimary':
    case 'groupMember':
    case 'detectionOnly':
      return 'tell';
    case 'none':
      return 'show';
  }
}

function kindOf({ facts, recovery }: Analysis): RecoveryKind {
  if (recovery === 'primary' || recovery === 'coPrimary' || recovery === 'intermediatePrimary') return recovery;
  if (facts.isCoPrimary) return 'coPrimary';
  return facts.isPrimary ? 'primary' : 'intermediatePrimary';
}
