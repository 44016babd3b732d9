import assert from 'node:assert/strict';
import { judge, type Verdict } from '../../../internal/app/group/verdict.ts';

const AT = 1_024;
/** `a` is this node. Digests by node, each at the same index unless it says another. */
const CASES: readonly (readonly [what: string, voters: string, held: Record<string, string>, verdict: Verdict])[] = [
  ['alone it is right', 'a', { a: 'x' }, { kind: 'same' }],
  ['all hold the same', 'abc', { a: 'x', b: 'x', c: 'x' }, { kind: 'same' }],
  ['another one differs', 'abc', { a: 'x', b: 'x', c: 'y' }, { kind: 'same' }],
  ['this one differs from two', 'abc', { a: 'x', b: 'y', c: 'y' }, { kind: 'differs', digest: 'y' }],
  ['two of two differ: nobody can tell', 'ab', { a: 'x', b: 'y' }, { kind: 'open' }],
  ['three differ from each other', 'abc', { a: 'x', b: 'y', c: 'z' }, { kind: 'open' }],
  ['one of three is away', 'abc', { a: 'x', b: 'y' }, { kind: 'open' }],
  ['one of three is at another entry', 'abc', { a: 'x', b: 'y', c: 'y@2048' }, { kind: 'open' }],
  ['two of five are no majority', 'abcde', { a: 'x', b: 'y', c: 'y' }, { kind: 'open' }],
  ['three of five are', 'abcde', { a: 'x', b: 'y', c: 'y', d: 'y' }, { kind: 'differs', digest: 'y' }],
  ['a node without a vote does not count', 'bc', { a: 'x', b: 'y', c: 'x' }, { kind: 'open' }],
  ['and goes by those that have one', 'bcd', { a: 'x', b: 'y', c: 'y' }, { kind: 'differs', digest: 'y' }],
];

describe('the verdict on the state of a node', () => {
  for (const [what, voters, held, verdict] of CASES)
    it(what, () => {
      const told = (id: string) => {
        const [digest, index = AT] = held[id]?.split('@') ?? [];
        return digest === undefined ? undefined : { digest, index: Number(index) };
      };
      const own = told('a');
      assert.ok(own);
      assert.deepEqual(judge('a', own, [...voters], told), verdict);
    });
});
