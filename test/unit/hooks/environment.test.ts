import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { hookEnvironment, substitutePlaceholders } from '../../../internal/hooks/environment.ts';
import { aHookContext } from '../../support/hook-context.ts';

const HOSTILE = `x'; touch /tmp/pwned; echo "$(id)" \`id\` \\`;

describe('hook placeholders', () => {
  for (const [title, command] of [
    ['outside quotes', 'printf %s {failureClusterAlias}'],
    ['inside double quotes', 'printf %s "{failureClusterAlias}"'],
    ['inside single quotes', "printf %s '{failureClusterAlias}'"],
  ] as const) {
    it(`hands a hostile value to the shell as one word ${title}`, () => {
      const output = execFileSync(
        'bash',
        ['-c', substitutePlaceholders(command, aHookContext({ clusterAlias: HOSTILE }))],
        { encoding: 'utf8' },
      );
      assert.equal(output, HOSTILE);
    });
  }

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
