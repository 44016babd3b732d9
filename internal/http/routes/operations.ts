import type { OperationName, OperationOutcome, OperationRequest } from '../../operations/requests.ts';
import { sourceKey } from '../../topology/instance.ts';
import { type InstanceKey, keyText, sameKey } from '../../topology/instance-key.ts';
import { type Listed, listInstances } from '../../topology/listing.ts';
import { coordinatesText } from '../../topology/move-steps.ts';
import { restartStatements } from '../../topology/restart-statements.ts';
import { whyNotBelow } from '../replication-check.ts';
import { bad, type Request } from '../request.ts';
import { act, type EnvelopeHandler, envelope, type HttpServerDeps, type Route, tell } from '../route.ts';
import { wireInstance } from '../wire/instance.ts';
import { wireCoordinates, wireKey } from '../wire/values.ts';

/** What the members of a path are called, and what of them belongs into the request. */
type Form = 'target' | 'below' | 'above' | 'sibling' | 'seconds' | 'process' | 'logFile';

const FORMS: Readonly<
  Record<Form, { readonly path: string; readonly read: (request: Request) => Partial<OperationRequest> }>
> = {
  target: { path: '', read: () => ({}) },
  below: { path: '/:belowHost/:belowPort', read: (request) => ({ below: request.key('belowHost', 'belowPort') }) },
  above: { path: '/:belowHost/:belowPort', read: mustBeSource },
  sibling: {
    path: '/:siblingHost/:siblingPort',
    read: (request) => ({ below: request.key('siblingHost', 'siblingPort') }),
  },
  seconds: { path: '/:seconds', read: (request) => ({ number: request.number('seconds') }) },
  process: { path: '/:process', read: (request) => ({ number: request.number('process') }) },
  logFile: {
    path: '/:logFile',
    read: (request) => ({ file: request.text('logFile'), force: request.query('force') === 'true' }),
  },
};

/** What `Details` holds: the server, those that were moved, the key of the new source or of the server, or the number that was asked for. */
type Details = 'instance' | 'instances' | 'key' | 'subject' | 'number';

type Row = readonly [path: string, operation: OperationName, form: Form, details: Details];

const ROWS: readonly Row[] = [
  ['relocate', 'relocate', 'below', 'instance'],
  ['relocate-below', 'relocate', 'below', 'instance'],
  ['relocate-replicas', 'relocateReplicas', 'below', 'instances'],
  ['regroup-replicas', 'regroup', 'target', 'subject'],
  ['regroup-replicas-gtid', 'regroupByGtid', 'target', 'subject'],
  ['regroup-replicas-pgtid', 'regroupByPseudoGtid', 'target', 'subject'],
  ['regroup-replicas-bls', 'regroupBinlogServers', 'target', 'subject'],
  ['move-up', 'moveUp', 'target', 'instance'],
  ['move-up-replicas', 'moveUpReplicas', 'target', 'instances'],
  ['move-up-replicas', 'moveUpReplicas', 'above', 'instances'],
  ['move-below', 'moveBelow', 'sibling', 'instance'],
  ['move-equivalent', 'moveEquivalent', 'below', 'instance'],
  ['move-below-gtid', 'moveByGtid', 'below', 'instance'],
  ['move-gtid', 'moveByGtid', 'below', 'instance'], // the shell client's name for it
  ['move-replicas-gtid', 'moveReplicasByGtid', 'below', 'instances'],
  ['match', 'match', 'below', 'instance'],
  ['match-below', 'match', 'below', 'instance'],
  ['match-up', 'matchUp', 'target', 'instance'],
  ['match-replicas', 'matchReplicas', 'below', 'key'],
  ['match-up-replicas', 'matchUpReplicas', 'target', 'instances'],
  ['match-up-replicas', 'matchUpReplicas', 'above', 'instances'],
  ['repoint', 'repoint', 'below', 'instance'],
  ['repoint-replicas', 'repointReplicas', 'target', 'instances'],
  ['repoint-replicas', 'repointReplicas', 'below', 'instances'],
  ['take-siblings', 'takeSiblings', 'target', 'instance'],
  ['take-master', 'takeSource', 'target', 'instance'],
  ['make-master', 'makePrimary', 'target', 'instance'],
  ['make-local-master', 'makeLocalPrimary', 'target', 'instance'],
  ['make-co-master', 'makeCoPrimary', 'target', 'instance'],
  ['enable-gtid', 'enableGtid', 'target', 'instance'],
  ['disable-gtid', 'disableGtid', 'target', 'instance'],
  ['gtid-errant-reset-master', 'resetErrant', 'target', 'instance'],
  ['gtid-errant-inject-empty', 'injectErrant', 'target', 'instance'],
  ['skip-query', 'skipQuery', 'target', 'instance'],
  ['start-replica', 'startReplication', 'target', 'instance'],
  ['restart-replica', 'restartReplication', 'target', 'instance'],
  ['stop-replica', 'stopReplication', 'target', 'instance'],
  ['stop-replica-nice', 'stopReplicationNicely', 'target', 'instance'],
  ['reset-replica', 'forgetSource', 'target', 'instance'],
  ['change-master-credentials', 'setLogin', 'target', 'instance'],
  ['detach-replica', 'detach', 'target', 'instance'],
  ['reattach-replica', 'reattach', 'target', 'instance'],
  ['detach-replica-master-host', 'detach', 'target', 'instance'],
  ['reattach-replica-master-host', 'reattach', 'target', 'instance'],
  ['flush-binary-logs', 'flushBinaryLogs', 'target', 'instance'],
  ['purge-binary-logs', 'purgeBinaryLogs', 'logFile', 'instance'],
  ['enable-semi-sync-source', 'enableSemiSyncSource', 'target', 'instance'],
  ['disable-semi-sync-source', 'disableSemiSyncSource', 'target', 'instance'],
  ['enable-semi-sync-replica', 'enableSemiSyncReplica', 'target', 'instance'],
  ['disable-semi-sync-replica', 'disableSemiSyncReplica', 'target', 'instance'],
  ['delay-replication', 'setDelay', 'seconds', 'number'],
  ['set-read-only', 'setReadOnly', 'target', 'instance'],
  ['set-writeable', 'setWritable', 'target', 'instance'],
  ['kill-query', 'killQuery', 'process', 'instance'],
];

/** What an operator asks of replication. */
export function operationRoutes({ services, settings, clock }: HttpServerDeps): readonly Route[] {
  return [
    ...ROWS.map(([path, operation, form, details]) =>
      act(`${path}/:host/:port${FORMS[form].path}`, operate(operation, form, details)),
    ),
    tell('locate-gtid-errant/:host/:port', async (request) =>
      envelope('OK', 'located errant GTID', await services.locateErrant(request.key())),
    ),
    act('master-equivalent/:host/:port/:logFile/:logPos', async (request) => {
      const at = { file: request.text('logFile'), position: request.number('logPos') };
      const found = await services.equivalents({ server: request.key(), at });
      const places = found.map((one) => ({ Key: wireKey(one.server), Coordinates: wireCoordinates(one.at) }));
      return envelope('OK', `Found ${places.length} equivalent coordinates`, places);
    }),
    act('last-pseudo-gtid/:host/:port', async (request) => {
      const { at, text } = await services.lastMarker(request.member().watched.instance.key);
      return envelope('OK', coordinatesText(at), text);
    }),
    act('restart-replica-statements/:host/:port', statements),
    tell('can-replicate-from/:host/:port/:belowHost/:belowPort', canReplicate(false)),
    tell('can-replicate-from-gtid/:host/:port/:belowHost/:belowPort', canReplicate(true)),
  ];

  function operate(operation: OperationName, form: Form, details: Details): EnvelopeHandler {
    return async (request) => {
      const wanted: OperationRequest = {
        operation: methodOf(operation, request),
        target: request.key(),
        pattern: request.query('pattern'),
        ...(request.query('skip-binlog-search') === 'true' ? { relayLogsOnly: true } : {}),
        ...FORMS[form].read(request),
      };
      const outcome = await services.operate(wanted);
      return envelope('OK', messageOf(outcome, details), detailsOf(outcome, wanted, details));
    };
  }

  /** In the contract's words where many servers were meant: some may have stayed where they were. */
  function messageOf({ text, moved, errors }: OperationOutcome, details: Details): string {
    if (details !== 'instances' && details !== 'key') return text;
    return `${moved.length} replicas moved; ${errors.length} errors: [${errors.join(' ')}]`;
  }

  function detailsOf({ subject, moved }: OperationOutcome, { below, number }: OperationRequest, details: Details) {
    switch (details) {
      case 'number':
        return number ?? 0;
      case 'key':
        return wireKey(below ?? subject);
      case 'subject':
        return wireKey(subject);
      case 'instances':
        return moved.map(wired).filter((one) => one !== null);
      case 'instance':
        return wired(subject);
    }
  }

  function wired(key: InstanceKey) {
    const found = listInstances(services.snapshots()).find(({ watched }) => sameKey(watched.instance.key, key));
    return found === undefined ? null : wire(found);
  }

  function wire({ snapshot, watched }: Listed) {
    return wireInstance(watched, { ...settings, snapshot, nowMs: clock.nowMs() });
  }

  /** Nothing is executed. */
  function statements(request: Request) {
    const { instance } = request.member().watched;
    const statement = request.query('q');
    if (statement === '') throw bad('No statement given: use ?q=');
    return envelope('OK', `statements for: ${keyText(instance.key)}`, restartStatements(instance, statement));
  }

  function canReplicate(byGtid: boolean): EnvelopeHandler {
    return (request) => {
      const below = request.key('belowHost', 'belowPort');
      const replica = request.member();
      const source = listInstances(services.snapshots()).find(({ watched }) => sameKey(watched.instance.key, below));
      if (source === undefined) throw bad(`Cannot read instance: ${keyText(below)}`);
      const rules = { byGtid, replicationRules: settings.replicationRules };
      const reason = whyNotBelow(replica.watched.instance, source, rules);
      return reason === undefined ? envelope('OK', 'true', wireKey(below)) : envelope('ERROR', reason, wireKey(below));
    };
  }
}

/** The shell client puts the destination of `-d` behind calls that know theirs: it may only be the one that is meant anyway. */
function mustBeSource(request: Request): Partial<OperationRequest> {
  const { instance } = request.member().watched;
  const [source, given] = [sourceKey(instance), request.key('belowHost', 'belowPort')];
  if (sameKey(source, given)) return {};
  const above = source === undefined ? 'has no source' : `replicates from ${keyText(source)}`;
  throw bad(`${keyText(instance.key)} ${above}: its replicas are not moved up to ${keyText(given)}`);
}

/** `method` says by which way alone: `gtid`, `pseudo-gtid`. */
function methodOf(operation: OperationName, request: Request): OperationName {
  const method = request.query('method');
  if (operation === 'relocateReplicas' && method === 'gtid') return 'moveReplicasByGtid';
  if (method !== 'pseudo-gtid') return operation;
  if (operation === 'relocateReplicas') return 'matchReplicas';
  return operation === 'moveUpReplicas' ? 'matchUpReplicas' : operation;
}
