import assert from 'node:assert/strict';
import { chooseFounders } from '../../../../internal/raft/forming/choice.ts';
import { aFounder } from '../../../support/forming.ts';

const CASES: readonly {
  readonly title: string;
  readonly expect: number;
  readonly there: string;
  readonly anchored?: true;
  readonly chosen: string | RegExp;
}[] = [
  { title: 'all, where they are as many', expect: 3, there: 'c a b', chosen: 'a b c' },
  { title: 'nobody while one is missing', expect: 3, there: 'c a', chosen: /^sees 2 of 3 founders \(a, c\)$/ },
  { title: 'the lowest names of more', expect: 3, there: 'e d c b a', chosen: 'a b c' },
  { title: 'the lowest numbers of a stateful set', expect: 3, there: 'm-2 m-10 m-0 m-11 m-1', chosen: 'm-0 m-1 m-2' },
  {
    title: 'nobody while a low number of a stateful set is missing',
    expect: 3,
    there: 'm-0 m-1 m-3 m-4',
    chosen: /^sees 2 of 3 founders \(m-0, m-1\)$/,
  },
  { title: 'all of a stateful set, whatever their numbers', expect: 3, there: 'm-3 m-4 m-5', chosen: 'm-3 m-4 m-5' },
  {
    title: 'the lowest names where hosts are numbered from 1',
    expect: 3,
    there: 'db-1 db-4 db-3 db-2',
    chosen: 'db-1 db-2 db-3',
  },
  { title: 'the lowest names where prefixes differ', expect: 2, there: 'a-0 b-1 a-5', chosen: 'a-0 a-5' },
  {
    title: 'nobody where there are enough for two groups',
    expect: 2,
    there: 'd c b a',
    chosen: /^4 nodes would each found a group of 2 \(a, b, c, d\), enough for two groups: raise RaftBootstrapExpect/,
  },
  {
    title: 'somebody of them where a record says which group is meant',
    expect: 2,
    there: 'd c b a',
    anchored: true,
    chosen: 'a b',
  },
  { title: 'one alone', expect: 1, there: 'a', chosen: 'a' },
];

describe('which of the nodes that found each other found a group', () => {
  for (const { title, expect, there, anchored = false, chosen } of CASES)
    it(`is ${title}`, () => {
      const choice = chooseFounders(
        { expect, anchored, alone: false },
        there.split(' ').map((node) => aFounder(node)),
      );
      if (choice.kind === 'chosen') assert.equal(choice.members.map(({ node }) => node).join(' '), chosen);
      else assert.match(choice.why, chosen as RegExp);
    });
});
