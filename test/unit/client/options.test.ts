import assert from 'node:assert/strict';
import { readCommandLine } from '../../../internal/client/options.ts';

/** Command line, option values, then words and what was not understood. */
type Case = readonly [argv: string, values: Readonly<Record<string, string>>, words?: string, unknown?: string];

const TOPOLOGY = { command: 'topology', instance: 'db1' };

const CASES: readonly Case[] = [
  ['-c topology -i db1', TOPOLOGY],
  ['--command topology -i db1', TOPOLOGY],
  ['-command=topology --instance=db1', TOPOLOGY],
  ['-ctopology -idb1', TOPOLOGY],
  ['topology -i db1', TOPOLOGY],
  ['-i db1 topology', TOPOLOGY],
  ['-c topology -i db0 -i db1', TOPOLOGY],
  ['-c topology -i db1 cli -d db2', TOPOLOGY, 'cli -d db2'],
  ['help topology', { command: 'help' }, 'topology'],
  ['-c move -d db1 -s db2', { command: 'move', destination: 'db2' }],
  ['-c tag -t role=app', { command: 'tag', tag: 'role=app' }],
  ['-c tag --tag=role=app', { command: 'tag', tag: 'role=app' }],
  ['-c x -r -1 -u 1h -R prefer', { command: 'x', reason: '-1', duration: '1h', 'promotion-rule': 'prefer' }],
  ['-b me:pw -e X-User:me -U http://a', { auth: 'me:pw', 'headers-auth': 'X-User:me', api: 'http://a' }],
  ['-h', { help: 'true' }],
  ['topology -help --json', { command: 'topology', help: 'true', json: 'true' }],
  ['-c topology -x --dry-run -i db1', TOPOLOGY, '', '-x --dry-run'],
  ['-c topology -i db1 -- -d db2', TOPOLOGY, '-d db2'],
  ['-c constructor --toString', { command: 'constructor' }, '', '--toString'],
];

describe('options of the client', () => {
  for (const [argv, values, words = '', unknown = ''] of CASES)
    it(argv, () => {
      const line = readCommandLine(argv.split(' '));
      assert.deepEqual(Object.fromEntries(line.values), values);
      assert.deepEqual([line.words.join(' '), line.unknown.join(' ')], [words, unknown]);
    });

  it('says which option has no value', () => {
    assert.throws(() => readCommandLine(['-c', 'topology', '-i']), /^ClientError: -i needs a value: -i HOST\[:PORT\]$/);
  });
});
