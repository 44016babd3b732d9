import assert from 'node:assert/strict';
import { forcedKind, whyNotForced } from '../../../internal/recovery/forced.ts';
import type { FailoverPlan } from '../../../internal/recovery/plan.ts';
import { leaderOf } from '../../../internal/topology/cluster.ts';
import { aSnapshot } from '../../support/a-cluster.ts';
import { anInstance, aReplica, aReplication, PRIMARY_KEY } from '../topology/builders.ts';

const key = (n: number) => ({ hostname: `h${n}`, port: 3306 });
const primary = anInstance(1, { key: PRIMARY_KEY, readOnly: false });
const below = aReplica(3, '', '', { replication: { source: key(2) } });
const snapshot = aSnapshot([primary, aReplica(2, ''), below], []);
const paired = { ...primary, replication: aReplication({ source: key(2) }) };
const none: FailoverPlan = { kind: 'none', cluster: '', failed: PRIMARY_KEY, reasons: ['no replica may lead'] };
const some = { ...none, kind: 'promote', successor: key(2), why: [], steps: [], lost: [], atRisk: '' } as FailoverPlan;

describe('a command to replace a primary', () => {
  for (const [title, more, why] of [
    ['is obeyed', {}, undefined],
    [
      'names one that follows another server',
      { designated: key(3) },
      'h3:3306 is not a direct replica of primary:3306',
    ],
    ['names the other one of the cluster', { designated: key(2) }, undefined],
    ['is refused before a living primary is touched for nothing', { plan: none, answers: true }, 'no replica may lead'],
    ['is tried where the primary is dead', { plan: none }, undefined],
  ] as const)
    it(title, () => {
      const forced = { snapshot, key: PRIMARY_KEY, designated: undefined, answers: false, plan: some, ...more };
      assert.equal(whyNotForced(forced), why);
    });

  it('is about a primary, or one of a pair, whatever else is wrong with it', () => {
    assert.equal(forcedKind(snapshot, PRIMARY_KEY), 'primary');
    assert.equal(forcedKind(aSnapshot([paired, aReplica(2, '')], []), PRIMARY_KEY), 'coPrimary');
  });

  it('means the one of a pair that takes writes, and nobody where that is not clear', () => {
    const partner = aReplica(2, '');
    const of = (...pair: Parameters<typeof aSnapshot>[0]) => leaderOf(aSnapshot(pair, []))?.instance.key.hostname;
    assert.equal(of(paired, partner), 'primary');
    assert.equal(of(paired, { ...partner, readOnly: false }), undefined);
    assert.equal(of({ ...paired, readOnly: true }, partner), undefined);
    assert.equal(of({ ...primary, readOnly: true }), 'primary');
  });
});
