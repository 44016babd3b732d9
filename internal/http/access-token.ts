import type Router from '@koa/router';
import type Koa from 'koa';
import type { Answers } from './answers.ts';
import { TOKEN_COOKIE, TOKEN_FORM } from './authentication.ts';
import { envelope, type HttpServerDeps } from './route.ts';

/** Gives the secret token for the public one, as a cookie, once; in a group the leader does, whoever is asked. */
export function mountAccessToken<S>(
  router: Router<S>,
  { services, settings }: HttpServerDeps,
  answers: Answers,
  gate: Koa.Middleware,
): void {
  const inGroup: Koa.Middleware = (ctx, next) => (services.group === undefined ? next() : gate(ctx, next));
  router.get('/web/access-token', inGroup, async (ctx) => {
    const given = [ctx.query.publicToken].flat()[0] ?? '';
    const known = ctx.method === 'GET' && TOKEN_FORM.test(given); // whoever asks for a head gets nothing, and takes nothing
    const secret = known ? await services.tokens.redeem(given) : undefined;
    if (secret === undefined) {
      ctx.status = 200; // as all errors of pages, by contract
      answers.json(ctx, envelope('ERROR', 'This token does not exist, was used already, or waited for too long'));
      return;
    }
    const secure = settings.tls === undefined ? '' : '; Secure';
    ctx.set('Set-Cookie', `${TOKEN_COOKIE}=${given}:${secret}; Path=/; HttpOnly; SameSite=Lax${secure}`);
    ctx.set('Cache-Control', 'no-store');
    ctx.redirect(`${settings.urlPrefix}/`);
  });
}
