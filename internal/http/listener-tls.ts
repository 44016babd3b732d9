// The listener on TLS, and who may come in by a certificate.

import { createServer as createPlain, type RequestListener, type Server } from 'node:http';
import { createServer as createSecure } from 'node:https';
import { TLSSocket } from 'node:tls';
import type Koa from 'koa';

/** PEM texts. */
export interface ListenerTls {
  readonly cert: string;
  readonly key: string;
  /** Who signs certificates of clients; undefined: whom this system trusts. */
  readonly ca: string | undefined;
}

/** @param mutual clients are asked for a certificate */
export function createListener(tls: ListenerTls | undefined, mutual: boolean, listener: RequestListener): Server {
  if (tls === undefined) return createPlain(listener);
  const { cert, key, ca } = tls;
  return createSecure(
    {
      ...{ cert, key, ca, minVersion: 'TLSv1.2' },
      requestCert: mutual,
      rejectUnauthorized: false, // the status endpoint is open to those who have none: told apart below
    },
    listener,
  );
}

/** @param exempt paths that are open to everyone */
export function byCertificate(
  units: readonly string[],
  exempt: (path: string) => boolean,
  refuse: (ctx: Koa.Context, problem: string) => void,
): Koa.Middleware {
  return (ctx, next) => {
    if (exempt(ctx.path)) return next();
    const problem = certificateProblem(ctx.req, units);
    if (problem === undefined) return next();
    refuse(ctx, problem);
    return undefined;
  };
}

/** Why a caller is not let in by a certificate; undefined: one of these units. */
export function certificateProblem({ socket }: Koa.Request['req'], units: readonly string[]): string | undefined {
  return socket instanceof TLSSocket ? unitProblem(socket, units) : 'No TLS';
}

function unitProblem(socket: TLSSocket, units: readonly string[]): string | undefined {
  const { subject } = socket.getPeerCertificate();
  const own: readonly string[] = [subject?.OU ?? []].flat(); // there may be several, whatever the type says
  return socket.authorized && own.some((unit) => units.includes(unit)) ? undefined : 'Invalid OU';
}
