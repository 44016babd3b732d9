import assert from 'node:assert/strict';
import { downtimeFate, LOST_IN_RECOVERY } from '../../../internal/topology/downtime.ts';

const YEAR_MS = 365 * 86_400_000;
const MINUTE_MS = 60_000;
const lost = { reason: LOST_IN_RECOVERY, beginMs: 0, endMs: YEAR_MS };
const away = { valid: false, replicating: false, soleTopOfAlias: false };

describe('the fate of a downtime', () => {
  const cases: readonly (readonly [
    name: string,
    ...Parameters<typeof downtimeFate>,
    ReturnType<typeof downtimeFate>,
  ])[] = [
    ['set by a person, running', { ...lost, reason: 'disk' }, away, YEAR_MS, YEAR_MS - 1, 'keep'],
    ['set by a person, its time is over', { ...lost, reason: 'disk' }, away, YEAR_MS, YEAR_MS, 'expired'],
    [
      'set by a person, the server is fine',
      { ...lost, reason: 'disk' },
      { ...away, valid: true, replicating: true },
      YEAR_MS,
      MINUTE_MS,
      'keep',
    ],
    ['lost, away', lost, away, YEAR_MS, MINUTE_MS, 'keep'],
    ['lost, away for days', lost, away, YEAR_MS, 4 * 86_400_000, 'renew'],
    ['lost, replicates at once', lost, { ...away, valid: true, replicating: true }, YEAR_MS, MINUTE_MS - 1, 'keep'],
    ['lost, replicates after a minute', lost, { ...away, valid: true, replicating: true }, YEAR_MS, MINUTE_MS, 'over'],
    ['lost, replicated when last seen', lost, { ...away, replicating: true }, YEAR_MS, MINUTE_MS, 'keep'],
    [
      'lost, alone at the top of its alias',
      lost,
      { ...away, valid: true, soleTopOfAlias: true },
      YEAR_MS,
      MINUTE_MS,
      'over',
    ],
    ['lost, back beside its successor', lost, { ...away, valid: true }, YEAR_MS, MINUTE_MS, 'keep'],
  ];
  for (const [name, downtime, server, lostMs, nowMs, fate] of cases) {
    it(`${name}: ${fate}`, () => assert.equal(downtimeFate(downtime, server, lostMs, nowMs), fate));
  }
});
