import assert from 'node:assert/strict';
import { taggedServers } from '../../../internal/topology/tag-expression.ts';

const tag = (hostname: string, name: string, value = '') => ({ key: { hostname, port: 3306 }, name, value });
const TAGS = [tag('b', 'role', 'backup'), tag('b', 'old'), tag('a', 'role', 'app'), tag('c', 'old')];

describe('tag expressions', () => {
  for (const [expression, servers] of [
    ['role', 'a b'],
    ['role=app', 'a'],
    ['old', 'b c'],
    ['~role', 'c'],
    ['!role', 'c'],
    ['~role=app', 'b'],
    ['role,old', 'b'],
    ['old , ~role', 'c'],
    ['role=', ''],
    ['old=', 'b c'],
    ['nothing', ''],
  ] as const) {
    it(`${expression} finds ${servers || 'none'}`, () => {
      assert.equal(
        taggedServers(TAGS, expression)
          .map((server) => server.split(':')[0])
          .join(' '),
        servers,
      );
    });
  }

  for (const expression of ['', 'a,', '=v', '~', '~~a']) {
    it(`"${expression}" is none`, () => assert.throws(() => taggedServers(TAGS, expression), /not a tag/));
  }
});
