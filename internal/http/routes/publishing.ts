import { type EnvelopeHandler, envelope, type HttpServerDeps, type Route, tell } from '../route.ts';

/** What others are told of primaries. */
export function publishingRoutes({ services }: HttpServerDeps): readonly Route[] {
  const submit: EnvelopeHandler = async (request) => {
    const pairs = await services.submitPrimaries(request.has('clusterHint') ? request.cluster() : undefined);
    const details = pairs.map(({ key, value }) => ({ Key: key, Value: value }));
    return envelope('OK', `Submitted ${pairs.length} masters`, details);
  };
  return [tell('submit-masters-to-kv-stores', submit), tell('submit-masters-to-kv-stores/:clusterHint', submit)];
}
