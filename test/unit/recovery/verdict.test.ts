import assert from 'node:assert/strict';
import type { RecoveryKind } from '../../../internal/recovery/kinds.ts';
import type { Finding } from '../../../internal/recovery/sentinel.ts';
import { stillFound } from '../../../internal/recovery/verdict.ts';
import { PRIMARY_KEY } from '../topology/builders.ts';

type Response = Finding['response'];

describe('a problem, when the scripts about it have ended,', () => {
  for (const [title, before, now, response, expected] of [
    ['is there still', 'primary', 'primary', 'recover', true],
    ['is there of a primary that turns out to have another one above it', 'primary', 'coPrimary', 'recover', true],
    ['is there of a server that left its group', 'groupMember', 'intermediatePrimary', 'recover', true],
    [
      'is gone where the primary answers, and waits for acknowledgements',
      'primary',
      'lockedSemiSync',
      'recover',
      false,
    ],
    ['is gone where the primary answers, and is read-only', 'coPrimary', 'readOnlyPrimary', 'recover', false],
    ['is gone where too many acknowledge in place of too few', 'lockedSemiSync', 'surplusSemiSync', 'recover', false],
    ['is gone where the server follows somebody by now', 'primary', 'intermediatePrimary', 'recover', false],
    ['is gone where nobody acts on it any more', 'primary', 'primary', 'tell', false],
  ] as readonly (readonly [string, RecoveryKind, RecoveryKind, Response, boolean])[])
    it(title, () => {
      const others = { code: '', description: '', silent: false, suppressedBy: undefined };
      const found: Finding = { ...others, key: PRIMARY_KEY, kind: now, response };
      const elsewhere: Finding = { ...others, key: { hostname: 'h9', port: 1 }, kind: before, response: 'recover' };
      const verdict = { key: PRIMARY_KEY, kind: before };
      assert.equal(stillFound(verdict, [elsewhere, found]), expected ? found : undefined);
      assert.equal(stillFound(verdict, [elsewhere]), undefined);
    });
});
