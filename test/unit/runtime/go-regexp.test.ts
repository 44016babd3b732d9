import assert from 'node:assert/strict';
import { compileGoRegexp } from '../../../internal/runtime/go-regexp.ts';

describe('a pattern of a configuration file', () => {
  for (const [pattern, text, group] of [
    ['[.]([^.]+)[.]prod', 'db1.ams.prod:3306', 'ams'],
    ['(?i)^DB-([a-z]+)', 'db-fra7', 'fra'],
    ['(?P<dc>[[:alpha:]]+)[[:digit:]]', 'x-ams3', 'ams'],
    ['\\Adb(\\d)\\z', 'db7', '7'],
    ['no group', 'no group', undefined],
    ['nothing like it', 'db1', undefined],
  ] as const) {
    it(`${pattern} on ${text}`, () => assert.equal(compileGoRegexp(pattern)?.exec(text)?.[1], group));
  }
  for (const pattern of ['', '  ', '(', '(?U)x', '[z-a]'])
    it(`"${pattern}" matches nothing`, () => assert.equal(compileGoRegexp(pattern), undefined));
});
