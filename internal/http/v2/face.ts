// `/api/v2`: every call goes the same way. The body is read, the group settles who answers, the caller's right is looked at, the request is
// checked against the schemas of its call, a change is looked up under its key, and only then somebody is asked.

import type { ServerResponse } from 'node:http';
import Router from '@koa/router';
import type Koa from 'koa';
import type { Answers } from '../answers.ts';
import type { Bytes } from '../bytes.ts';
import { encodeJson } from '../json.ts';
import { Listing } from '../listing.ts';
import { type GateDeps, relayGate } from '../relay/gate.ts';
import { KEY_HEADER } from '../relay/relay.ts';
import { REPEATED_HEADER, type RepeatedCalls } from '../repeated-calls.ts';
import type { FileAnswer, HttpServerDeps, State } from '../route.ts';
import { askedOf } from './asked.ts';
import { readBody } from './body.ts';
import type { Asked, Call, Found } from './call.ts';
import { v2Calls } from './calls.ts';
import { EventStreams } from './events/streams.ts';
import { Lookup } from './lookup.ts';
import { pageOf } from './paging.ts';
import { PROBLEM_TYPE, problem, problemOf, Refused } from './problem.ts';

export interface FaceParts extends HttpServerDeps {
  readonly gate: GateDeps;
  readonly answers: Answers;
  /** What was asked under a key. */
  readonly calls: { readonly ofGroup: RepeatedCalls; readonly ofNode: RepeatedCalls };
}

export interface Face {
  readonly serve: Koa.Middleware<State>;
  /** Ends what would go on for as long as its caller listens. */
  close(): void;
}

export function faceOn(parts: FaceParts): Face {
  const { services, settings, clock, gate, answers } = parts;
  const streams = new EventStreams({ source: services.events, clock, node: settings.node.hostname });
  const router = new Router<State>({ prefix: `${settings.urlPrefix}/api/v2`, sensitive: true });
  for (const call of v2Calls(parts, streams))
    router[call.method](
      call.path.replace(/\{(\w+)\}/g, ':$1'),
      body(call),
      relayGate(gate, call) as Koa.Middleware<State>,
      (ctx) => answer(parts, call, ctx),
    );
  const routed = router.routes();
  const serve: Koa.Middleware<State> = async (ctx, next) => {
    try {
      await routed(ctx as never, async () => unknown(ctx, next));
    } catch (err) {
      fail(parts, ctx as Koa.Context, err);
    }
  };
  return { serve, close: () => streams.close() };

  /** Known by another method, or not at all. */
  async function unknown(ctx: Koa.ParameterizedContext<State> & { matched?: unknown }, next: Koa.Next): Promise<void> {
    const layers = (ctx.matched ?? []) as readonly { readonly methods: readonly string[] }[];
    const methods = [...new Set(layers.flatMap((layer) => layer.methods))];
    if (methods.length === 0) return next();
    ctx.set('Allow', methods.join(', '));
    answers.problem(ctx as Koa.Context, problem('METHOD_NOT_ALLOWED', `${ctx.method} means nothing here`));
  }
}

/** It is read before it is known who answers: whoever relays it may have to do so twice. */
function body({ acts }: Call): Koa.Middleware<State> {
  return async (ctx, next) => {
    if (acts) {
      if (ctx.get('Sec-Fetch-Site') === 'cross-site')
        throw new Refused('CROSS_SITE', 'a browser sent this for a page of another site');
      ctx.state.body = await readBody(ctx.req);
    }
    return next();
  };
}

async function answer(parts: FaceParts, call: Call, ctx: Koa.ParameterizedContext<State>): Promise<void> {
  const { services, answers } = parts;
  const { caller } = ctx.state;
  if (call.acts && !caller.mayAct) throw new Refused('UNAUTHORIZED', 'Unauthorized');
  if (call.acts === true && services.group?.mayAct === false)
    throw new Refused('NOT_LEADER', 'this node leads no more; nothing was done');
  const asked = askedOf(call, ctx);
  if (call.acts) await new Lookup(services, parts.settings).introduce(asked);
  const plain = ctx as Koa.Context;
  const key = ctx.get(KEY_HEADER);
  if (!call.acts || call.method === 'get' || key === '') return give(parts, call, plain, asked);
  const alone = call.local === true || call.acts === 'onAnyNode' || call.handsOver === true;
  const request = `${ctx.method} ${ctx.originalUrl} ${ctx.state.body?.toString('base64') ?? ''}`;
  const { ofGroup, ofNode } = parts.calls;
  const told = await (alone ? ofNode : ofGroup).once({ key, caller: caller.name, path: request }, async () => {
    await give(parts, call, plain, asked).catch((err: unknown) => fail(parts, plain, err));
    return { status: ctx.status, json: String(ctx.body ?? '') };
  });
  if (!told.repeated) return;
  ctx.set(REPEATED_HEADER, 'true');
  if (told.json === '') ctx.status = told.status;
  else answers.repeat(plain, told.status, told.json);
  if (told.status >= 400) ctx.set('Content-Type', PROBLEM_TYPE);
}

function fail({ answers, log }: FaceParts, ctx: Koa.Context, err: unknown): void {
  const told = problemOf(err);
  if (told.code === 'INTERNAL') log.error({ err, path: ctx.path }, 'a request failed');
  answers.problem(ctx, told);
}

async function give({ answers }: FaceParts, call: Call, ctx: Koa.Context, asked: Asked): Promise<void> {
  if (!call.acts) await answers.turn();
  const value = await call.handle(asked);
  switch (call.answer.kind) {
    case 'value':
      ctx.status = call.answer.status;
      answers.json(ctx, value);
      return;
    case 'nothing':
      ctx.status = 204;
      return;
    case 'list':
      return givePage(answers, call, ctx, asked, value as Found<unknown, unknown>);
    case 'file':
      answers.file(ctx, value as FileAnswer);
      return;
    case 'events':
      if (ctx.method === 'HEAD') {
        ctx.status = 200;
        ctx.type = 'text/event-stream';
        return;
      }
      ctx.respond = false;
      (value as (response: ServerResponse) => void)(ctx.res);
  }
}

async function givePage(
  answers: Answers,
  { id }: Call,
  ctx: Koa.Context,
  { page }: Asked,
  { items, key, newestFirst = false, render }: Found<unknown, unknown>,
): Promise<void> {
  const found = pageOf(id, items, key, { ...page, newestFirst });
  const encode = (item: unknown, json: Bytes) => {
    json.text(encodeJson(render(item)));
    return true;
  };
  const behind = `,"nextCursor":${encodeJson(found.nextCursor)}}`;
  await answers.framed(ctx, '{"items":', new Listing(() => found.items, encode), behind);
}
