import assert from 'node:assert/strict';
import { isLike } from '../../../internal/http/like.ts';

describe('a text like a pattern of SQL', () => {
  for (const [text, pattern, answer] of [
    ['db1.example:3306', 'db1.example:3306', true],
    ['DB1.example:3306', 'db1.EXAMPLE:3306', true],
    ['db1.example:3306', 'db1xexample:3306', false],
    ['db1.example:3306', 'db_.example:%', true],
    ['db12.example:3306', 'db_.example:%', false],
    ['db1.example:3306', '%example%', true],
    ['db1.example:3306', '%.%.%', false],
    ['a', '%', true],
    ['', '%%', true],
    ['', '_', false],
    ['ab', 'a', false],
    ['a', 'ab', false],
    ['aab', '%ab', true],
    ['abab', '%ab_', false],
    ['100%', '100%', true],
    ['a.b', 'a(b|c)*', false],
    ['sn☃wy', 'sn_wy', true],
  ] as const)
    it(`"${text}" is ${answer ? '' : 'not '}like "${pattern}"`, () => assert.equal(isLike(text, pattern), answer));

  it('is told at once, whatever the pattern', () => {
    const hours = `${'%_'.repeat(60)}Z`; // for whoever tries every way to match it
    assert.equal(isLike('x'.repeat(200), hours), false);
  });
});
