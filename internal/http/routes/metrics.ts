import { OrchestratorError } from '../../runtime/errors.ts';
import type { QueueName } from '../ports.ts';
import { bad, type Request } from '../request.ts';
import { bare, type HttpServerDeps, type Route } from '../route.ts';
import {
  wireBackendWrite,
  wireBackendWrites,
  wireDiscoveries,
  wireDiscovery,
  wireFlush,
  wireFlushes,
  wireQueue,
  wireQueues,
} from '../wire/metrics.ts';

/** What the last seconds were like: one by one, and summed up. */
export function metricsRoutes({ services, settings }: HttpServerDeps): readonly Route[] {
  const { recent } = services;
  const flushes = (seconds: number) => recent.writes(seconds).filter(({ instances }) => instances > 0);
  return [
    bare('discovery-metrics-raw/:seconds', (request) => {
      const seconds = request.number('seconds');
      if (seconds === 0) throw bad('Unable to collect metrics of 0 seconds');
      return recent.discoveries(seconds).map(wireDiscovery);
    }),
    bare('discovery-metrics-aggregated/:seconds', (request) => wireDiscoveries(recent.discoveries(orNone(request)))),
    ...['', '/:queue'].flatMap((queue) => [
      bare(`discovery-queue-metrics-raw${queue}/:seconds`, (request) =>
        recent.queue(queueOf(request), request.number('seconds')).map(wireQueue),
      ),
      bare(`discovery-queue-metrics-aggregated${queue}/:seconds`, (request) =>
        wireQueues(recent.queue(queueOf(request), orNone(request))),
      ),
    ]),
    bare('backend-query-metrics-raw/:seconds', (request) =>
      recent.writes(request.number('seconds')).map(wireBackendWrite),
    ),
    bare('backend-query-metrics-aggregated/:seconds', (request) => wireBackendWrites(recent.writes(orNone(request)))),
    bare('write-buffer-metrics-raw/:seconds', (request) => flushes(request.number('seconds')).map(wireFlush)),
    bare('write-buffer-metrics-aggregated/:seconds', (request) =>
      wireFlushes(flushes(orNone(request)), settings.writeBuffer),
    ),
  ];

  function queueOf(request: Request): QueueName {
    const wanted = request.has('queue') ? request.text('queue') : 'DEFAULT';
    const found = settings.queues.find((name) => name === wanted);
    if (found === undefined) throw new OrchestratorError('NOT_FOUND', `No such discovery queue: ${wanted}`);
    return found;
  }
}

/** What is no number of seconds counts as none of them. */
function orNone(request: Request): number {
  const text = request.text('seconds');
  return /^\d{1,15}$/.test(text) ? Number(text) : 0;
}
