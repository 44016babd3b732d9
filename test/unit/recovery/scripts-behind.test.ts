import assert from 'node:assert/strict';
import type { RecoveryRecord } from '../../../internal/recovery/book.ts';
import type { RecoveryKind } from '../../../internal/recovery/kinds.ts';
import { SCRIPTS_BEHIND, scriptsDue } from '../../../internal/recovery/scripts-behind.ts';

const OF_PRIMARY = ['PostMasterFailoverProcesses', 'PostFailoverProcesses'];
const OF_INTERMEDIATE = ['PostIntermediateMasterFailoverProcesses', 'PostFailoverProcesses'];
const OF_LIVING = ['PostFailoverProcesses'];
const DUE: Readonly<Record<RecoveryKind, readonly string[]>> = {
  primary: OF_PRIMARY,
  coPrimary: OF_PRIMARY,
  intermediatePrimary: OF_INTERMEDIATE,
  groupMember: OF_INTERMEDIATE,
  lockedSemiSync: OF_LIVING,
  surplusSemiSync: OF_LIVING,
  readOnlyPrimary: OF_LIVING,
};

describe('lists of scripts behind a recovery', () => {
  for (const [kind, keys] of Object.entries(DUE))
    it(`${kind}: ${keys.join(', ')}, and another list where it failed`, () => {
      const due = (successful: boolean) =>
        scriptsDue({ kind, successful } as RecoveryRecord).map((list) => SCRIPTS_BEHIND[list]);
      assert.deepEqual(due(true), keys);
      assert.deepEqual(due(false), ['PostUnsuccessfulFailoverProcesses']);
    });
});
