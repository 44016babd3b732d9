import type Koa from 'koa';
import type { Clock } from '../runtime/clock.ts';
import { encodeJson } from './json.ts';
import type { Listing } from './listing.ts';
import type { HttpSettings } from './ports.ts';
import type { Envelope, HttpServerDeps } from './route.ts';

/** How values become bodies. */
export class Answers {
  readonly #settings: Pick<HttpSettings, 'messagePrefix'>;
  readonly #clock: Pick<Clock, 'monotonicMs'>;

  constructor({ settings, clock }: Pick<HttpServerDeps, 'settings' | 'clock'>) {
    this.#settings = settings;
    this.#clock = clock;
  }

  json(ctx: Koa.Context, value: unknown): void {
    this.#text(ctx, encodeJson(value));
  }

  async listing(ctx: Koa.Context, listing: Listing<unknown>): Promise<void> {
    this.#text(ctx, await listing.encode(this.#clock));
  }

  /** With the name of this node in front of the message, where that is wanted. */
  envelope(ctx: Koa.Context, status: number, answer: Envelope): void {
    ctx.status = status;
    this.json(ctx, { ...answer, Message: this.#settings.messagePrefix + answer.Message });
  }

  /** As it was. */
  repeat(ctx: Koa.Context, status: number, json: string): void {
    ctx.status = status;
    this.#text(ctx, json);
  }

  #text(ctx: Koa.Context, json: string): void {
    ctx.set('Content-Type', 'application/json; charset=UTF-8');
    ctx.body = json;
  }
}
