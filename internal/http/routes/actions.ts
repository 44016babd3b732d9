import { parseDurationMs } from '../../runtime/duration.ts';
import { keyText } from '../../topology/instance-key.ts';
import { parsePromotionRule } from '../../topology/promotion-rule.ts';
import { bad } from '../request.ts';
import { envelope, type HttpServerDeps, type Route } from '../route.ts';
import { wireInstance, wireKey } from '../wire/instance.ts';

const DEFAULT_DOWNTIME_MS = 600_000;

/** What changes our knowledge: discovery, forgetting, downtime, promotion rules. */
export function actionRoutes({ services, settings, clock }: HttpServerDeps): readonly Route[] {
  const downtime: Route['handle'] = (request) => {
    const key = request.key();
    services.beginDowntime(
      key,
      request.text('owner'),
      request.text('reason'),
      parseDurationMs(request.text('duration')) || DEFAULT_DOWNTIME_MS,
    );
    return envelope('OK', `Instance now in downtime: ${keyText(key)}`, wireKey(key));
  };
  const discover: Route['handle'] = async (request) => {
    const key = request.key();
    const instance = await services.discover(key);
    for (const snapshot of services.snapshots()) {
      const watched = snapshot.members.find((member) => keyText(member.instance.key) === keyText(instance.key));
      if (watched === undefined) continue;
      return envelope(
        'OK',
        `Instance discovered: ${keyText(instance.key)}`,
        wireInstance(watched, { ...settings, snapshot, nowMs: clock.nowMs() }),
      );
    }
    return envelope('OK', `Instance skipped: ${keyText(key)}`);
  };
  return [
    { path: 'discover/:host/:port', acts: true, handle: discover },
    { path: 'refresh/:host/:port', acts: true, handle: discover },
    {
      path: 'async-discover/:host/:port',
      acts: true,
      handle: (request) => {
        services.watch(request.key());
        return envelope('OK', `Asynchronous discovery initiated for Instance: ${keyText(request.key())}`);
      },
    },
    {
      path: 'forget/:host/:port',
      acts: true,
      handle: (request) => {
        const key = request.key();
        if (!services.forget(key)) throw bad(`forgetInstance(): instance ${keyText(key)} not found`);
        return envelope('OK', `Instance forgotten: ${keyText(key)}`, wireKey(key));
      },
    },
    {
      path: 'forget-cluster/:clusterHint',
      acts: true,
      handle: (request) => {
        const snapshot = request.cluster();
        for (const { instance } of snapshot.members) services.forget(instance.key);
        return envelope('OK', `Cluster forgotten: ${snapshot.name}`);
      },
    },
    { path: 'begin-downtime/:host/:port/:owner/:reason', acts: true, handle: downtime },
    { path: 'begin-downtime/:host/:port/:owner/:reason/:duration', acts: true, handle: downtime },
    {
      path: 'end-downtime/:host/:port',
      acts: true,
      handle: (request) => {
        const key = request.key();
        services.endDowntime(key);
        return envelope('OK', `Instance downtime ended: ${keyText(key)}`, wireKey(key));
      },
    },
    { path: 'downtimed', handle: () => downtimed(services.snapshots()) },
    { path: 'downtimed/:clusterHint', handle: (request) => downtimed([request.cluster()]) },
    {
      path: 'register-candidate/:host/:port/:promotionRule',
      acts: true,
      handle: (request) => {
        const rule = parsePromotionRule(request.text('promotionRule'));
        if (rule === undefined || rule === 'must')
          throw bad(`Invalid CandidatePromotionRule: ${request.text('promotionRule')}`);
        services.setPromotionRule(request.key(), rule);
        return envelope('OK', `Registered candidate`, wireKey(request.key()));
      },
    },
  ];

  function downtimed(snapshots: ReturnType<typeof services.snapshots>) {
    return snapshots
      .flatMap((snapshot) =>
        snapshot.members.map((member) => wireInstance(member, { ...settings, snapshot, nowMs: clock.nowMs() })),
      )
      .filter(({ IsDowntimed }) => IsDowntimed);
  }
}
