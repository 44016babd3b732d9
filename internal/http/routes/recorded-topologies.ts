import { envelope, type HttpServerDeps, type Route, tell } from '../route.ts';

/** Pictures of all topologies, for those who look back. */
export function recordedTopologyRoutes({ services, clock, log }: HttpServerDeps): readonly Route[] {
  return [
    tell('snapshot-topologies', async () => {
      const startMs = clock.monotonicMs();
      const took = () => `Took ${elapsed(clock.monotonicMs() - startMs)}`;
      try {
        await services.recordTopologies();
        return envelope('OK', 'Topologies recorded', took());
      } catch (err) {
        log.warn({ err }, 'topologies were not recorded'); // contract: the time is told all the same
        return envelope('ERROR', err instanceof Error ? err.message : String(err), took());
      }
    }),
  ];
}

/** `3.2ms`, `1.25s` */
function elapsed(ms: number): string {
  return ms < 1000 ? `${Number(ms.toFixed(1))}ms` : `${Number((ms / 1000).toFixed(2))}s`;
}
