import type { OperationName, OperationRequest, Regrouped } from '../operations/requests.ts';

/** Operations under the names that the API has for them. */
const PATHS: Readonly<Record<OperationName, string>> = {
  relocate: 'relocate',
  relocateReplicas: 'relocate-replicas',
  moveUp: 'move-up',
  moveUpReplicas: 'move-up-replicas',
  moveBelow: 'move-below',
  moveEquivalent: 'move-equivalent',
  moveByGtid: 'move-below-gtid',
  moveReplicasByGtid: 'relocate-replicas',
  match: 'match-below',
  matchUp: 'match-up',
  matchReplicas: 'relocate-replicas',
  matchUpReplicas: 'move-up-replicas',
  repoint: 'repoint',
  repointReplicas: 'repoint-replicas',
  takeSiblings: 'take-siblings',
  takeSource: 'take-master',
  regroup: 'regroup-replicas',
  regroupByGtid: 'regroup-replicas-gtid',
  regroupByPseudoGtid: 'regroup-replicas-pgtid',
  regroupBinlogServers: 'regroup-replicas-bls',
  resetErrant: 'gtid-errant-reset-master',
  injectErrant: 'gtid-errant-inject-empty',
  makeCoPrimary: 'make-co-master',
  makePrimary: 'make-master',
  makeLocalPrimary: 'make-local-master',
  enableGtid: 'enable-gtid',
  disableGtid: 'disable-gtid',
  detach: 'detach-replica',
  reattach: 'reattach-replica',
  startReplication: 'start-replica',
  stopReplication: 'stop-replica',
  stopReplicationNicely: 'stop-replica-nice',
  restartReplication: 'restart-replica',
  forgetSource: 'reset-replica',
  setLogin: 'change-master-credentials',
  setDelay: 'delay-replication',
  skipQuery: 'skip-query',
  setReadOnly: 'set-read-only',
  setWritable: 'set-writeable',
  enableSemiSyncSource: 'enable-semi-sync-source',
  disableSemiSyncSource: 'disable-semi-sync-source',
  enableSemiSyncReplica: 'enable-semi-sync-replica',
  disableSemiSyncReplica: 'disable-semi-sync-replica',
  killQuery: 'kill-query',
  flushBinaryLogs: 'flush-binary-logs',
  purgeBinaryLogs: 'purge-binary-logs',
};

/** Where a route of the contract does not tell which replicas were moved, another one is told the method. */
const METHODS: Readonly<Partial<Record<OperationName, string>>> = {
  moveReplicasByGtid: 'gtid',
  matchReplicas: 'pseudo-gtid',
  matchUpReplicas: 'pseudo-gtid',
};

/** A request as a call of the API. */
export function operationCall(request: OperationRequest): {
  readonly segments: readonly (string | number)[];
  readonly query: Readonly<Record<string, string>>;
} {
  const { operation, target, below, pattern = '', number, file, force, relayLogsOnly } = request;
  const end = below === undefined ? [] : [below.hostname, below.port];
  const segments = [PATHS[operation], target.hostname, target.port, ...end];
  const method = METHODS[operation];
  if (number !== undefined) segments.push(number);
  if (file !== undefined) segments.push(file);
  return {
    segments,
    query: {
      ...(pattern === '' ? {} : { pattern }),
      ...(method === undefined ? {} : { method }),
      ...(force === true ? { force: 'true' } : {}),
      ...(relayLogsOnly === true ? { 'skip-binlog-search': 'true' } : {}),
    },
  };
}

/** Of a message about replicas that were regrouped; how many of those that moved had received the same, not every one tells. */
export function regroupedOf(message: string): Regrouped | undefined {
  const found = /, lost: (\d+)(?:, trivial: (\d+))?, (?:moved|pseudo-gtid): (\d+)(?:;|$)/.exec(message);
  if (found === null) return undefined;
  const [lost = 0, equal = 0, moved = 0] = found.slice(1).map((count) => Number(count ?? 0));
  return { lost, equal, moved };
}

/** Of a message about many servers: what did not work. */
export function errorsOf(message: string): readonly string[] {
  const [, count = '0', list = ''] = /(\d+) errors: \[(.*)\]$/s.exec(message) ?? [];
  return Number(count) === 0 ? [] : [list];
}
