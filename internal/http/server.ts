import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Router from '@koa/router';
import Koa from 'koa';
import { errorText, OrchestratorError } from '../runtime/errors.ts';
import { Request } from './request.ts';
import { envelope, type HttpServerDeps, type Route } from './route.ts';
import { actionRoutes } from './routes/actions.ts';
import { recoveryRoutes } from './routes/recoveries.ts';
import { topologyRoutes } from './routes/topology.ts';

/** The HTTP face: `/api` as the contract has it, `/api/v2`, and the probes of load balancers and orchestrators. */
export class HttpServer {
  readonly #deps: HttpServerDeps;
  readonly #server: Server;

  constructor(deps: HttpServerDeps) {
    this.#deps = deps;
    const app = new Koa();
    app.on('error', (err: unknown) => deps.log.debug({ err }, 'a client went away'));
    app.use(this.#answers());
    const router = new Router({ prefix: deps.settings.urlPrefix });
    for (const route of [...topologyRoutes(deps), ...actionRoutes(deps), ...recoveryRoutes(deps)])
      this.#mount(router, route);
    this.#mountProbes(router);
    app.use(router.routes());
    this.#server = createServer(app.callback());
  }

  async start(host: string, port: number): Promise<AddressInfo> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (cause) =>
        reject(new OrchestratorError('CONFIG_INVALID', `cannot listen on ${host}:${port}`, { cause })),
      );
      this.#server.listen(port, host, resolve);
    });
    return this.#server.address() as AddressInfo;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Whatever goes wrong below becomes an envelope: clients repeat a call whose answer is not JSON. */
  #answers(): Koa.Middleware {
    return async (ctx, next) => {
      try {
        await next();
      } catch (err) {
        if (!(err instanceof OrchestratorError)) this.#deps.log.error({ err, path: ctx.path }, 'a request failed');
        ctx.status = 500;
        ctx.body = envelope('ERROR', errorText(err));
      }
    };
  }

  #mount(router: Router, route: Route): void {
    const { settings, services } = this.#deps;
    router.get(`/api/${route.path}`, async (ctx) => {
      if (route.acts && settings.readOnly) throw new OrchestratorError('BAD_REQUEST', 'Unauthorized');
      const request = new Request(ctx.params as Record<string, string>, ctx.query, services, settings.defaultPort);
      const answer = await route.handle(request);
      ctx.type = 'application/json; charset=utf-8';
      ctx.body = JSON.stringify(answer ?? null);
    });
  }

  #mountProbes(router: Router): void {
    const { services } = this.#deps;
    router.get('/metrics', async (ctx) => {
      const { type, text } = await services.metrics();
      ctx.set('Content-Type', type);
      ctx.body = text;
    });
    router.get('/livez', (ctx) => {
      ctx.body = 'ok';
    });
    router.get('/readyz', (ctx) => {
      const ready = services.ready();
      ctx.status = ready ? 200 : 503;
      ctx.body = ready ? 'ok' : 'the first round of probes is not over';
    });
  }
}
