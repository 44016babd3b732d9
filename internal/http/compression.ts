// Answers in gzip for those who take it, made piece by piece on the thread pool: a long one holds up nobody.

import { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import type Koa from 'koa';

/** @param accepted value of `Accept-Encoding` */
export function acceptsGzip(accepted: string): boolean {
  return accepted.split(',').some((one) => /^\s*gzip\s*(;(?!\s*q=0(\.0*)?\s*$)|$)/i.test(one));
}

/**
 * Errors and what does not exist included, however short; a login that is asked for, and files, excepted. What the leader answers is not seen
 * here: whoever relays it does the same.
 */
export function compression(): Koa.Middleware {
  return async (ctx, next) => {
    await next();
    const { body } = ctx;
    const isText =
      typeof body === 'string' ||
      Buffer.isBuffer(body) ||
      (body instanceof Readable && ctx.type !== 'application/octet-stream');
    if (ctx.respond === false || ctx.status === 401 || !isText) return;
    ctx.vary('Accept-Encoding');
    if (ctx.method === 'HEAD' || !acceptsGzip(ctx.get('Accept-Encoding'))) return;
    const zipped = createGzip();
    if (body instanceof Readable) body.pipe(zipped);
    else zipped.end(body);
    ctx.set('Content-Encoding', 'gzip');
    ctx.body = zipped;
  };
}
