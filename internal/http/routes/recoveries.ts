import type { RecoveryRecord } from '../../recovery/book.ts';
import { primariesOf } from '../../topology/cluster.ts';
import { keyText, sameKey } from '../../topology/instance-key.ts';
import { bad, type Request } from '../request.ts';
import { envelope, type HttpServerDeps, type Route } from '../route.ts';
import { wireKey } from '../wire/instance.ts';
import { wireRecovery } from '../wire/recovery.ts';

const PAGE_SIZE = 20;

/** Recovering on request, and what became of recoveries. */
export function recoveryRoutes({ services, settings, clock }: HttpServerDeps): readonly Route[] {
  const wire = (record: RecoveryRecord, index: number, all: readonly RecoveryRecord[]) =>
    wireRecovery(record, all.length - index, settings.node, settings.blockMs, clock.nowMs());
  const list = (request: Request, selects: (record: RecoveryRecord) => boolean = () => true) => {
    const open = request.query('unacknowledged') === 'true';
    const all = services.recoveries();
    const numbered = all.map((record, index) => ({ record, wired: wire(record, index, all) }));
    const picked = numbered.filter(({ record }) => selects(record) && !(open && record.acknowledged !== undefined));
    return picked.slice(request.page() * PAGE_SIZE, (request.page() + 1) * PAGE_SIZE).map(({ wired }) => wired);
  };
  const recover =
    (skipHooks: boolean): Route['handle'] =>
    async (request) => {
      const { snapshot, watched } = request.member();
      const key = watched.instance.key;
      const designated = request.has('candidateHost')
        ? { designated: request.key('candidateHost', 'candidatePort') }
        : {};
      const done = await services.recover(snapshot, key, {
        ...designated,
        skipHooks: skipHooks || request.query('skipProcesses') === 'true',
      });
      if (done === undefined)
        return envelope(
          'ERROR',
          `Recovery not attempted on ${keyText(key)}: there is nothing to recover`,
          wireKey(key),
        );
      if (done.kind === 'refused')
        return envelope(
          'ERROR',
          `Recovery not attempted on ${keyText(key)}: ${done.gate.name}: ${done.gate.value}`,
          wireKey(key),
        );
      if (!done.record.successful)
        return envelope('ERROR', `Recovery failed on ${keyText(key)}: ${done.record.errors.join('; ')}`, wireKey(key));
      return envelope('OK', `Recovery executed on ${keyText(key)}`, wireKey(done.record.successor));
    };
  const force =
    (takesTarget: boolean): Route['handle'] =>
    async (request) => {
      const snapshot = request.cluster();
      const [primary, another] = primariesOf(snapshot);
      if (primary === undefined || another !== undefined)
        throw bad(`Cluster ${snapshot.name} does not have exactly one master`);
      const designated = takesTarget ? { designated: request.key('designatedHost', 'designatedPort') } : {};
      const done = await services.recover(snapshot, primary.instance.key, {
        code: 'DeadMaster',
        command: takesTarget ? 'force-master-takeover' : 'force-master-failover',
        ...designated,
      });
      if (done === undefined || done.kind === 'refused')
        throw bad(`Failover not attempted: ${done?.gate.value ?? 'nothing to recover'}`);
      const record = wireRecovery(done.record, 0, settings.node, settings.blockMs, clock.nowMs());
      if (!done.record.successful)
        return envelope('ERROR', `Master failover failed: ${done.record.errors.join('; ')}`, record);
      return envelope('OK', 'Master failed over', record);
    };
  const takeOver =
    (auto: boolean): Route['handle'] =>
    async (request) => {
      const designated = request.has('designatedHost')
        ? { designated: request.key('designatedHost', 'designatedPort') }
        : {};
      const { record, warnings } = await services.takeOver({ snapshot: request.cluster(), auto, ...designated });
      const text = warnings.length === 0 ? '' : `; warnings: ${warnings.join('; ')}`;
      return envelope(
        'OK',
        `graceful-master-takeover: successor promoted${text}`,
        wireRecovery(record, 0, settings.node, settings.blockMs, clock.nowMs()),
      );
    };
  const acknowledge = async (request: Request, selects: (record: RecoveryRecord) => boolean, details: unknown) => {
    const comment = request.query('comment').trim();
    if (comment === '') throw bad('No acknowledge comment given');
    const done = await services.acknowledge(selects, 'orchestrator', comment);
    return envelope('OK', `Acknowledged ${done.length} recoveries`, details);
  };
  const byCluster: Route['handle'] = (request) => {
    const { name, alias } = request.cluster();
    return acknowledge(request, (record) => record.cluster === name || record.alias === alias, name);
  };
  const switchRecoveries =
    (disabled: boolean): Route['handle'] =>
    () => {
      services.setRecoveriesDisabled(disabled);
      return envelope(
        'OK',
        `Globally ${disabled ? 'disabled' : 'enabled'} recoveries`,
        disabled ? 'disabled' : 'enabled',
      );
    };
  const routes: Route[] = [
    { path: 'disable-global-recoveries', acts: true, handle: switchRecoveries(true) },
    { path: 'enable-global-recoveries', acts: true, handle: switchRecoveries(false) },
    {
      path: 'check-global-recoveries',
      handle: () =>
        envelope(
          'OK',
          `Global recoveries ${services.recoveriesDisabled() ? 'disabled' : 'enabled'}`,
          services.recoveriesDisabled() ? 'disabled' : 'enabled',
        ),
    },
    { path: 'audit-recovery', handle: (request) => list(request) },
    { path: 'audit-recovery/:page', handle: (request) => list(request) },
    { path: 'audit-recovery/uid/:uid', handle: (request) => list(request, ({ uid }) => uid === request.text('uid')) },
    {
      path: 'audit-recovery/cluster/:clusterName',
      handle: (request) => list(request, ({ cluster }) => cluster === request.text('clusterName')),
    },
    {
      path: 'audit-recovery/cluster/:clusterName/:page',
      handle: (request) => list(request, ({ cluster }) => cluster === request.text('clusterName')),
    },
    {
      path: 'audit-recovery/alias/:clusterAlias',
      handle: (request) => list(request, ({ alias }) => alias === request.text('clusterAlias')),
    },
    {
      path: 'audit-recovery/alias/:clusterAlias/:page',
      handle: (request) => list(request, ({ alias }) => alias === request.text('clusterAlias')),
    },
    {
      path: 'audit-recovery-steps/:uid',
      handle: async (request) => {
        const uid = request.text('uid');
        return (await services.steps(uid)).map(({ id, at, message }) => ({
          Id: id,
          RecoveryUID: uid,
          AuditAt: at,
          Message: message,
        }));
      },
    },
    {
      path: 'audit',
      handle: async (request) => (await services.audits(request.page())).map(wireAudit),
    },
    { path: 'audit/:page', handle: async (request) => (await services.audits(request.page())).map(wireAudit) },
    { path: 'ack-recovery/cluster/:clusterHint', acts: true, handle: byCluster },
    { path: 'ack-recovery/cluster/alias/:clusterHint', acts: true, handle: byCluster },
    {
      path: 'ack-recovery/instance/:host/:port',
      acts: true,
      handle: (request) => acknowledge(request, ({ failed }) => sameKey(failed, request.key()), wireKey(request.key())),
    },
    {
      path: 'ack-recovery/uid/:uid',
      acts: true,
      handle: (request) => acknowledge(request, ({ uid }) => uid === request.text('uid'), request.text('uid')),
    },
    { path: 'ack-all-recoveries', acts: true, handle: (request) => acknowledge(request, () => true, null) },
    { path: 'v2/clusters/:clusterHint/failover-plan', handle: (request) => plan(request) },
  ];
  for (const [name, skipHooks] of [
    ['recover', false],
    ['recover-lite', true],
  ] as const) {
    routes.push({ path: `${name}/:host/:port`, acts: true, handle: recover(skipHooks) });
    routes.push({ path: `${name}/:host/:port/:candidateHost/:candidatePort`, acts: true, handle: recover(skipHooks) });
  }
  routes.push({ path: 'force-master-failover/:clusterHint', acts: true, handle: force(false) });
  routes.push({ path: 'force-master-failover/:host/:port', acts: true, handle: force(false) });
  routes.push({
    path: 'force-master-takeover/:clusterHint/:designatedHost/:designatedPort',
    acts: true,
    handle: force(true),
  });
  for (const [name, auto] of [
    ['graceful-master-takeover', false],
    ['graceful-master-takeover-auto', true],
  ] as const) {
    routes.push({ path: `${name}/:clusterHint`, acts: true, handle: takeOver(auto) });
    routes.push({ path: `${name}/:host/:port`, acts: true, handle: takeOver(auto) });
    routes.push({ path: `${name}/:clusterHint/:designatedHost/:designatedPort`, acts: true, handle: takeOver(auto) });
    routes.push({ path: `${name}/:host/:port/:designatedHost/:designatedPort`, acts: true, handle: takeOver(auto) });
  }
  return routes;

  async function plan(request: Request) {
    const { plan: found, ...rest } = await services.failoverPlan(request.cluster());
    return { ...found, ...rest };
  }
}

function wireAudit(entry: {
  id: number;
  at: string;
  type: string;
  key: { hostname: string; port: number };
  message: string;
}) {
  return {
    AuditId: entry.id,
    AuditTimestamp: entry.at,
    AuditType: entry.type,
    AuditInstanceKey: wireKey(entry.key),
    Message: entry.message,
  };
}
