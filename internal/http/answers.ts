import type Koa from 'koa';
import { encodeJson } from './json.ts';
import type { HttpSettings } from './ports.ts';
import type { Envelope } from './route.ts';

/** How values become bodies. */
export class Answers {
  readonly #settings: Pick<HttpSettings, 'messagePrefix'>;

  constructor(settings: Pick<HttpSettings, 'messagePrefix'>) {
    this.#settings = settings;
  }

  json(ctx: Koa.Context, value: unknown): void {
    ctx.set('Content-Type', 'application/json; charset=UTF-8');
    ctx.body = encodeJson(value);
  }

  /** With the name of this node in front of the message, where that is wanted. */
  envelope(ctx: Koa.Context, status: number, answer: Envelope): void {
    ctx.status = status;
    this.json(ctx, { ...answer, Message: this.#settings.messagePrefix + answer.Message });
  }
}
