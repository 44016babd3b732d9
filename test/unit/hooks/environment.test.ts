import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { type HookContext, hookEnvironment, substitutePlaceholders } from '../../../internal/hooks/environment.ts';

const HOSTILE = `x'; touch /tmp/pwned; echo "$(id)" \`id\` \\`;

function aContext(overrides: Partial<HookContext> = {}): HookContext {
  return {
    failureType: 'DeadMaster',
    instanceType: 'master',
    failureDescription: '',
    command: '',
    failed: { hostname: 'db1', port: 3306 },
    cluster: 'db1:3306',
    clusterAlias: HOSTILE,
    clusterDomain: '',
    replicas: ['db2:3306', 'db3:3306'],
    isDowntimed: false,
    autoPrimaryRecovery: true,
    autoIntermediateRecovery: false,
    orchestratorHost: 'here',
    recoveryUid: '1:ab',
    isSuccessful: true,
    lostReplicas: [],
    successor: undefined,
    ...overrides,
  };
}

describe('hook placeholders', () => {
  for (const [title, command] of [
    ['outside quotes', 'printf %s {failureClusterAlias}'],
    ['inside double quotes', 'printf %s "{failureClusterAlias}"'],
    ['inside single quotes', "printf %s '{failureClusterAlias}'"],
  ] as const) {
    it(`hands a hostile value to the shell as one word ${title}`, () => {
      const output = execFileSync('bash', ['-c', substitutePlaceholders(command, aContext())], { encoding: 'utf8' });
      assert.equal(output, HOSTILE);
    });
  }

  it('leaves plain values bare and unknown placeholders alone', () => {
    assert.equal(substitutePlaceholders('a {failedHost}:{failedPort} {nothing}', aContext()), 'a db1:3306 {nothing}');
  });

  it('leaves the successor unreplaced and unset when there is none', () => {
    assert.equal(substitutePlaceholders('{successorHost}', aContext()), '{successorHost}');
    assert.equal('ORC_SUCCESSOR_HOST' in hookEnvironment(aContext()), false);
    const context = aContext({ successor: { hostname: 'db2', port: 3307, alias: '', coordinates: 'bin.1:4' } });
    assert.equal(substitutePlaceholders('{successorHost}:{successorPort}', context), 'db2:3307');
    assert.equal(hookEnvironment(context).ORC_SUCCESSOR_PORT, '3307');
  });
});
