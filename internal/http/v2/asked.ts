import type Koa from 'koa';
import type { z } from 'zod';
import type { State } from '../route.ts';
import { parseBody } from './body.ts';
import type { Asked, Call } from './call.ts';
import { DEFAULT_LIMIT, decodeCursor, type PageAsked } from './paging.ts';
import { Refused } from './problem.ts';

/** So many mistakes are told at once. */
const MOST_ISSUES = 20;

/** One place of a request that is not as it should be: `path.instance`, `query.limit`, `body.below`. */
export interface RequestIssue {
  readonly at: string;
  readonly problem: string;
}

/** @throws {Refused} `BAD_REQUEST`, `BODY_NOT_JSON` */
export function askedOf(call: Call, ctx: Koa.ParameterizedContext<State> & { params?: unknown }): Asked {
  const { body } = ctx.state;
  const sent = body !== undefined && body.length > 0;
  const issues: RequestIssue[] = [];
  const path = checked('path', call.parameters, ctx.params ?? {}, issues);
  const query = checked('query', call.query, { ...ctx.query }, issues);
  if (sent && call.body === undefined) issues.push({ at: 'body', problem: 'this call takes none' });
  const content = sent && call.body !== undefined ? parseBody(body, ctx.get('Content-Type')) : undefined;
  const parsed = call.body === undefined ? undefined : checked('body', call.body, content, issues);
  if (issues.length > 0) {
    const [first] = issues;
    throw new Refused('BAD_REQUEST', `${first?.at}: ${first?.problem}`, { issues: issues.slice(0, MOST_ISSUES) });
  }
  return {
    ...{ path, query, body: parsed, caller: ctx.state.caller },
    page: pageAsked(call, query as { readonly limit?: number; readonly cursor?: string }),
    lastEventId: ctx.get('Last-Event-ID'),
  };
}

function checked(part: 'path' | 'query' | 'body', schema: z.ZodType, value: unknown, issues: RequestIssue[]): unknown {
  const { success, data, error } = schema.safeParse(value);
  if (success) return data;
  for (const { path, message } of error.issues)
    issues.push({ at: [part, ...path].join('.').slice(0, 200), problem: message });
  return undefined;
}

function pageAsked(
  { id, answer }: Call,
  { limit, cursor }: { readonly limit?: number; readonly cursor?: string },
): PageAsked {
  const after = answer.kind !== 'list' || cursor === undefined ? undefined : decodeCursor(id, cursor);
  return { limit: limit ?? DEFAULT_LIMIT, after };
}
