import assert from 'node:assert/strict';
import type { MembershipChange } from '../../../../internal/raft/core/inputs.ts';
import { foundingConfiguration, planChange } from '../../../../internal/raft/core/membership.ts';
import type { Member } from '../../../../internal/raft/core/types.ts';
import { admit } from '../../../../internal/raft/forming/admit.ts';
import { aFounder } from '../../../support/forming.ts';

const GROUP = foundingConfiguration([aFounder('a'), aFounder('b'), aFounder('c')]);
const LEADER = 'a/i1';
const wiped = (node: string, changes: Partial<Member> = {}) =>
  aFounder(node, { id: `${node}/i2`, incarnation: 'i2', ...changes });

/** What the leader `a` of the group a, b, c does about who knocks. */
const CASES: readonly (readonly [string, Member, MembershipChange | RegExp | 'present'])[] = [
  ['a member is there already', aFounder('b'), 'present'],
  [
    'a member that moved gets its address',
    aFounder('b', { address: 'b2' }),
    { kind: 'update', member: aFounder('b', { address: 'b2' }) },
  ],
  [
    'a new incarnation takes the place of the old one',
    wiped('b'),
    { kind: 'replace', old: 'b/i1', member: wiped('b') },
  ],
  [
    'so it does from another address',
    wiped('b', { address: 'b2' }),
    { kind: 'replace', old: 'b/i1', member: wiped('b', { address: 'b2' }) },
  ],
  [
    'the holder of an address yields to another node',
    aFounder('d', { address: 'c' }),
    { kind: 'replace', old: 'c/i1', member: aFounder('d', { address: 'c' }) },
  ],
  [
    'a member at the address of another makes that one go',
    aFounder('b', { address: 'c' }),
    { kind: 'remove', member: 'c/i1' },
  ],
  ['a newcomer is added', aFounder('d'), { kind: 'add', member: aFounder('d') }],
  [
    'nobody takes the place of two',
    wiped('b', { address: 'c' }),
    /takes the place of b\/i1, but its address c belongs to c/,
  ],
  ['nobody takes the place of the leader', wiped('a'), /a\/i2 would take the place of a\/i1, which leads/],
  ['nor its address', aFounder('d', { address: 'a' }), /two nodes have one name or one address/],
];

describe('who knocks at a group', () => {
  for (const [title, knocker, expected] of CASES)
    it(title, () => {
      const admission = admit(LEADER, GROUP, knocker);
      if (expected === 'present') assert.deepEqual(admission, { kind: 'present' });
      else if (expected instanceof RegExp) assert(admission.kind === 'refused' && expected.test(admission.why));
      else {
        assert.deepEqual(admission, { kind: 'change', change: expected });
        assert.equal(planChange(GROUP, expected, { maxVoters: 5, maxLearners: 20 }).kind, 'next');
      }
    });
});
