import { keyText } from '../../topology/instance-key.ts';
import { bad, type Request } from '../request.ts';
import { act, type EnvelopeHandler, envelope, type HttpServerDeps, local, type Route, tell } from '../route.ts';
import { wireKey } from '../wire/values.ts';

function nothing(): never {
  throw bad('No virtual name given');
}

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
  const register = (virtual: (request: Request) => string, done: string): EnvelopeHandler => {
    return async (request) => {
      const [key, name] = [request.key(), virtual(request)];
      await services.registerVirtualName(key, name);
      return envelope('OK', done, wireKey(key));
    };
  };
  return [
    act(
      'register-hostname-unresolve/:host/:port/:virtualname',
      register((request) => request.text('virtualname') || nothing(), 'Hostname register-unresolve completed'),
    ),
    act(
      'deregister-hostname-unresolve/:host/:port',
      register(() => '', 'Hostname deregister-unresolve completed'),
    ),
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
