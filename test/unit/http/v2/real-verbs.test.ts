import assert from 'node:assert/strict';
import { apiRoutes } from '../../../../internal/http/routes.ts';
import type { Call } from '../../../../internal/http/v2/call.ts';
import { v2Calls } from '../../../../internal/http/v2/calls.ts';
import { EventRing } from '../../../../internal/http/v2/events/ring.ts';
import { EventStreams } from '../../../../internal/http/v2/events/streams.ts';
import { systemClock } from '../../../../internal/runtime/clock.ts';
import { silentLog } from '../../../../internal/runtime/log.ts';
import { FakeHouse, SETTINGS } from '../../../support/http.ts';

/** Calls of `/api` that change something, by their first segment, and what does the same in `/api/v2`; `operate` is told by its operation. */
const SAME: Readonly<Record<string, string>> = {
  discover: 'discoverInstance',
  refresh: 'refreshInstance',
  'async-discover': 'watchInstance',
  forget: 'forgetInstance',
  'forget-cluster': 'forgetCluster',
  'set-cluster-alias': 'renameCluster',
  'begin-downtime': 'beginDowntime',
  'end-downtime': 'endDowntime',
  'register-candidate': 'setPromotionRule',
  'begin-maintenance': 'beginMaintenance',
  'end-maintenance': 'endMaintenance',
  recover: 'recover',
  'recover-lite': 'recover',
  'force-master-failover': 'recover',
  'force-master-takeover': 'recover',
  'graceful-master-takeover': 'recover',
  'graceful-master-takeover-auto': 'recover',
  'disable-global-recoveries': 'setGlobalRecoveries',
  'enable-global-recoveries': 'setGlobalRecoveries',
  'ack-recovery': 'acknowledge',
  'ack-all-recoveries': 'acknowledge',
  tag: 'setTag',
  untag: 'removeTag',
  'untag-all': 'removeTagEverywhere',
  'submit-pool-instances': 'setPool',
  'register-hostname-unresolve': 'setVirtualHostname',
  'deregister-hostname-unresolve': 'removeVirtualHostname',
  'reset-hostname-resolve-cache': 'forgetResolvedNames',
  'reload-configuration': 'reloadConfiguration',
  'raft-snapshot': 'takeSnapshot',
  'raft-drain': 'setDraining',
  'raft-add-peer': 'addGroupMember',
  'raft-remove-peer': 'removeGroupMember',
  'raft-scale-down': 'setGroupSize',
  'raft-yield': 'transferLeadership',
  'raft-yield-hint': 'transferLeadership',
  reelect: 'transferLeadership',
  'grab-election': 'claimLeadership',
  relocate: 'relocate',
  'relocate-below': 'relocate',
  'relocate-replicas': 'relocateReplicas',
  'regroup-replicas': 'regroup',
  'regroup-replicas-gtid': 'regroupByGtid',
  'regroup-replicas-bls': 'regroupBinlogServers',
  'regroup-replicas-pgtid': 'regroupByPseudoGtid',
  'move-equivalent': 'moveEquivalent',
  'make-master': 'makePrimary',
  'make-local-master': 'makeLocalPrimary',
  'move-up': 'moveUp',
  'move-up-replicas': 'moveUpReplicas',
  'move-below': 'moveBelow',
  'move-below-gtid': 'moveByGtid',
  'move-gtid': 'moveByGtid',
  'move-replicas-gtid': 'moveReplicasByGtid',
  match: 'match',
  'match-below': 'match',
  'match-up': 'matchUp',
  'match-replicas': 'matchReplicas',
  'match-up-replicas': 'matchUpReplicas',
  repoint: 'repoint',
  'repoint-replicas': 'repointReplicas',
  'take-siblings': 'takeSiblings',
  'take-master': 'takeSource',
  'make-co-master': 'makeCoPrimary',
  'enable-gtid': 'enableGtid',
  'disable-gtid': 'disableGtid',
  'gtid-errant-reset-master': 'resetErrant',
  'gtid-errant-inject-empty': 'injectErrant',
  'skip-query': 'skipQuery',
  'start-replica': 'startReplication',
  'restart-replica': 'restartReplication',
  'stop-replica': 'stopReplication',
  'stop-replica-nice': 'stopReplicationNicely',
  'reset-replica': 'forgetSource',
  'change-master-credentials': 'setLogin',
  'detach-replica': 'detach',
  'reattach-replica': 'reattach',
  'detach-replica-master-host': 'detach',
  'reattach-replica-master-host': 'reattach',
  'flush-binary-logs': 'flushBinaryLogs',
  'purge-binary-logs': 'purgeBinaryLogs',
  'enable-semi-sync-source': 'enableSemiSyncSource',
  'disable-semi-sync-source': 'disableSemiSyncSource',
  'enable-semi-sync-replica': 'enableSemiSyncReplica',
  'disable-semi-sync-replica': 'disableSemiSyncReplica',
  'delay-replication': 'setDelay',
  'set-read-only': 'setReadOnly',
  'set-writeable': 'setWritable',
  'kill-query': 'killQuery',
};

/** Guarded as if they changed something, and retired or answered by looking. */
const LOOK_ONLY = new Set([
  ...[
    'bulk-instances',
    'bulk-promotion-rules',
    'reload-cluster-alias',
    'last-pseudo-gtid',
    'master-equivalent',
    'raft-backup',
    'agents',
    'agent',
    'seeds',
  ],
  ...[
    'restart-replica-statements',
    'cluster-pool-instances',
    'heuristic-cluster-pool-instances',
    'heuristic-cluster-pool-lag',
  ],
]);

/** Open to everyone in `/api`, and a change all the same. */
const UNGUARDED: Readonly<Record<string, string>> = {
  'submit-masters-to-kv-stores': 'publishPrimaries',
  'snapshot-topologies': 'recordTopologies',
};

describe('calls of /api that change something', () => {
  const deps = { services: new FakeHouse().services(), settings: SETTINGS, clock: systemClock, log: silentLog };
  const source = new EventRing('e', 1, () => 0);
  const calls = v2Calls(deps, new EventStreams({ source, clock: systemClock, node: 'n' }));
  const operations: ReadonlySet<string> = new Set(operationsOf(calls.find(({ id }) => id === 'operate')));
  const byId = new Map(calls.map((call) => [call.id, call]));
  const routes = apiRoutes(deps);
  const firsts = (acts: boolean) =>
    new Set(routes.filter((route) => (route.acts !== undefined) === acts).map(({ path }) => path.split('/')[0] ?? ''));

  it('have a real verb each, open to the same callers', () => {
    for (const first of firsts(true)) {
      const older = /slave|semi-sync-master/.test(first);
      if (older || LOOK_ONLY.has(first) || first.startsWith('agent-')) continue;
      const same = SAME[first] ?? '';
      const call = byId.get(operations.has(same) ? 'operate' : same);
      assert.ok(call?.acts !== undefined && call.method !== 'get', `${first}: ${same}`);
    }
    for (const [first, same] of Object.entries(UNGUARDED)) {
      assert.ok(firsts(false).has(first), first);
      assert.ok(byId.get(same)?.acts !== undefined, same);
    }
  });

  it('are none of those that /api/v2 answers to a GET, but for a file that is guarded', () => {
    const guarded = calls.filter(({ method, acts }) => method === 'get' && acts !== undefined).map(({ id }) => id);
    assert.deepEqual(guarded, ['getBackup']);
  });

  it('have their operations told in the document, none of them twice', () => {
    assert.equal(operations.size, operationsOf(byId.get('operate')).length);
  });
});

/** Names of the operations that its body may ask for. */
function operationsOf(call: Call | undefined): readonly string[] {
  const union = call?.body as unknown as {
    options: readonly { shape: { operation: { options: readonly string[] } } }[];
  };
  return union.options.flatMap(({ shape }) => shape.operation.options);
}
