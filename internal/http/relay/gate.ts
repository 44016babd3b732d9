// In front of every route: in a group it is settled here who answers.

import { randomUUID } from 'node:crypto';
import type Koa from 'koa';
import type { Clock } from '../../runtime/clock.ts';
import type { Log } from '../../runtime/log.ts';
import type { Answers } from '../answers.ts';
import { acceptsGzip } from '../compression.ts';
import type { GroupView } from '../group-view.ts';
import type { HttpSettings, Services } from '../ports.ts';
import { envelope, type Route } from '../route.ts';
import { problem } from '../v2/problem.ts';
import type { ProblemCode } from '../v2/problem-codes.ts';
import { type Asked, type Direction, direction } from './direction.ts';
import { HOPS_HEADER, KEY_HEADER, NOT_THE_LEADER, type Relay, type Relayed } from './relay.ts';

/** Milliseconds since the leader was last heard, on an answer that is not the leader's; `never` where it was not. */
const CONTACT_HEADER = 'Orchestrator-Leader-Contact-Milliseconds';
const RETRY_SECONDS = '1';
const LOOK_MS = 20;
const ASK_AGAIN_MS = 50;

export interface GateDeps {
  readonly services: Pick<Services, 'group' | 'leaderUrl'>;
  readonly settings: Pick<HttpSettings, 'raft'>;
  readonly relay: Pick<Relay, 'forward'>;
  readonly answers: Answers;
  readonly clock: Pick<Clock, 'monotonicMs' | 'sleep'>;
  readonly log: Log;
}

/** `operation`: what the change is called, for whoever asks again. */
type Handed = Relayed & { readonly operation: string };

/** Goes on to the route where this node answers. */
export function relayGate(
  { services, settings, relay, answers, clock, log }: GateDeps,
  { local, acts }: Pick<Route, 'local' | 'acts'>,
): Koa.Middleware {
  return async (ctx, next) => {
    const { group } = services;
    const hops = Number(ctx.get(HOPS_HEADER)) || 0;
    const gzip = acceptsGzip(ctx.get('Accept-Encoding'));
    if (group === undefined) return acts === true && local !== true ? besideOthers(ctx, next, hops) : next();
    const asked = { local: local === true, acts: acts !== undefined, hops, stale: ctx.query.stale === 'true' };
    const endMs = clock.monotonicMs() + group.electionTimeoutMs;
    for (;;) {
      const to = await settled(asked, group, endMs);
      if (to.kind !== 'relay') return answer(to, ctx, next);
      if (tellLost(ctx, await hand(ctx, { url: to.url, hops, gzip }), to.url)) return;
      if (clock.monotonicMs() >= endMs) return refused(ctx, 'RELAYED_TWICE', `${to.url} was asked, and does not lead`);
      await clock.sleep(ASK_AGAIN_MS); // whoever leads now is known here in a moment
    }
  };

  async function answer(to: Exclude<Direction, { kind: 'relay' }>, ctx: Koa.Context, next: Koa.Next): Promise<void> {
    switch (to.kind) {
      case 'here':
        return next();
      case 'stale':
        ctx.set(CONTACT_HEADER, to.contactMs === undefined ? 'never' : String(Math.round(to.contactMs)));
        return next();
      case 'refuse':
        return refused(ctx, to.status === NOT_THE_LEADER ? 'RELAYED_TWICE' : 'NOT_LEADER', to.message);
    }
  }

  /** Nothing was done. */
  function refused(ctx: Koa.Context, code: ProblemCode, message: string): void {
    ctx.set('Retry-After', RETRY_SECONDS);
    answers.refuse(ctx, problem(code, message));
  }

  /**
   * A change that comes while leadership changes hands waits for the next leader, for one election time-out at the most. Whoever
   * was asked in the leader's place says at once that it does not lead: the node that asked looks again, until the time is up.
   */
  async function settled(asked: Asked, group: GroupView, endMs: number): Promise<Direction> {
    for (;;) {
      const to = direction(asked, group, settings.raft.staleReadMs);
      const waits = to.kind === 'refuse' && to.status !== NOT_THE_LEADER && (asked.acts || asked.hops > 0);
      const passing = waits && group.now().waiting === undefined;
      if (!passing || clock.monotonicMs() >= endMs) return to;
      await clock.sleep(LOOK_MS);
    }
  }

  /**
   * Among daemons on one backend any of them answers reads, and a change is made by the one that leads, which alone knows the servers as they
   * are now. Where that one is out of reach, or leads no more, nothing was done there, and what needs no leader is done here.
   */
  async function besideOthers(ctx: Koa.Context, next: Koa.Next, hops: number): Promise<void> {
    const url = services.leaderUrl();
    if (url === undefined) return next();
    if (hops > 0)
      return refused(ctx, 'RELAYED_TWICE', `relayed once already, and this node does not lead: ${url} does`);
    const gzip = acceptsGzip(ctx.get('Accept-Encoding'));
    const handed = await hand(ctx, { url, hops, gzip });
    if (handed.kind === 'unreached' || !tellLost(ctx, handed, url)) await next();
  }

  async function hand(
    ctx: Koa.Context,
    { url, hops, gzip }: { readonly url: string; readonly hops: number; readonly gzip: boolean },
  ): Promise<Handed> {
    const body = (ctx.state as { body?: Buffer }).body; // read before it was known who answers
    const operation = ctx.get(KEY_HEADER) || randomUUID();
    const headers = { [HOPS_HEADER]: String(hops + 1), ...(acts ? { [KEY_HEADER]: operation } : {}) };
    return { ...(await relay.forward(ctx.req, ctx.res, { url, headers, gzip, body })), operation };
  }

  /** False: that node does not lead, and has done nothing. */
  function tellLost(ctx: Koa.Context, handed: Handed, url: string): boolean {
    if (handed.kind === 'elsewhere') return false;
    if (handed.kind === 'answered') {
      ctx.respond = false;
      return true;
    }
    const { reason, operation, timedOut } = handed;
    log.warn({ leader: url, path: ctx.path, reason, operation }, 'the leader did not answer');
    ctx.set('Retry-After', RETRY_SECONDS);
    if (acts && handed.kind === 'lost') tellUnknown(ctx, handed, url);
    else {
      const message = `the leader at ${url} cannot be reached: ${reason}${acts ? '; nothing was done' : ''}`;
      answers.refuse(ctx, problem(timedOut ? 'LEADER_TIMEOUT' : 'LEADER_UNREACHABLE', message));
    }
    return true;
  }

  /** A change that may have been made is never told as one that was not (C-44). */
  function tellUnknown(
    ctx: Koa.Context,
    { reason, timedOut, operation }: Extract<Handed, { reason: string }>,
    url: string,
  ): void {
    const message = `outcome unknown: the leader at ${url} was asked and did not answer: ${reason}; ask again with Idempotency-Key ${operation} to hear what came of it`;
    answers.refuse(ctx, problem('OUTCOME_UNKNOWN', message, { idempotencyKey: operation }), {
      status: timedOut ? 504 : 502,
      envelope: envelope('ERROR', message, { OperationId: operation }),
    });
  }
}
