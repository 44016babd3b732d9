import assert from 'node:assert/strict';
import fc from 'fast-check';
import { planRecovery, type Step } from '../../internal/recovery/plan.ts';
import type { Instance } from '../../internal/topology/instance.ts';
import { keyText } from '../../internal/topology/instance-key.ts';
import { PROMOTION_RULES } from '../../internal/topology/promotion-rule.ts';
import { PLAN_OPTIONS } from '../support/a-cluster.ts';
import { anInstance, aReplica, mysqlGtid, PRIMARY_KEY, uuid } from '../unit/topology/builders.ts';

const LARGEST = 6;
const one = fc.record({
  held: fc.uniqueArray(fc.integer({ min: 1, max: LARGEST }), { minLength: 1 }),
  rule: fc.constantFrom(...PROMOTION_RULES),
  valid: fc.constantFrom(true, true, true, false),
  logs: fc.constantFrom(true, true, true, false),
  errant: fc.constantFrom(false, false, false, true),
});
type One = typeof one extends fc.Arbitrary<infer T> ? T : never;

const dead = anInstance(1, { key: PRIMARY_KEY, readOnly: false, gtid: mysqlGtid(`${uuid(1)}:1-${LARGEST}`) });

function replica({ held, rule, logs, errant }: One, index: number): Instance {
  const own = errant ? `,${uuid(index + 2)}:1` : '';
  return aReplica(index + 2, `${uuid(1)}:${held.join(':')}${own}`, '', {
    promotionRule: rule,
    logReplicaUpdates: logs,
  });
}

/** Follows the steps with sets of numbers, as the servers would, and says who holds what in the end. */
function execute(steps: readonly Step[], holdings: Map<string, Set<number>>): void {
  for (const step of steps) {
    if (step.kind === 'feed') give(holdings, keyText(step.from), keyText(step.target));
    if (step.kind === 'attach') give(holdings, keyText(step.source), keyText(step.target));
  }
}

function give(holdings: Map<string, Set<number>>, from: string, to: string): void {
  for (const transaction of holdings.get(from) ?? []) holdings.get(to)?.add(transaction);
}

describe('plans for a dead primary, over random replicas', () => {
  it('lose nothing that a reachable replica of the same history received, and name every replica once', () => {
    fc.assert(
      fc.property(fc.array(one, { minLength: 1, maxLength: 6 }), (all) => {
        const replicas = all.map(replica);
        const members = [dead, ...replicas].map((instance, index) => ({
          instance,
          lastCheckedMs: 0,
          lastAttemptedMs: 0,
          lastSeenMs: 0,
          valid: index > 0 && (all[index - 1]?.valid ?? false),
          partialSuccess: true,
          lastError: '',
          errantGtid: '',
        }));
        const snapshot = {
          name: 'primary:3306',
          alias: '',
          domain: '',
          takenAtMs: 0,
          members,
          downtimes: new Map(),
          maintenance: new Set<string>(),
        };
        const plan = planRecovery('primary', {
          snapshot,
          failed: PRIMARY_KEY,
          primaryAnswers: false,
          fence: true,
          options: PLAN_OPTIONS,
        });
        if (plan.kind === 'none') {
          const mayLead = all.filter(({ valid, logs, rule }) => valid && logs && rule !== 'must_not');
          assert.equal(mayLead.length, 0, `${mayLead.length} may lead, and nobody was chosen: ${plan.reasons}`);
          return;
        }
        const kinds = plan.steps.map(({ kind }) => kind);
        assert.equal(kinds[0], 'fence');
        assert.equal(kinds.filter((kind) => kind === 'promote').length, 1);
        assert.equal(kinds[kinds.indexOf('promote') - 1], 'drain', 'drained just before it is promoted');
        assert.ok(kinds.indexOf('attach') === -1 || kinds.indexOf('attach') > kinds.indexOf('promote'));

        const attached = plan.steps.flatMap((step) => (step.kind === 'attach' ? [keyText(step.target)] : []));
        const named = [keyText(plan.successor), ...attached, ...plan.lost.map(({ key }) => keyText(key))];
        assert.deepEqual(named.sort(), replicas.map(({ key }) => keyText(key)).sort());

        const holdings = new Map(replicas.map(({ key }, index) => [keyText(key), new Set(all[index]?.held)]));
        execute(plan.steps, holdings);
        const leader = holdings.get(keyText(plan.successor));
        for (const text of attached) {
          assert.deepEqual(holdings.get(text), leader, `${text} holds something else than the leader`);
        }
        const kept = new Set(plan.lost.map(({ key }) => keyText(key)));
        for (const [index, { held, valid }] of all.entries()) {
          const text = `h${index + 2}:3306`;
          if (!valid || kept.has(text)) continue; // kept aside as it is, and reported
          assert.ok(
            held.every((transaction) => leader?.has(transaction)),
            `${text} received what the leader lacks`,
          );
        }
      }),
      { numRuns: 500 },
    );
  });
});
