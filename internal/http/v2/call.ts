// What one call of the API is: where it stands, what it takes, what it answers, and who does it. The schemas that check a request are those
// that document it.

import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import type { Caller } from '../authentication.ts';
import type { FileAnswer } from '../route.ts';
import { type PageAsked, PageQuery, type SortKey } from './paging.ts';
import type { ProblemCode } from './problem-codes.ts';

/** Areas of the document, in the order in which they stand there. */
export type Area =
  | 'clusters'
  | 'instances'
  | 'operations'
  | 'recoveries'
  | 'wishes'
  | 'history'
  | 'events'
  | 'group'
  | 'node'
  | 'document';

/** What is said of a call besides what it takes and answers. */
export interface CallHead {
  /** Name of the operation, unique. */
  readonly id: string;
  /** Below `/api/v2`, with `{parameters}`. */
  readonly path: string;
  readonly area: Area;
  /** One sentence for the document. */
  readonly summary: string;
  readonly description?: string;
  /** Only for those who may act, and done by the leader of a group; `onAnyNode`: it concerns the node that is asked. */
  readonly acts?: true | 'onAnyNode';
  /** It may end the office of the node that does it, which then can tell nobody that it was done: only that node remembers. */
  readonly handsOver?: true;
  /** Answered by the node that is asked, whoever leads. */
  readonly local?: true;
  /** Ways to fail besides those that every call knows. */
  readonly problems?: readonly ProblemCode[];
}

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** A request that was checked. */
export interface Asked<P = unknown, Q = unknown, B = unknown> {
  readonly path: P;
  readonly query: Q;
  readonly body: B;
  readonly caller: Caller;
  /** Of lists; `limit` is at least 1. */
  readonly page: PageAsked;
  /** `Last-Event-ID`; empty: none was sent. */
  readonly lastEventId: string;
}

/** Entries of a list, in the order of their keys: all of them, or those behind the cursor. */
export interface Found<T, W> {
  readonly items: readonly T[];
  /** Unique within the list, and the same for as long as the entry is there. */
  readonly key: (item: T) => SortKey;
  readonly newestFirst?: boolean;
  readonly render: (item: T) => W;
}

/** What a list has found; only it itself knows what its entries are before they are rendered. */
export type Entries<W> = Found<unknown, W>;

export function entries<T, W>(found: Found<T, W>): Entries<W> {
  return found as unknown as Entries<W>;
}

export type Answer =
  | { readonly kind: 'value'; readonly status: 200 | 201 | 202; readonly schema: z.ZodType }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'list'; readonly item: z.ZodType }
  | { readonly kind: 'file' }
  /** A stream of server-sent events, each with data of this form. */
  | { readonly kind: 'events'; readonly event: z.ZodType };

export interface Call extends CallHead {
  readonly method: Method;
  readonly parameters: z.ZodObject;
  readonly query: z.ZodObject;
  /** Undefined: it takes none. */
  readonly body: z.ZodType | undefined;
  readonly answer: Answer;
  readonly handle: (asked: Asked) => unknown;
}

type Shape = z.ZodRawShape;
type Out<S extends Shape> = z.output<z.ZodObject<S>>;
type Handle<P extends Shape, Q extends Shape, B extends z.ZodType, R> = (
  asked: Asked<Out<P>, Out<Q>, z.output<B>>,
) => R | Promise<R>;

interface Takes<P extends Shape, Q extends Shape> {
  /** Parameters of the path. */
  readonly with?: P;
  readonly query?: Q;
}

const NONE = {} as const;
/** For calls that only look: a node of a group may answer from what it has, however old. */
const STALE = {
  stale: z
    .enum(['true', 'false'])
    .optional()
    .describe('`true`: in a group, whichever node is asked answers from what it has, however old'),
};

/** One thing, or one answer to a question. */
export function read<P extends Shape, Q extends Shape, A extends z.ZodType>(
  call: CallHead &
    Takes<P, Q> & { readonly answer: A; readonly handle: Handle<P, Q & typeof STALE, z.ZodUndefined, z.input<A>> },
): Call {
  const { answer, handle, with: parameters, query, ...head } = call;
  return {
    ...head,
    method: 'get',
    parameters: z.strictObject(parameters ?? NONE),
    query: z.strictObject({ ...query, ...STALE }),
    body: undefined,
    answer: { kind: 'value', status: 200, schema: answer },
    handle: handle as Call['handle'],
  };
}

/** A collection, page by page. */
export function list<P extends Shape, Q extends Shape, I extends z.ZodType>(
  call: CallHead &
    Takes<P, Q> & { readonly item: I; readonly handle: Handle<P, Q, z.ZodUndefined, Entries<z.input<I>>> },
): Call {
  const { item, handle, with: parameters, query, ...head } = call;
  return {
    ...head,
    method: 'get',
    parameters: z.strictObject(parameters ?? NONE),
    query: z.strictObject({ ...query, ...PageQuery, ...STALE }),
    body: undefined,
    answer: { kind: 'list', item },
    handle: handle as Call['handle'],
  };
}

/** A change, and what there is afterwards. */
export function change<
  P extends Shape,
  Q extends Shape,
  B extends z.ZodType = z.ZodUndefined,
  A extends z.ZodType = z.ZodVoid,
>(
  method: Exclude<Method, 'get'>,
  call: CallHead &
    Takes<P, Q> & {
      readonly body?: B;
      /** Undefined: nothing is answered but that it was done. */
      readonly answer?: A;
      /** Of the answer; 200 where it is not given. */
      readonly status?: 200 | 201 | 202;
      readonly handle: Handle<P, Q, B, z.input<A>>;
    },
): Call {
  const { answer, status, handle, body, with: parameters, query, ...head } = call;
  return {
    acts: true,
    ...head,
    method,
    parameters: z.strictObject(parameters ?? NONE),
    query: z.strictObject({ ...query }),
    body,
    answer: answer === undefined ? { kind: 'nothing' } : { kind: 'value', status: status ?? 200, schema: answer },
    handle: handle as Call['handle'],
  };
}

/** A file, as it comes. */
export function download(call: CallHead & { readonly handle: (asked: Asked) => Promise<FileAnswer> }): Call {
  const { handle, ...head } = call;
  return {
    ...head,
    method: 'get',
    parameters: z.strictObject(NONE),
    query: z.strictObject(NONE),
    body: undefined,
    answer: { kind: 'file' },
    handle,
  };
}

/** A stream of events, for as long as the caller listens. */
export function stream<Q extends Shape>(
  call: CallHead & {
    readonly query: Q;
    readonly event: z.ZodType;
    /** Checks the request; what it answers is given the response. */
    readonly handle: Handle<typeof NONE, Q, z.ZodUndefined, (response: ServerResponse) => void>;
  },
): Call {
  const { handle, query, event, ...head } = call;
  return {
    ...head,
    method: 'get',
    parameters: z.strictObject(NONE),
    query: z.strictObject(query),
    body: undefined,
    answer: { kind: 'events', event },
    handle: handle as Call['handle'],
  };
}
