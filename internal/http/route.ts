import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { HttpSettings, Services } from './ports.ts';
import type { Request } from './request.ts';

export interface HttpServerDeps {
  readonly services: Services;
  readonly settings: HttpSettings;
  readonly clock: Clock;
  readonly log: Log;
}

/** The contract's answer to a command: exactly three members, in this order. */
export interface Envelope {
  readonly Code: 'OK' | 'ERROR';
  readonly Message: string;
  readonly Details: unknown;
}

export const envelope = (code: Envelope['Code'], message: string, details: unknown = null): Envelope => ({
  Code: code,
  Message: message,
  Details: details,
});

interface RouteBase {
  /** Path below `/api/`, with `:parameters`. */
  readonly path: string;
  /**
   * Changes something, or is guarded as if it did: only for those who may act, and in a group by the leader. `onAnyNode`: on whichever
   * node is asked, since it concerns that node.
   */
  readonly acts?: true | 'onAnyNode';
  /** Answered by the node that is asked, whoever leads (C-40). */
  readonly local?: true;
}

export type Route =
  | (RouteBase & { readonly answer: 'envelope'; readonly handle: (request: Request) => Envelope | Promise<Envelope> })
  /** The value, or the `Listing`, is the whole body; a failure is an envelope all the same. */
  | (RouteBase & { readonly answer: 'bare'; readonly handle: (request: Request) => unknown })
  /** For those who look at the status alone. */
  | (RouteBase & { readonly answer: 'check'; readonly handle: (request: Request) => Verdict });

export interface Verdict {
  readonly status: number;
  readonly body: string;
}

export type EnvelopeHandler = Extract<Route, { answer: 'envelope' }>['handle'];

/** An answer wrapped in an envelope, open to everyone. */
export const tell = (path: string, handle: EnvelopeHandler): Route => ({ path, answer: 'envelope', handle });
/** An answer that stands alone, open to everyone. */
export const bare = (path: string, handle: (request: Request) => unknown): Route => ({ path, answer: 'bare', handle });
/** An answer that is in the status, open to everyone. */
export const check = (path: string, handle: (request: Request) => Verdict): Route => ({
  path,
  answer: 'check',
  handle,
});
/** Wrapped, and only for those who may act. */
export const act = (path: string, handle: EnvelopeHandler): Route => ({ path, acts: true, answer: 'envelope', handle });

/** The same route, answered by whoever is asked. */
export const local = (route: Route): Route => ({ ...route, local: true });

/** First segments that have an older name; both are served. */
const OLDER_NAMES: Readonly<Record<string, string>> = { 'cluster-osc-replicas': 'cluster-osc-slaves' };

export function withOlderNames(routes: readonly Route[]): readonly Route[] {
  return routes.flatMap((route) => {
    const [first = '', ...rest] = route.path.split('/');
    const older = OLDER_NAMES[first];
    return older === undefined ? [route] : [route, { ...route, path: [older, ...rest].join('/') }];
  });
}
