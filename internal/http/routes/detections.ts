import type { BlockedEntry, DetectionEntry } from '../ports.ts';
import type { Request } from '../request.ts';
import { bare, type HttpServerDeps, type Route } from '../route.ts';
import { wireDetection } from '../wire/recovery.ts';
import { wireKey, wireTime } from '../wire/values.ts';

/** What was found wrong in the past, and what keeps it from being put right by itself. */
export function detectionRoutes({ services }: HttpServerDeps): readonly Route[] {
  const all = (request: Request) => wired(services.detections(request.page()));
  const ofAlias = (request: Request) => wired(services.detections(request.page(), request.text('clusterAlias')));
  const blocked = async (cluster?: string) => {
    const found = await services.blockedRecoveries(cluster);
    return found.map(wireBlocked);
  };
  return [
    bare('audit-failure-detection', all),
    bare('audit-failure-detection/:page', all),
    bare('audit-failure-detection/alias/:clusterAlias', ofAlias),
    bare('audit-failure-detection/alias/:clusterAlias/:page', ofAlias),
    bare('audit-failure-detection/id/:id', async (request) => {
      const found = await services.detection(request.number('id'));
      return found === undefined ? [] : [wire(found)];
    }),
    bare('blocked-recoveries', () => blocked()),
    bare('blocked-recoveries/cluster/:clusterName', (request) => blocked(request.text('clusterName'))),
  ];

  async function wired(found: Promise<readonly DetectionEntry[]>) {
    return (await found).map(wire);
  }

  function wire(entry: DetectionEntry) {
    return wireDetection(entry, services.clusterFlags({ name: entry.cluster, alias: entry.alias }));
  }
}

function wireBlocked(entry: BlockedEntry) {
  return {
    FailedInstanceKey: wireKey(entry.failed),
    ClusterName: entry.cluster,
    Analysis: entry.code,
    LastBlockedTimestamp: wireTime(entry.atMs),
    BlockingRecoveryId: entry.blockingId,
  };
}
