import assert from 'node:assert/strict';
import { type Configuration, NO_CONFIGURATION } from '../../../../internal/raft/core/types.ts';
import { nextStep, whoLeaves } from '../../../../internal/raft/membership/scale-down.ts';

/** `n0 n1 + n2`: voters, and learners behind `+`; `n2?` does not wish to vote. */
function group(text: string): Configuration {
  const [voters = '', learners = ''] = text.split('+');
  const words = (part: string) => part.trim().split(/\s+/).filter(Boolean);
  const name = (word: string) => word.replace('?', '');
  const members = [...words(voters), ...words(learners)].map((word) => ({
    ...{ id: name(word), node: name(word), incarnation: '1', address: `${name(word)}:10008`, labels: {} },
    promote: !word.endsWith('?'),
  }));
  return { ...NO_CONFIGURATION, members, voters: words(voters).map(name), learners: words(learners).map(name) };
}

const LEAVING: readonly (readonly [nodes: string, to: number, who: readonly string[]])[] = [
  ['orc-0 orc-1 orc-2', 3, []],
  ['orc-0 orc-1 orc-2', 7, []],
  ['orc-2 orc-10 orc-9 orc-1', 1, ['orc-10', 'orc-9', 'orc-2']],
  ['10.0.0.2:10008 10.0.0.10:10008 10.0.0.9:10008', 1, ['10.0.0.10:10008', '10.0.0.9:10008']],
  ['orc-3.orc:10008 orc-11.orc:10008', 1, ['orc-11.orc:10008']],
];

const STEPS: readonly (readonly [
  what: string,
  members: string,
  to: number,
  self: string,
  silent: readonly string[],
  step: string | RegExp,
])[] = [
  ['few enough', 'n0 n1 n2', 3, 'n0', [], 'done'],
  ['the highest one', 'n0 n1 n2 n3 n4', 3, 'n0', [], 'remove n4'],
  ['a learner', 'n0 n1 n2 + n3', 3, 'n0', [], 'remove n3'],
  ['a dead one', 'n0 n1 n2 n3 n4', 3, 'n0', ['n4'], 'remove n4'],
  ['the leader goes later', 'n0 n1 n2 n3 n4', 3, 'n3', [], 'remove n4'],
  ['the leader goes next', 'n0 n1 n2 n3', 3, 'n3', ['n1'], 'hand over to n0 n2'],
  [
    'most of the rest are silent',
    'n0 n1 n2 n3 n4',
    3,
    'n4',
    ['n0', 'n1'],
    /^n0, n1, n2 would stay, and 1 of their 3 voters/,
  ],
  ['nobody who stays votes', 'n3 n4 n5 + n0? n1?', 2, 'n3', [], /none of them has a vote$/],
  ['the rest has no vote yet', 'n0 n3 n4 + n1 n2', 3, 'n0', [], /^n1, n2 would stay, and has no vote yet$/],
  ['the rest does not wish to vote', 'n0 n3 n4 + n1? n2?', 3, 'n0', [], 'remove n4'],
  ['there are votes enough for now', 'n0 n3 n4 n5 + n1 n2', 3, 'n0', [], 'remove n5'],
  ['to one', 'n0 n1', 1, 'n0', ['n1'], 'remove n1'],
];

describe('a group that is to be smaller', () => {
  for (const [nodes, to, who] of LEAVING)
    it(`of ${nodes}, ${to} stay`, () =>
      assert.deepEqual(
        whoLeaves(group(nodes), to).map(({ node }) => node),
        who,
      ));
  for (const [what, members, to, self, silent, expected] of STEPS)
    it(`next: ${what}`, () => {
      const configuration = group(members);
      const answers = new Set(configuration.members.map(({ id }) => id).filter((id) => !silent.includes(id)));
      const step = nextStep(configuration, to, { self, answers });
      if (step.kind === 'wait' || step.kind === 'refuse') assert.match(step.why, expected as RegExp);
      else if (step.kind === 'remove') assert.equal(`remove ${step.member.id}`, expected);
      else if (step.kind === 'handOver')
        assert.equal(`hand over to ${step.to.map(({ id }) => id).join(' ')}`, expected);
      else assert.equal(step.kind, expected);
    });
});
