import assert from 'node:assert/strict';
import { foundingConfiguration } from '../../../../internal/raft/core/membership.ts';
import type { Configuration } from '../../../../internal/raft/core/types.ts';
import { judgeLists } from '../../../../internal/raft/membership/list-verdict.ts';
import { NO_SEAT, relisted, type Seat, seated } from '../../../../internal/raft/membership/seat.ts';
import { aFounder } from '../../../support/forming.ts';

/** Letters are nodes; capitals are learners that wish to vote. */
function groupOf(letters: string): Configuration {
  const all = [...letters];
  const group = foundingConfiguration(all.map((letter) => aFounder(letter.toLowerCase())));
  const learners = all
    .filter((letter) => letter !== letter.toLowerCase())
    .map((letter) => `${letter.toLowerCase()}/i1`);
  return { ...group, learners, voters: group.voters.filter((id) => !learners.includes(id)) };
}

/** `a:abc-d`: node a has the list a, b, c, and had d in it before. */
function said(text: string) {
  const each = text.split(' ').filter((one) => one !== '');
  return new Map(
    each.map((one) => {
      const [, node = '', list = '', dropped = ''] = /^(\w):(\w*)-?(\w*)$/.exec(one) ?? [];
      return [`${node}/i1`, { list: [...list], dropped: [...dropped] }] as const;
    }),
  );
}

const CASES: readonly (readonly [what: string, group: string, lists: string, comesTo: string])[] = [
  ['all have the list of the founding', 'abc', 'a:abc b:abc c:abc', 'settled'],
  ['nobody has a list', 'abc', '', 'settled'],
  ['a member was added at run time', 'abcd', 'a:abc b:abc c:abc', 'settled'],
  ['a longer list: who is new joins by itself', 'abc', 'a:abcd b:abcd c:abcd', 'settled'],
  [
    'one has a shorter list',
    'abc',
    'a:ab-c b:abc c:abc',
    'open ab: 1 of 3 voters have this list: restart the others with it too',
  ],
  ['two of three have a shorter list', 'abc', 'a:ab-c b:ab-c c:abc', 'voters ab learners '],
  [
    'a majority of the voters is not one of the list',
    'abcde',
    'a:abxyz-de b:abxyz-de c:abxyz-de',
    'open abxyz: waits for x, y, z to join',
  ],
  ['who is to come is not there yet', 'abc', 'a:abd-c b:abd-c', 'open abd: waits for d to join'],
  ['who came votes already', 'abcd', 'a:abd-c b:abd-c d:abd', 'voters abd learners '],
  [
    'who came could not vote so far',
    'abcdeF',
    'a:abcdf-e b:abcdf-e c:abcdf-e d:abcdf-e f:abcdf',
    'voters abcdf learners ',
  ],
  ['several are exchanged at once', 'abcDE', 'a:ade-bc b:ade-bc d:ade e:ade', 'voters ade learners '],
  ['more than may vote', 'abcdeFG', 'a:abcdfg-e b:abcdfg-e c:abcdfg-e d:abcdfg-e f:abcdfg', 'voters abcdf learners g'],
  ['a learner goes', 'abcD', 'a:abc-d b:abc-d c:abc-d', 'voters abc learners '],
  [
    'two lists, neither of a majority',
    'abcd',
    'a:ab-cd b:ab-cd c:cd-ab d:cd-ab',
    'open ab: 2 of 4 voters have this list: restart the others with it too',
  ],
  [
    'few of the new list have it',
    'abcDEFGH',
    'a:adefgh-bc b:adefgh-bc',
    'open adefgh: 1 of the 6 nodes in this list have it: restart the others with it too',
  ],
];

describe('the lists of the nodes', () => {
  for (const [what, group, lists, comesTo] of CASES)
    it(`come to the right end: ${what}`, () => {
      const verdict = judgeLists(groupOf(group), said(lists), 5);
      const letters = (ids: readonly string[]) => ids.map((id) => id[0]).join('');
      const text =
        verdict.kind === 'settled'
          ? verdict.kind
          : verdict.kind === 'open'
            ? `open ${verdict.list.join('')}: ${verdict.why}`
            : verdict.change.kind === 'set' &&
              `voters ${letters(verdict.change.voters)} learners ${letters(verdict.change.learners)}`;
      assert.equal(text, comesTo);
    });

  it('do not speak against a member that has moved', () => {
    const members = groupOf('abc').members.map((one) => (one.node === 'b' ? { ...one, address: 'b2' } : one));
    const lists = new Map(['a/i1', 'b/i1', 'c/i1'].map((id) => [id, { list: ['a', 'b2', 'c'], dropped: ['b'] }]));
    assert.deepEqual(judgeLists({ ...groupOf('abc'), members }, lists, 5), { kind: 'settled' });
  });
});

describe('what a node remembers of its list', () => {
  const seat = (list: string, dropped = '', taken = true): Seat => ({
    ...{ list: [...list], dropped: [...dropped], taken },
    leaving: false,
    reaped: false,
  });

  it('is what was in it before and is not now', () => {
    assert.deepEqual(relisted(NO_SEAT, [...'abc']), seat('abc', '', false));
    assert.deepEqual(relisted(seat('abc'), [...'abd']), seat('abd', 'c'));
    assert.deepEqual(relisted(seat('abd', 'c'), [...'ab']), seat('ab', 'cd'));
    assert.deepEqual(relisted(seat('ab', 'cd'), [...'abc']), seat('abc', 'd'));
    assert.deepEqual(relisted(seat('abc', 'd'), []), seat('', ''));
    assert.deepEqual(relisted({ ...seat('abc'), leaving: true }, [...'abc']), seat('abc'), 'it did not leave');
  });

  it('is forgotten once it is done, or was only another name', () => {
    assert.deepEqual(seated(seat('ab', 'c'), 'a/i1', groupOf('ab')), seat('ab'));
    const moved = groupOf('abc').members.map((one) => (one.node === 'c' ? { ...one, address: 'd' } : one));
    assert.deepEqual(seated(seat('abd', 'c'), 'a/i1', { ...groupOf('abc'), members: moved }), seat('abd'));
    const open = seat('ab', 'c');
    assert.equal(seated(open, 'a/i1', groupOf('abc')), open);
    assert.deepEqual(seated(seat('ab', '', false), 'a/i2', groupOf('ab')), seat('ab', '', false));
  });
});
