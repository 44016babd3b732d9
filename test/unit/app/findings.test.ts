import assert from 'node:assert/strict';
import type { Analysis } from '../../../internal/analysis/analyse.ts';
import { PROBLEMS } from '../../../internal/analysis/problems.ts';
import { findingOf, renewed } from '../../../internal/app/findings.ts';
import { recoveryOf } from '../../../internal/backend/recoveries.ts';
import type { Finding } from '../../../internal/recovery/sentinel.ts';
import type { Verdict } from '../../../internal/recovery/verdict.ts';
import { aSnapshot } from '../../support/a-cluster.ts';
import { partial } from '../../support/partial.ts';
import { anInstance } from '../topology/builders.ts';

/** As the row of the table of problems has it, about a primary. */
function found(code: string) {
  const recovery = PROBLEMS.find((problem) => problem.code === code)?.recovery ?? 'none';
  const facts = { instance: { key: { hostname: 'h1', port: 3306 } }, isPrimary: true, isCoPrimary: false };
  const { kind, response, silent } = findingOf(partial<Analysis>({ code, recovery, facts }));
  return `${kind}: ${response}${silent ? ', silent' : ''}`;
}

describe('what is done about a problem', () => {
  for (const [code, expected] of [
    ['DeadMaster', 'primary: recover'],
    ['DeadCoMaster', 'coPrimary: recover'],
    ['DeadIntermediateMaster', 'intermediatePrimary: recover'],
    ['LockedSemiSyncMaster', 'lockedSemiSync: recover'],
    ['MasterWithTooManySemiSyncReplicas', 'surplusSemiSync: recover'],
    ['NoWriteableMasterStructureWarning', 'readOnlyPrimary: recover'],
    ['LockedSemiSyncMasterHypothesis', 'primary: show'],
    ['UnreachableMaster', 'primary: tell, silent'],
    ['UnreachableCoMaster', 'primary: show, silent'],
    ['UnreachableIntermediateMasterWithLaggingReplicas', 'primary: tell, silent'],
    ['AllMasterReplicasNotReplicating', 'primary: tell'],
  ] as const)
    it(`${code} is ${expected}`, () => assert.equal(found(code), expected));

  it('is known again from what the backend keeps of a recovery, which is the code alone', () => {
    for (const { code, recovery } of PROBLEMS)
      if (recovery !== 'none' && recovery !== 'detectionOnly')
        assert.equal(recoveryOf({ uid: 'u', analysis: code, hostname: 'h1', port: 3306 }).kind, recovery, code);
  });
});

describe('a verdict as it is found now', () => {
  const key = { hostname: 'h1', port: 3306 };
  const [before, now] = [aSnapshot([anInstance(1)], []), aSnapshot([anInstance(2)], [])];
  const [former, later] = [before.members[0], now.members[0]];
  const found = { kind: 'intermediatePrimary', key, description: '', suppressedBy: undefined } as const;
  const asked = {
    ...found,
    code: 'DeadIntermediateMaster',
    snapshot: before,
    heir: former,
    command: 'recover',
  } as const;
  const finding = { ...found, code: 'DeadIntermediateMasterAndReplicas', response: 'recover', silent: false } as const;

  for (const [title, more, heir] of [
    ['has no heir where none is found any more', {}, undefined],
    ['has the heir that is found now', { heir: later }, later],
  ] as const)
    it(title, () => {
      assert.ok(former !== undefined && later !== undefined);
      const verdict = renewed(asked as Verdict, { ...finding, ...more } as Finding, now);
      assert.equal(verdict.heir, heir);
      assert.deepEqual(
        [verdict.code, verdict.command, verdict.snapshot],
        ['DeadIntermediateMasterAndReplicas', 'recover', now],
      );
    });
});
