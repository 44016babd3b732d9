import type { HttpServerDeps } from '../route.ts';
import type { Call } from './call.ts';
import type { EventStreams } from './events/streams.ts';
import { Lookup } from './lookup.ts';
import { clusterCalls } from './routes/clusters.ts';
import { documentCalls } from './routes/document.ts';
import { eventCalls } from './routes/events.ts';
import { groupCalls } from './routes/group.ts';
import { historyCalls } from './routes/history.ts';
import { instanceCalls } from './routes/instances.ts';
import { nodeCalls } from './routes/node.ts';
import { operationCalls } from './routes/operations.ts';
import { recoveryCalls } from './routes/recoveries.ts';
import { wishCalls } from './routes/wishes.ts';

export interface V2Deps extends HttpServerDeps {
  readonly lookup: Lookup;
}

/** Every call of `/api/v2`. */
export function v2Calls(deps: HttpServerDeps, streams: EventStreams): readonly Call[] {
  const parts: V2Deps = { ...deps, lookup: new Lookup(deps.services, deps.settings) };
  const calls = [
    ...clusterCalls(parts),
    ...instanceCalls(parts),
    ...operationCalls(parts),
    ...recoveryCalls(parts),
    ...wishCalls(parts),
    ...historyCalls(parts),
    ...eventCalls(parts, streams),
    ...groupCalls(parts),
    ...nodeCalls(parts),
  ];
  return [...calls, ...documentCalls(parts, calls)];
}
