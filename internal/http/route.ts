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
export const envelope = (code: 'OK' | 'ERROR', message: string, details: unknown = null) => ({
  Code: code,
  Message: message,
  Details: details,
});

/** A handler's answer: a bare payload, or an envelope. */
export type Handler = (request: Request) => Promise<unknown> | unknown;

export interface Route {
  /** Path below `/api/`, with `:parameters`. */
  readonly path: string;
  /** Changes something: refused on a read-only node. */
  readonly acts?: true;
  readonly handle: Handler;
}
