// What orchestrators of containers and load balancers ask of a process: is it alive, may it be sent work, has it begun. Answered from memory,
// without a login or a certificate; whoever is not let in elsewhere is told what holds and what does not, and no more (F-80).

import Router from '@koa/router';
import type Koa from 'koa';
import { errorText } from '../runtime/errors.ts';
import { authenticate, NO_LOOKUPS } from './authentication.ts';
import type { GroupNow, GroupView } from './group-view.ts';
import { certificateProblem } from './listener-tls.ts';
import type { Readiness } from './ports.ts';
import type { HttpServerDeps } from './route.ts';

/** The consensus thread says something every few milliseconds, idle or not. */
const THREAD_SILENCE_MS = 10_000;

export function probeRoutes({ services, settings }: HttpServerDeps): Router {
  const router = new Router({ prefix: settings.urlPrefix, sensitive: true });
  router.get('/livez', (ctx) => tell(ctx, alive(services.group?.now())));
  router.get('/startupz', (ctx) => tell(ctx, begun(services.group?.now())));
  router.get('/readyz', async (ctx) => {
    const { group } = services;
    const ofGroup = group === undefined ? [] : ready(group, settings.raft.readyMaxLag);
    const synced = group !== undefined && ctx.query.sync === 'true' ? [await inSync(group)] : [];
    const wanted = [...services.readiness(), ...ofGroup, ...synced];
    await tell(ctx, ctx.query.noleader === 'true' ? wanted.filter(({ name }) => name !== 'leader') : wanted);
  });
  return router;

  async function tell(ctx: Koa.Context, all: readonly Readiness[]): Promise<void> {
    const excluded = [ctx.query.exclude ?? []].flat();
    const checks = all.filter(({ name }) => !excluded.includes(name));
    const missing = checks.filter(({ ok }) => !ok);
    ctx.status = missing.length === 0 ? 200 : 503;
    const known = await isLetIn(ctx);
    const text = ({ name, detail }: Readiness) => (known ? `${name}: ${detail}` : name);
    if (ctx.query.verbose !== undefined)
      ctx.body = checks.map((one) => `[${one.ok ? '+' : '-'}] ${text(one)}`).join('\n');
    else ctx.body = missing.length === 0 ? 'ok' : missing.map(text).join('\n');
  }

  async function isLetIn(ctx: Koa.Context): Promise<boolean> {
    const { certificateUnits: units, authentication } = settings;
    if (units !== undefined && certificateProblem(ctx.req, units) !== undefined) return false;
    return (await authenticate(authentication, (name) => ctx.get(name), NO_LOOKUPS)) !== undefined;
  }
}

/** Never by leader, quorum, backend or peers: a platform that ends processes for want of those ends the survivors. */
function alive(now: GroupNow | undefined): readonly Readiness[] {
  const process = { name: 'process', ok: true, detail: 'answers' };
  if (now === undefined) return [process];
  const { threadSilentMs } = now;
  const detail = `said something ${Math.round(threadSilentMs)} ms ago`;
  return [process, { name: 'consensus', ok: threadSilentMs <= THREAD_SILENCE_MS, detail }];
}

function begun(now: GroupNow | undefined): readonly Readiness[] {
  const waiting = now?.waiting;
  if (waiting === undefined) return [{ name: 'started', ok: true, detail: 'runs' }];
  return [{ name: 'started', ok: waiting.phase === 'founding', detail: waiting.reason }];
}

function ready(group: GroupView, readyMaxLag: number): readonly Readiness[] {
  const now = group.now();
  const { waiting, state, draining, commit, applied } = now;
  const sound = state?.sound !== false;
  const lag = commit - applied;
  return [
    { name: 'member', ok: waiting === undefined, detail: waiting?.reason ?? 'belongs to its group' },
    leaderKnown(group, now),
    { name: 'applied', ok: lag <= readyMaxLag, detail: `${lag} entries behind what is agreed on` },
    {
      name: 'state',
      ok: sound,
      detail: sound ? 'that of the group' : 'not that of the group: it is fetched, or raft-status says why not',
    },
    { name: 'draining', ok: !draining, detail: draining ? 'this node is being stopped' : 'no' },
  ];
}

function leaderKnown({ mayAct, electionTimeoutMs }: GroupView, { role, leader, leaderContactMs }: GroupNow): Readiness {
  const name = 'leader';
  if (role === 'leader') return { name, ok: mayAct, detail: mayAct ? 'this node' : 'this node, which cannot prove it' };
  if (leader === undefined || leaderContactMs === undefined) return { name, ok: false, detail: 'none is known' };
  const detail = `${leader.address}, heard ${Math.round(leaderContactMs)} ms ago`;
  return { name, ok: leaderContactMs <= electionTimeoutMs, detail };
}

async function inSync(group: GroupView): Promise<Readiness> {
  const name = 'sync';
  try {
    await group.confirm();
    return { name, ok: true, detail: 'has all that the group had agreed on' };
  } catch (err) {
    return { name, ok: false, detail: errorText(err) };
  }
}
