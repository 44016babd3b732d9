import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Router from '@koa/router';
import Koa from 'koa';
import { errorText, OrchestratorError } from '../runtime/errors.ts';
import { authenticate, type Caller, checkAuthentication } from './authentication.ts';
import { STATUS_OF } from './errors.ts';
import { encodeJson } from './json.ts';
import { Request } from './request.ts';
import { type Envelope, envelope, type HttpServerDeps, type Route } from './route.ts';
import { healthHandler } from './routes/node.ts';
import { apiRoutes } from './routes.ts';
import { unixGroupsOf } from './unix-groups.ts';

const DEFAULT_STATUS_PATH = '/api/status';

/** The HTTP face: `/api` as the contract has it, `/api/v2`, and the probes of load balancers and orchestrators. */
export class HttpServer {
  readonly #deps: HttpServerDeps;
  readonly #server: Server;

  /** @throws {OrchestratorError} `CONFIG_INVALID`: a login that cannot work */
  constructor(deps: HttpServerDeps) {
    this.#deps = deps;
    const { settings, log } = deps;
    checkAuthentication(settings.authentication);
    const app = new Koa<{ caller: Caller }>();
    app.on('error', (err: unknown) => log.debug({ err }, 'a client went away'));
    app.use(this.#failures());
    app.use(this.#login());
    const router = new Router<{ caller: Caller }>({ prefix: settings.urlPrefix, sensitive: true });
    for (const route of apiRoutes(deps)) this.#mount(router, `/api/${route.path}`, route);
    const status: Route = { path: 'status', answer: 'envelope', handle: healthHandler(deps) };
    const verbatim = new Router<{ caller: Caller }>({ sensitive: true });
    if (settings.statusEndpoint === DEFAULT_STATUS_PATH) this.#mount(router, DEFAULT_STATUS_PATH, status);
    else this.#mount(verbatim, settings.statusEndpoint, status);
    this.#mountProbes(router);
    app.use(verbatim.routes());
    app.use(router.routes());
    app.use((ctx) => this.#unknown(ctx));
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
  #failures(): Koa.Middleware<{ caller: Caller }> {
    return async (ctx, next) => {
      try {
        await next();
      } catch (err) {
        const known = err instanceof OrchestratorError;
        if (!known) this.#deps.log.error({ err, path: ctx.path }, 'a request failed');
        const modern = ctx.path.startsWith(`${this.#deps.settings.urlPrefix}/api/v2/`);
        ctx.status = modern && known ? STATUS_OF[err.code] : 500;
        this.#send(ctx, this.#named(envelope('ERROR', known ? errorText(err) : 'internal error; the log has it')));
      }
    };
  }

  #login(): Koa.Middleware<{ caller: Caller }> {
    return async (ctx, next) => {
      const caller = await authenticate(this.#deps.settings.authentication, (name) => ctx.get(name), unixGroupsOf);
      if (caller !== undefined) {
        ctx.state.caller = this.#deps.settings.readOnly ? { name: '', mayAct: false } : caller;
        return next();
      }
      ctx.status = 401;
      ctx.set('WWW-Authenticate', 'Basic realm="Authorization Required"');
      ctx.body = 'Not Authorized';
    };
  }

  #mount(router: Router<{ caller: Caller }>, path: string, route: Route): void {
    const { settings, services } = this.#deps;
    router.get(path, async (ctx) => {
      const { caller } = ctx.state;
      if (route.acts && !caller.mayAct) throw new OrchestratorError('UNAUTHORIZED', 'Unauthorized');
      if (route.acts && ctx.method === 'HEAD')
        throw new OrchestratorError('BAD_REQUEST', 'HEAD changes nothing: use GET');
      const request = new Request({
        parameters: ctx.params as Record<string, string>,
        query: ctx.query,
        headers: ctx.req.rawHeaders,
        caller,
        services,
        settings,
      });
      if (route.answer === 'bare') {
        this.#send(ctx, await route.handle(request));
        return;
      }
      if (route.answer === 'check') {
        const { status, body } = route.handle(request);
        ctx.status = status;
        this.#send(ctx, body);
        return;
      }
      const answer = await route.handle(request);
      ctx.status = answer.Code === 'OK' ? 200 : 500;
      this.#send(ctx, this.#named(answer));
    });
  }

  #send(ctx: Koa.Context, value: unknown): void {
    ctx.set('Content-Type', 'application/json; charset=UTF-8');
    ctx.body = encodeJson(value);
  }

  #named(answer: Envelope): Envelope {
    return { ...answer, Message: this.#deps.settings.messagePrefix + answer.Message };
  }

  /** Below `/api` JSON here too: the shell client asks again and again otherwise. */
  #unknown(ctx: Koa.Context): void {
    ctx.status = 404;
    if (ctx.path.startsWith(`${this.#deps.settings.urlPrefix}/api`))
      this.#send(ctx, this.#named(envelope('ERROR', `No such API call: ${ctx.method} ${ctx.path}`)));
    else ctx.body = '404 page not found';
  }

  #mountProbes(router: Router<{ caller: Caller }>): void {
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
      const checks = services.readiness();
      const missing = checks.filter(({ ok }) => !ok);
      ctx.status = missing.length === 0 ? 200 : 503;
      const lines = checks.map(({ name, ok, detail }) => `[${ok ? '+' : '-'}] ${name}: ${detail}`);
      const brief = missing.length === 0 ? 'ok' : missing.map(({ name, detail }) => `${name}: ${detail}`).join('\n');
      ctx.body = ctx.query.verbose === undefined ? brief : lines.join('\n');
    });
  }
}
