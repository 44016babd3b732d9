import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { hookEnvironment, substitutePlaceholders } from '../../../internal/hooks/environment.ts';
import { aHookContext } from '../../support/hook-context.ts';

const HOSTILE = `x'; touch /tmp/pwned; echo "$(id)" \`id\` \\`;
const CONTEXT = aHookContext({ clusterAlias: HOSTILE });

describe('hook placeholders', () => {
  for (const [title, command] of [
    ['outside quotes', 'printf %s {failureClusterAlias}'],
    ['inside double quotes', 'printf %s "{failureClusterAlias}"'],
    ['inside single quotes', "printf %s '{failureClusterAlias}'"],
    ['in a command within double quotes', 'printf %s "$(printf %s {failureClusterAlias})"'],
    ['in quotes of a command within double quotes', 'printf %s "$( (printf %s "{failureClusterAlias}") )"'],
    ['behind a command within', `printf %s "$(printf %s ')')"{failureClusterAlias} | tail -c +2`],
    ['behind an escaped blank and a hash sign', 'printf "%.0s%s" \\ #x {failureClusterAlias}'],
    ['behind a hash sign that a command within ended before', 'printf "%.0s%s" $(echo a)#b {failureClusterAlias}'],
    ['behind a line that goes on with a hash sign', 'printf "%.0s%s" a\\\n#b {failureClusterAlias}'],
    ['below a comment behind a bracket', "(true)#don't\nprintf %s {failureClusterAlias}"],
    ['below a comment behind an escaped line end', "true \\\n# don't\nprintf %s {failureClusterAlias}"],
    ['below a comment with an apostrophe', "# don't stop\nprintf %s {failureClusterAlias}"],
  ] as const) {
    it(`hands a hostile value to the shell as one word ${title}`, () => {
      const output = execFileSync('bash', ['-c', substitutePlaceholders(command, CONTEXT)], {
        encoding: 'utf8',
        env: { ...process.env, ...hookEnvironment(CONTEXT) },
      });
      assert.equal(output, HOSTILE);
    });
  }

  for (const command of [
    'cat <<END\n{failureClusterAlias}\nEND',
    'echo `echo {failureClusterAlias}`',
    "echo $'a\\'{failureClusterAlias}",
  ])
    it(`runs nothing of a hostile value in ${command.split('\n')[0]}`, () => {
      const context = aHookContext({ clusterAlias: '; echo $((3+4)); echo `echo $((3+4))`' });
      const options = { encoding: 'utf8', env: { ...process.env, ...hookEnvironment(context) } } as const;
      const { stdout } = spawnSync('bash', ['-c', substitutePlaceholders(command, context)], options);
      assert.doesNotMatch(stdout, /7/);
    });

  it('puts nothing in the place of an empty value, which is a word all the same', () => {
    const none = aHookContext({ clusterAlias: '' });
    const words = (command: string) =>
      execFileSync('bash', ['-c', substitutePlaceholders(command, none)], { encoding: 'utf8' });
    assert.equal(
      words('printf "[%s]" {failureClusterAlias} "{failureClusterAlias}" \'{failureClusterAlias}\''),
      '[][][]',
    );
  });

  it('leaves plain values bare and unknown placeholders alone', () => {
    assert.equal(
      substitutePlaceholders('a {failedHost}:{failedPort} {nothing}', aHookContext()),
      'a db1:3306 {nothing}',
    );
  });

  it('leaves the successor unreplaced and unset when there is none', () => {
    assert.equal(substitutePlaceholders('{successorHost}', aHookContext()), '{successorHost}');
    assert.equal('ORC_SUCCESSOR_HOST' in hookEnvironment(aHookContext()), false);
    const context = aHookContext({ successor: { hostname: 'db2', port: 3307, alias: '', coordinates: 'bin.1:4' } });
    assert.equal(substitutePlaceholders('{successorHost}:{successorPort}', context), 'db2:3307');
    assert.equal(hookEnvironment(context).ORC_SUCCESSOR_PORT, '3307');
  });
});
