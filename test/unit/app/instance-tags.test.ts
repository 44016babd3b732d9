import assert from 'node:assert/strict';
import { InstanceTags } from '../../../internal/app/instance-tags.ts';
import type { Command } from '../../../internal/command/command.ts';

const at = (hostname: string) => ({ hostname, port: 3306 });

describe('tags that are taken away', () => {
  const decided: Command[] = [];
  const tags = new InstanceTags({
    agreement: { decide: async (command) => void decided.push(command) },
    stored: async () => [
      { key: at('a'), name: 'role', value: 'backup' },
      { key: at('b'), name: 'role', value: '' },
      { key: at('c'), name: 'other', value: '' },
    ],
  });
  beforeEach(() => {
    decided.length = 0;
  });

  const CASES: readonly (readonly [
    title: string,
    asked: Parameters<InstanceTags['untag']>,
    hosts: readonly string[],
    value: string | null,
  ])[] = [
    ['from all with one value', ['role=backup'], ['a'], 'backup'],
    ['from all with an empty one', ['role='], ['b'], ''],
    ['from all, whatever it says', ['role', undefined, true], ['a', 'b'], null],
    ['from one server', ['role', at('b')], ['b'], null],
  ];
  for (const [title, asked, hosts, value] of CASES)
    it(title, async () => {
      const keys = hosts.map(at);
      assert.deepEqual(await tags.untag(...asked), keys);
      assert.deepEqual(decided, [{ op: 'delete-instance-tag', keys, name: 'role', value }]);
    });

  it('are not where neither a server nor a value is named, unless that is meant', async () => {
    await assert.rejects(tags.untag('role'), { code: 'BAD_REQUEST' });
    assert.deepEqual(decided, []);
  });
});
