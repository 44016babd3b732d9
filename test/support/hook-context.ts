import type { HookContext } from '../../internal/hooks/environment.ts';

/** What hooks are told about a dead primary `db1:3306` with replicas `db2` and `db3`, before anybody took over. */
export function aHookContext(more: Partial<HookContext> = {}): HookContext {
  return {
    failureType: 'DeadMaster',
    instanceType: 'master',
    failureDescription: '',
    command: '',
    failed: { hostname: 'db1', port: 3306 },
    cluster: 'db1:3306',
    clusterAlias: 'shop',
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
    ...more,
  };
}
