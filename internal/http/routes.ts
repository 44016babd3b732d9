import { type HttpServerDeps, type Route, withOlderNames } from './route.ts';
import { analysisRoutes } from './routes/analysis.ts';
import { clusterRoutes } from './routes/clusters.ts';
import { detectionRoutes } from './routes/detections.ts';
import { downtimeRoutes } from './routes/downtime.ts';
import { historyRoutes } from './routes/history.ts';
import { instanceRoutes } from './routes/instances.ts';
import { maintenanceRoutes } from './routes/maintenance.ts';
import { nameRoutes } from './routes/names.ts';
import { nodeRoutes } from './routes/node.ts';
import { raftRoutes } from './routes/raft.ts';
import { recoveryRoutes } from './routes/recoveries.ts';
import { tagRoutes } from './routes/tags.ts';

/** Every route below `/api/` but the status endpoint, whose place is configured. */
export function apiRoutes(deps: HttpServerDeps): readonly Route[] {
  return withOlderNames([
    ...instanceRoutes(deps),
    ...clusterRoutes(deps),
    ...analysisRoutes(deps),
    ...downtimeRoutes(deps),
    ...maintenanceRoutes(deps),
    ...recoveryRoutes(deps),
    ...detectionRoutes(deps),
    ...historyRoutes(deps),
    ...tagRoutes(deps),
    ...nameRoutes(deps),
    ...nodeRoutes(deps),
    ...raftRoutes(deps),
  ]);
}
