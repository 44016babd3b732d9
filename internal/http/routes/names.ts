import { keyText } from '../../topology/instance-key.ts';
import { act, type EnvelopeHandler, envelope, type HttpServerDeps, local, type Route, tell } from '../route.ts';
import { wireKey } from '../wire/values.ts';

const NS_PER_MS = 1e6;

/** Host names: what they stand for, and forgetting that. */
export function nameRoutes({ services }: HttpServerDeps): readonly Route[] {
  const resolve: EnvelopeHandler = async (request) => {
    const key = await services.resolve(request.givenKey());
    return envelope('OK', `Instance resolved: ${keyText(key)}`, wireKey(key));
  };
  const reset: EnvelopeHandler = async () => {
    await services.forgetResolvedNames();
    return envelope('OK', 'Hostname cache cleared');
  };
  return [
    tell('resolve/:host/:port', resolve),
    local(tell('hostname-resolve-cache', () => envelope('OK', 'Cache retrieved', cache()))),
    local(act('reset-hostname-resolve-cache', reset)),
  ];

  /** By the name that was given. `Expiration` is a Unix time in nanoseconds. */
  function cache() {
    return Object.fromEntries(
      services
        .resolvedNames()
        .map(({ given, resolved, expiresMs }) => [given, { Object: resolved, Expiration: expiresMs * NS_PER_MS }]),
    );
  }
}
