import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { Caller } from './authentication.ts';
import type { HttpSettings, Services } from './ports.ts';
import type { Request } from './request.ts';

export interface HttpServerDeps {
  readonly services: Services;
  readonly settings: HttpSettings;
  readonly clock: Clock;
  readonly log: Log;
}

/** What is known of a request before it comes to its route. */
export interface State {
  caller: Caller;
  /** Where it was read already. */
  body?: Buffer;
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
  /** It may end the office of the node that does it, which then can tell nobody that it was done: only that node remembers. */
  readonly handsOver?: true;
  /** Answered by the node that is asked, whoever leads (C-40). */
  readonly local?: true;
}

export type Route =
  | (RouteBase & { readonly answer: 'envelope'; readonly handle: (request: Request) => Envelope | Promise<Envelope> })
  /** The value, or the `Listing`, is the whole body; a failure is an envelope all the same. */
  | (RouteBase & { readonly answer: 'bare'; readonly handle: (request: Request) => unknown })
  /** A file, sent as it comes. What goes wrong on the way breaks the connection: it must not look whole. */
  | (RouteBase & { readonly answer: 'file'; readonly handle: (request: Request) => Promise<FileAnswer> })
  /** For those who look at the status alone. */
  | (RouteBase & { readonly answer: 'check'; readonly handle: (request: Request) => Verdict });

export interface FileAnswer {
  /** Letters, digits, dots and dashes. */
  readonly name: string;
  readonly bytes: AsyncIterable<Uint8Array>;
}

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
const OLDER_NAMES: Readonly<Record<string, string>> = {
  'cluster-osc-replicas': 'cluster-osc-slaves',
  'relocate-replicas': 'relocate-slaves',
  'regroup-replicas': 'regroup-slaves',
  'move-up-replicas': 'move-up-slaves',
  'repoint-replicas': 'repoint-slaves',
  'take-siblings': 'enslave-siblings',
  'take-master': 'enslave-master',
  'regroup-replicas-bls': 'regroup-slaves-bls',
  'move-replicas-gtid': 'move-slaves-gtid',
  'regroup-replicas-gtid': 'regroup-slaves-gtid',
  'match-replicas': 'match-slaves',
  'match-up-replicas': 'match-up-slaves',
  'regroup-replicas-pgtid': 'regroup-slaves-pgtid',
  'detach-replica': 'detach-slave',
  'reattach-replica': 'reattach-slave',
  'detach-replica-master-host': 'detach-slave-master-host',
  'reattach-replica-master-host': 'reattach-slave-master-host',
  'start-replica': 'start-slave',
  'restart-replica': 'restart-slave',
  'stop-replica': 'stop-slave',
  'stop-replica-nice': 'stop-slave-nice',
  'reset-replica': 'reset-slave',
  'restart-replica-statements': 'restart-slave-statements',
  'enable-semi-sync-source': 'enable-semi-sync-master',
  'disable-semi-sync-source': 'disable-semi-sync-master',
};

export function withOlderNames(routes: readonly Route[]): readonly Route[] {
  return routes.flatMap((route) => {
    const [first = '', ...rest] = route.path.split('/');
    const older = OLDER_NAMES[first];
    return older === undefined ? [route] : [route, { ...route, path: [older, ...rest].join('/') }];
  });
}
