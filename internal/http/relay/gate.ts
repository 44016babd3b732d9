// In front of every route: in a group it is settled here who answers.

import { randomUUID } from 'node:crypto';
import type Koa from 'koa';
import type { Clock } from '../../runtime/clock.ts';
import type { Log } from '../../runtime/log.ts';
import type { Answers } from '../answers.ts';
import type { GroupView } from '../group-view.ts';
import type { HttpSettings, Services } from '../ports.ts';
import { envelope, type Route } from '../route.ts';
import { type Asked, type Direction, direction } from './direction.ts';
import { HOPS_HEADER, KEY_HEADER, type Relay, type Relayed } from './relay.ts';

/** Milliseconds since the leader was last heard, on an answer that is not the leader's; `never` where it was not. */
const CONTACT_HEADER = 'Orchestrator-Leader-Contact-Milliseconds';
const RETRY_SECONDS = '1';
const LOOK_MS = 20;

export interface GateDeps {
  readonly services: Pick<Services, 'group'>;
  readonly settings: Pick<HttpSettings, 'raft'>;
  readonly relay: Pick<Relay, 'forward'>;
  readonly answers: Answers;
  readonly clock: Pick<Clock, 'monotonicMs' | 'sleep'>;
  readonly log: Log;
}

/** Goes on to the route where this node answers. */
export function relayGate(
  { services, settings, relay, answers, clock, log }: GateDeps,
  { local, acts }: Pick<Route, 'local' | 'acts'>,
): Koa.Middleware {
  return async (ctx, next) => {
    const { group } = services;
    if (group === undefined) return next();
    const hops = Number(ctx.get(HOPS_HEADER)) || 0;
    const asked = { local: local === true, acts: acts !== undefined, hops, stale: ctx.query.stale === 'true' };
    const to = await settled(asked, group);
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

  /**
   * A change that comes while leadership changes hands waits for the next leader, for one election time-out at the most; as does whatever
   * was relayed to a node that does not know yet that it leads.
   */
  async function settled(asked: Asked, group: GroupView): Promise<Direction> {
    const endMs = clock.monotonicMs() + group.electionTimeoutMs;
    for (;;) {
      const to = direction(asked, group, settings.raft.staleReadMs);
      const passing = to.kind === 'refuse' && (asked.acts || asked.hops > 0) && group.now().waiting === undefined;
      if (!passing || clock.monotonicMs() >= endMs) return to;
      await clock.sleep(LOOK_MS);
    }
  }

  async function hand(ctx: Koa.Context, url: string, hops: number): Promise<void> {
    const operation = ctx.get(KEY_HEADER) || randomUUID();
    const headers = { [HOPS_HEADER]: String(hops + 1), ...(acts ? { [KEY_HEADER]: operation } : {}) };
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
      return envelope(
        'ERROR',
        `outcome unknown: the leader at ${url} was asked and did not answer: ${reason}; ask again with Idempotency-Key ${operation} to hear what came of it`,
        {
          OperationId: operation,
        },
      );
    const outcome = acts ? '; nothing was done' : '';
    return envelope('ERROR', `the leader at ${url} cannot be reached: ${reason}${outcome}`);
  }
}
