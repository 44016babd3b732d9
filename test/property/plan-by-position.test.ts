import assert from 'node:assert/strict';
import fc from 'fast-check';
import { planRecovery } from '../../internal/recovery/plan.ts';
import type { Instance } from '../../internal/topology/instance.ts';
import { keyText, sameKey } from '../../internal/topology/instance-key.ts';
import { PROMOTION_RULES } from '../../internal/topology/promotion-rule.ts';
import { aSnapshot, PLAN_OPTIONS } from '../support/a-cluster.ts';
import { anInstance, aReplication, mysqlGtid, PRIMARY_KEY, uuid } from '../unit/topology/builders.ts';

const rarely = fc.constantFrom(false, false, false, true);
const one = fc.record({
  file: fc.constantFrom(1, 1, 1, 1, 1, 2),
  read: fc.constantFrom(1, 2, 2, 2),
  behind: fc.integer({ min: 0, max: 2 }),
  rule: fc.constantFrom(...PROMOTION_RULES),
  readOnly: fc.constantFrom(true, true, true, false),
  otherLog: rarely,
  nameless: rarely,
  broken: rarely,
  delayed: rarely,
  mode: fc.constantFrom('OFF', 'OFF', 'OFF_PERMISSIVE', 'ON'),
});
type One = typeof one extends fc.Arbitrary<infer T> ? T : never;

const shapes = fc.record({
  all: fc.array(one, { minLength: 1, maxLength: 6 }),
  matches: fc.boolean(),
  ring: rarely,
  planned: fc.boolean(),
});

function replica({ file, read, behind, rule, otherLog, nameless, broken, delayed, mode, readOnly }: One, at: number) {
  const place = (position: number) => ({ file: `binlog.00000${file}`, position });
  const replication = aReplication({
    ...{ gtid: 'none', read: place(100 * read), executed: place(Math.max(1, 100 * read - behind)) },
    sourceUuid: nameless ? '' : uuid(otherLog ? 9 : 1),
    applierErrno: broken ? 1062 : 0,
    delaySeconds: delayed ? 60 : 0,
  });
  return anInstance(at + 2, { gtid: mysqlGtid('', { mode }), promotionRule: rule, readOnly, replication });
}

describe('plans for a dead primary without GTIDs, over random replicas', () => {
  it('have nobody go on by position who differs from the new primary in what it received, and name every replica once', () => {
    let byPosition = 0;
    fc.assert(
      fc.property(shapes, ({ all, matches, ring, planned }) => {
        const replicas = all.map(replica);
        const pair = ring ? { replication: aReplication({ source: { hostname: 'h2', port: 3306 } }) } : {};
        const primary = anInstance(1, {
          key: PRIMARY_KEY,
          readOnly: false,
          gtid: mysqlGtid('', { mode: 'OFF' }),
          ...pair,
        });
        const plan = planRecovery('primary', {
          snapshot: aSnapshot([primary, ...replicas], planned ? [] : [PRIMARY_KEY]),
          failed: PRIMARY_KEY,
          primaryAnswers: planned,
          fence: true,
          ...(planned ? { demote: { start: true } } : {}),
          options: { ...PLAN_OPTIONS, matches },
        });
        if (plan.kind === 'none') return;
        const leader = replicas.find(({ key }) => sameKey(key, plan.successor));
        assert.ok(leader);
        const attached: string[] = [];
        for (const step of plan.steps) {
          if (step.kind !== 'attach') continue;
          attached.push(keyText(step.target));
          const follower = replicas.find(({ key }) => sameKey(key, step.target));
          assert.ok(follower);
          assert.ok(step.by !== undefined, 'nobody begins without a place');
          const haveGtids: boolean = [follower, leader].every(
            ({ gtid }) => gtid.kind === 'mysql' && gtid.mode === 'ON',
          );
          assert.equal(step.by.includes('gtid'), haveGtids, 'GTIDs count where both have them');
          assert.ok(matches || !step.by.includes('markers'), 'logs are compared only where markers are known');
          if (!step.by.includes('position')) continue;
          byPosition += 1;
          assertLevel(follower, leader, ring);
        }
        const named = [keyText(plan.successor), ...attached, ...plan.lost.map(({ key }) => keyText(key))];
        assert.deepEqual(named.sort(), replicas.map(({ key }) => keyText(key)).sort());
        for (const { reason } of plan.lost) assert.notEqual(reason, '');

        const kinds = plan.steps.map(({ kind }) => kind);
        const [located, promoted] = [kinds.indexOf('locate'), kinds.indexOf('promote')];
        const needs = plan.steps.some((step) => 'by' in step && step.by?.includes('position'));
        assert.equal(located, needs ? promoted - 1 : -1, 'located right before the promotion');
        assert.equal(kinds[promoted - (needs ? 2 : 1)], 'drain', 'and drained before that');
      }),
      { numRuns: 1_000 },
    );
    assert.ok(byPosition > 50, `only ${byPosition} went on by position`);
  });
});

function assertLevel(follower: Instance, leader: Instance, ring: boolean): void {
  const [mine, theirs] = [follower.replication, leader.replication];
  assert.deepEqual(mine?.read, theirs?.read, 'received the same');
  const known = [mine?.sourceUuid, theirs?.sourceUuid].filter((text) => text !== '');
  assert.ok(new Set(known).size <= 1, 'of the same server');
  assert.ok(leader.readOnly, 'below one that wrote nothing itself');
  assert.equal(mine?.applierErrno, 0, 'and can apply it');
  assert.ok(mine?.delaySeconds === 0 || mine?.executed.position === mine?.read.position, 'without having to wait');
  if (ring) for (const { key } of [follower, leader]) assert.notEqual(key.hostname, 'h2', 'no co-primary');
}
