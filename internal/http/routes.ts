import { type HttpServerDeps, type Route, withOlderNames } from './route.ts';
import { agentRoutes } from './routes/agents.ts';
import { analysisRoutes } from './routes/analysis.ts';
import { clusterRoutes } from './routes/clusters.ts';
import { detectionRoutes } from './routes/detections.ts';
import { downtimeRoutes } from './routes/downtime.ts';
import { historyRoutes } from './routes/history.ts';
import { instanceRoutes } from './routes/instances.ts';
import { maintenanceRoutes } from './routes/maintenance.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { nameRoutes } from './routes/names.ts';
import { nodeRoutes } from './routes/node.ts';
import { operationRoutes } from './routes/operations.ts';
import { poolRoutes } from './routes/pools.ts';
import { publishingRoutes } from './routes/publishing.ts';
import { raftRoutes } from './routes/raft.ts';
import { recordedTopologyRoutes } from './routes/recorded-topologies.ts';
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
    ...recordedTopologyRoutes(deps),
    ...recoveryRoutes(deps),
    ...operationRoutes(deps),
    ...detectionRoutes(deps),
    ...historyRoutes(deps),
    ...agentRoutes(),
    ...tagRoutes(deps),
    ...poolRoutes(deps),
    ...publishingRoutes(deps),
    ...nameRoutes(deps),
    ...metricsRoutes(deps),
    ...nodeRoutes(deps),
    ...raftRoutes(deps),
  ]);
}
