import { type InstanceKey, sameKey } from '../../topology/instance-key.ts';
import type { AuditEntry, RecoveryEntry } from '../ports.ts';
import { bad, type Request } from '../request.ts';
import { act, bare, envelope, type HttpServerDeps, type Route } from '../route.ts';
import { wireRecovery } from '../wire/recovery.ts';
import { wireKey } from '../wire/values.ts';

/** How long a recovery that ended counts as recent. */
const RECENT_MS = 300_000;

type Selects = (one: RecoveryEntry) => boolean;

/** What became of recoveries, what was done at all, and acknowledging that somebody has looked. */
export function historyRoutes({ services, settings, clock }: HttpServerDeps): readonly Route[] {
  const recent: Selects = ({ record }) => record.endedMs !== undefined && clock.nowMs() - record.endedMs < RECENT_MS;
  return [
    ...paged('audit-recovery', () => () => true),
    ...paged(
      'audit-recovery/cluster/:clusterName',
      (request) =>
        ({ record }) =>
          record.cluster === request.text('clusterName'),
    ),
    ...paged(
      'audit-recovery/alias/:clusterAlias',
      (request) =>
        ({ record }) =>
          record.alias === request.text('clusterAlias'),
    ),
    listed('audit-recovery/id/:id', (request) => ofNumber(request.number('id'))),
    listed(
      'audit-recovery/uid/:uid',
      (request) =>
        ({ record }) =>
          record.uid === request.text('uid'),
    ),
    listed(
      'active-cluster-recovery/:clusterName',
      (request) =>
        ({ record }) =>
          record.cluster === request.text('clusterName') && record.endedMs === undefined,
    ),
    listed(
      'recently-active-cluster-recovery/:clusterName',
      (request) => (one) => recent(one) && one.record.cluster === request.text('clusterName'),
    ),
    listed('recently-active-instance-recovery/:host/:port', (request) => {
      const key = request.key();
      return (one) => recent(one) && sameKey(one.record.successor, key);
    }),
    bare('audit-recovery-steps/:uid', (request) => steps(request.text('uid'))),
    bare('audit', (request) => audits(request)),
    bare('audit/:page', (request) => audits(request)),
    bare('audit/instance/:host/:port', (request) => audits(request, request.key())),
    bare('audit/instance/:host/:port/:page', (request) => audits(request, request.key())),
    act('ack-recovery/cluster/:clusterHint', (request) => ofCluster(request, request.cluster())),
    act('ack-recovery/cluster/alias/:clusterAlias', (request) => ofCluster(request, request.clusterByAlias())),
    act('ack-recovery/instance/:host/:port', (request) => {
      const key = request.key();
      return acknowledge(request, ({ record }) => sameKey(record.failed, key), wireKey(key));
    }),
    act('ack-recovery/:recoveryId', (request) =>
      acknowledge(request, ofNumber(request.number('recoveryId')), request.text('recoveryId')),
    ),
    act('ack-recovery/uid/:uid', (request) =>
      acknowledge(request, ({ record }) => record.uid === request.text('uid'), request.text('uid')),
    ),
    act('ack-all-recoveries', (request) => acknowledge(request, () => true, request.query('comment'))),
  ];

  function paged(path: string, selects: (request: Request) => Selects): readonly Route[] {
    const handle = async (request: Request) => {
      const openOnly = request.query('unacknowledged') === 'true';
      const picks = selects(request);
      const all = (await services.recoveries()).filter(
        (one) => picks(one) && !(openOnly && one.record.acknowledged !== undefined),
      );
      return request.pageOf(all).map(wire);
    };
    return [bare(path, handle), bare(`${path}/:page`, handle)];
  }

  function listed(path: string, selects: (request: Request) => Selects): Route {
    return bare(path, async (request) => {
      const picks = selects(request); // before anything is read: it may be no question at all
      return (await services.recoveries()).filter(picks).map(wire);
    });
  }

  function wire(entry: RecoveryEntry) {
    const flags = services.clusterFlags({ name: entry.record.cluster, alias: entry.record.alias });
    return wireRecovery(entry, { ...settings, flags, nowMs: clock.nowMs() });
  }

  async function steps(uid: string) {
    const found = await services.steps(uid);
    return found.map(({ id, at, message }) => ({ Id: id, RecoveryUID: uid, AuditAt: at, Message: message }));
  }

  async function audits(request: Request, only?: InstanceKey) {
    const found = await services.audits(request.page(), only);
    return found.map(wireAudit);
  }

  function ofCluster(request: Request, { name, alias }: { readonly name: string; readonly alias: string }) {
    return acknowledge(request, ({ record }) => record.cluster === name || record.alias === alias, name);
  }

  async function acknowledge(request: Request, selects: Selects, details: unknown) {
    const comment = request.query('comment');
    if (comment === '') throw bad('No acknowledge comment given');
    const found = (await services.recoveries()).filter(selects);
    const picked = new Set(found.map(({ record }) => record.uid));
    const by = request.caller.name || settings.node.hostname;
    const done = await services.acknowledge(({ uid }) => picked.has(uid), by, comment);
    return envelope('OK', `Acknowledged ${done.length} recoveries`, details);
  }
}

/** Those that are not stored yet share 0, which is nobody's number. */
function ofNumber(wanted: number): Selects {
  return ({ id }) => id > 0 && id === wanted;
}

function wireAudit(entry: AuditEntry) {
  return {
    AuditId: entry.id,
    AuditTimestamp: entry.at,
    AuditType: entry.type,
    AuditInstanceKey: wireKey(entry.key),
    Message: entry.message,
  };
}
