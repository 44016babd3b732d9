import { Readable } from 'node:stream';
import type Koa from 'koa';
import type { Clock } from '../runtime/clock.ts';
import { encodeJson } from './json.ts';
import type { Listing } from './listing.ts';
import type { HttpSettings } from './ports.ts';
import { type Envelope, envelope, type FileAnswer, type HttpServerDeps } from './route.ts';
import { Turns } from './turns.ts';
import { isV2 } from './v2/paths.ts';
import { PROBLEM_TYPE, type Problem } from './v2/problem.ts';

/** How values become bodies. */
export class Answers {
  readonly #settings: Pick<HttpSettings, 'messagePrefix' | 'urlPrefix'>;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #turns = new Turns();

  constructor({ settings, clock }: Pick<HttpServerDeps, 'settings' | 'clock'>) {
    this.#settings = settings;
    this.#clock = clock;
  }

  /** Comes when nobody before this one is worked for. */
  turn(): Promise<void> {
    return this.#turns.next();
  }

  json(ctx: Koa.Context, value: unknown): void {
    this.#body(ctx, encodeJson(value));
  }

  async listing(ctx: Koa.Context, listing: Listing<unknown>): Promise<void> {
    this.#blocks(ctx, await listing.encode(this.#clock, this.#turns));
  }

  /** With the name of this node in front of the message, where that is wanted. */
  envelope(ctx: Koa.Context, status: number, answer: Envelope): void {
    ctx.status = status;
    this.json(ctx, { ...answer, Message: this.#settings.messagePrefix + answer.Message });
  }

  /** That nothing came of a request, in the form of the face that was asked. @param contract what `/api` says to it */
  refuse(
    ctx: Koa.Context,
    problem: Problem,
    contract: { readonly status: number; readonly envelope: Envelope } = {
      status: problem.status,
      envelope: envelope('ERROR', problem.message),
    },
  ): void {
    if (isV2(ctx.path, this.#settings.urlPrefix)) this.problem(ctx, problem);
    else this.envelope(ctx, contract.status, contract.envelope);
  }

  problem(ctx: Koa.Context, problem: Problem): void {
    ctx.status = problem.status;
    ctx.set('Content-Type', PROBLEM_TYPE);
    ctx.body = encodeJson(problem);
  }

  /** Entries of a list, rendered a slice at a time, between what stands before and behind them. */
  async framed(ctx: Koa.Context, before: string, listing: Listing<unknown>, behind: string): Promise<void> {
    const entries = await listing.encode(this.#clock, this.#turns);
    this.#blocks(ctx, [Buffer.from(before), ...entries, Buffer.from(behind)]);
  }

  file(ctx: Koa.Context, { name, bytes }: FileAnswer): void {
    const body = Readable.from(bytes);
    body.once('error', () => ctx.res.destroy());
    ctx.set('Content-Type', 'application/octet-stream');
    ctx.set('Content-Disposition', `attachment; filename="${name}"`);
    ctx.body = body;
  }

  /** As it was. */
  repeat(ctx: Koa.Context, status: number, json: string): void {
    ctx.status = status;
    this.#body(ctx, json);
  }

  #blocks(ctx: Koa.Context, blocks: readonly Buffer[]): void {
    this.#body(ctx, Readable.from(blocks));
    ctx.length = blocks.reduce((sum, { length }) => sum + length, 0);
  }

  #body(ctx: Koa.Context, json: string | Readable): void {
    ctx.set('Content-Type', 'application/json; charset=UTF-8');
    ctx.body = json;
  }
}
