// In front of every route: in a group it is settled here who answers.

import { randomUUID } from 'node:crypto';
import type Koa from 'koa';
import type { Log } from '../../runtime/log.ts';
import type { Answers } from '../answers.ts';
import type { HttpSettings, Services } from '../ports.ts';
import { envelope, type Route } from '../route.ts';
import { direction } from './direction.ts';
import { HOPS_HEADER, type Relay, type Relayed } from './relay.ts';

/** Milliseconds since the leader was last heard, on an answer that is not the leader's; `never` where it was not. */
const CONTACT_HEADER = 'Orchestrator-Leader-Contact-Milliseconds';
const RETRY_SECONDS = '1';

export interface GateDeps {
  readonly services: Pick<Services, 'group'>;
  readonly settings: Pick<HttpSettings, 'raft'>;
  readonly relay: Pick<Relay, 'forward'>;
  readonly answers: Answers;
  readonly log: Log;
}

/** Goes on to the route where this node answers. */
export function relayGate(
  { services, settings, relay, answers, log }: GateDeps,
  { local, acts }: Pick<Route, 'local' | 'acts'>,
): Koa.Middleware {
  return async (ctx, next) => {
    const { group } = services;
    if (group === undefined) return next();
    const hops = Number(ctx.get(HOPS_HEADER)) || 0;
    const asked = { local: local === true, acts: acts !== undefined, hops, stale: ctx.query.stale === 'true' };
    const to = direction(asked, group, settings.raft.staleReadMs);
    switch (to.kind) {
      case 'here':
        return next();
      case 'stale':
        ctx.set(CONTACT_HEADER, to.contactMs === undefined ? 'never' : String(Math.round(to.contactMs)));
        return next();
      case 'refuse':
        if (to.status === 503) ctx.set('Retry-After', RETRY_SECONDS);
        answers.envelope(ctx, to.status, envelope('ERROR', to.message));
        return;
      case 'relay':
        return hand(ctx, to.url, hops);
    }
  };

  async function hand(ctx: Koa.Context, url: string, hops: number): Promise<void> {
    const operation = ctx.get('idempotency-key') || randomUUID();
    const headers = { [HOPS_HEADER]: String(hops + 1), ...(acts ? { 'idempotency-key': operation } : {}) };
    const relayed = await relay.forward(ctx.req, ctx.res, { url, headers });
    if (relayed.kind === 'answered') {
      ctx.respond = false;
      return;
    }
    log.warn({ leader: url, path: ctx.path, reason: relayed.reason, operation }, 'the leader did not answer');
    ctx.set('Retry-After', RETRY_SECONDS);
    const status = relayed.timedOut ? 504 : 502;
    answers.envelope(ctx, status, told(relayed, url, operation));
  }

  /** A change that may have been made is never told as one that was not (C-44). */
  function told({ kind, reason }: Exclude<Relayed, { kind: 'answered' }>, url: string, operation: string) {
    if (acts && kind === 'lost')
      return envelope('ERROR', `outcome unknown: the leader at ${url} was asked and did not answer: ${reason}`, {
        OperationId: operation,
      });
    const outcome = acts ? '; nothing was done' : '';
    return envelope('ERROR', `the leader at ${url} cannot be reached: ${reason}${outcome}`);
  }
}
