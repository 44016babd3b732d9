import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Router from '@koa/router';
import Koa from 'koa';
import { errorText, OrchestratorError } from '../runtime/errors.ts';
import { Answers } from './answers.ts';
import { authenticate, type Caller, checkAuthentication, type GroupsOf } from './authentication.ts';
import { statusOf } from './errors.ts';
import { byCertificate, createListener } from './listener-tls.ts';
import { Listing } from './listing.ts';
import { Operations } from './operations.ts';
import { probeRoutes } from './probes.ts';
import { type GateDeps, relayGate } from './relay/gate.ts';
import { KEY_HEADER, Relay } from './relay/relay.ts';
import { Request } from './request.ts';
import { envelope, type HttpServerDeps, local, type Route, tell } from './route.ts';
import { healthHandler } from './routes/node.ts';
import { apiRoutes } from './routes.ts';
import { unixGroupsOf } from './unix-groups.ts';

const DEFAULT_STATUS_PATH = '/api/status';
/** How long a leader may take to accept a connection (C-44). */
const RELAY_CONNECT_MS = 5_000;
const SWEEP_MS = 50;
/** On an answer that was given before. */
const REPEATED_HEADER = 'Idempotent-Replayed';

interface State {
  caller: Caller;
}

/** The HTTP face: `/api` as the contract has it, `/api/v2`, and the probes of load balancers and orchestrators. */
export class HttpServer {
  readonly #deps: HttpServerDeps;
  readonly #answers: Answers;
  readonly #gate: GateDeps;
  readonly #operations: Operations;
  readonly #server: Server;

  /** @throws {OrchestratorError} `CONFIG_INVALID`: a login that cannot work */
  constructor(deps: HttpServerDeps) {
    this.#deps = deps;
    const { settings, clock, log } = deps;
    checkAuthentication(settings.authentication);
    this.#answers = new Answers(deps);
    this.#operations = new Operations(clock);
    const relay = new Relay({
      clock,
      tls: settings.raft.tls,
      connectMs: RELAY_CONNECT_MS,
      responseMs: () => settings.raft.relayAnswerMs,
    });
    this.#gate = { ...deps, relay, answers: this.#answers };
    const app = new Koa<State>();
    app.on('error', (err: unknown) => log.debug({ err }, 'a client went away'));
    app.use(this.#failures());
    app.use(probeRoutes(deps).routes());
    const { tls, statusEndpoint, statusNeedsCertificate } = settings;
    const isStatus = (path: string) => path === this.#statusPath() && !statusNeedsCertificate;
    if (tls?.units !== undefined) app.use(byCertificate(tls.units, isStatus));
    const routes = apiRoutes(deps);
    app.use(this.#checks(routes.filter(({ answer }) => answer === 'check')).routes());
    app.use(this.#login(unixGroupsOf));
    const router = new Router<State>({ prefix: settings.urlPrefix, sensitive: true });
    for (const route of routes.filter(({ answer }) => answer !== 'check'))
      this.#mount(router, `/api/${route.path}`, route);
    const status = local(tell('status', healthHandler(deps)));
    const verbatim = new Router<State>({ sensitive: true });
    if (statusEndpoint === DEFAULT_STATUS_PATH) this.#mount(router, DEFAULT_STATUS_PATH, status);
    else this.#mount(verbatim, statusEndpoint, status);
    router.get('/metrics', (ctx) => this.#metrics(ctx));
    app.use(verbatim.routes());
    app.use(router.routes());
    app.use((ctx) => this.#unknown(ctx));
    this.#server = createListener(settings.tls, app.callback());
  }

  #statusPath(): string {
    const { statusEndpoint, urlPrefix } = this.#deps.settings;
    return statusEndpoint === DEFAULT_STATUS_PATH ? `${urlPrefix}${statusEndpoint}` : statusEndpoint;
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

  /** @param graceMs how long requests that are under way may take to end */
  async stop(graceMs = 0): Promise<void> {
    const { clock } = this.#deps;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    if (graceMs === 0) this.#server.closeAllConnections();
    const cancel = clock.after(graceMs, () => this.#server.closeAllConnections());
    const stopSweeping = clock.every(SWEEP_MS, () => this.#server.closeIdleConnections()); // whoever is answered meanwhile
    await closed;
    cancel();
    stopSweeping();
  }

  /** Whatever goes wrong below becomes an envelope: clients repeat a call whose answer is not JSON. */
  #failures(): Koa.Middleware<State> {
    return async (ctx, next) => {
      try {
        await next();
      } catch (err) {
        this.#failed(ctx, err);
      }
    };
  }

  #failed(ctx: Koa.Context, err: unknown): void {
    const { log, settings, services } = this.#deps;
    const known = err instanceof OrchestratorError;
    if (!known) log.error({ err, path: ctx.path }, 'a request failed');
    const modern = ctx.path.startsWith(`${settings.urlPrefix}/api/v2/`);
    const status = known ? statusOf(err.code, { modern, inGroup: services.group !== undefined }) : 500;
    const message = known ? errorText(err) : 'internal error; the log has it';
    this.#answers.envelope(ctx, status, envelope('ERROR', message));
  }

  #login(groupsOf: GroupsOf): Koa.Middleware<State> {
    return async (ctx, next) => {
      const caller = await authenticate(this.#deps.settings.authentication, (name) => ctx.get(name), groupsOf);
      if (caller !== undefined) {
        ctx.state.caller = this.#deps.settings.readOnly ? { name: '', mayAct: false } : caller;
        return next();
      }
      ctx.status = 401;
      ctx.set('WWW-Authenticate', 'Basic realm="Authorization Required"');
      ctx.body = 'Not Authorized';
    };
  }

  /** What load balancers ask several times a second stands in front: whoever is let in is answered, and nobody is looked up (C-102). */
  #checks(routes: readonly Route[]): Router<State> {
    const router = new Router<State>({ prefix: this.#deps.settings.urlPrefix, sensitive: true });
    router.use(this.#login(async () => []));
    for (const route of routes) this.#mount(router, `/api/${route.path}`, route);
    return router;
  }

  #mount(router: Router<State>, path: string, route: Route): void {
    const { settings, services } = this.#deps;
    router.get(path, relayGate(this.#gate, route), async (ctx) => {
      const { caller } = ctx.state;
      const leaderOnly = route.acts === true && services.group?.mayAct === false;
      if (route.acts && (!caller.mayAct || leaderOnly)) throw new OrchestratorError('UNAUTHORIZED', 'Unauthorized');
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
      if (route.acts && ctx.get(KEY_HEADER) !== '') await this.#answerOnce(ctx, route, request);
      else await this.#answer(ctx, route, request);
    });
  }

  async #answerOnce(ctx: Koa.Context, route: Route, request: Request): Promise<void> {
    const asked = { key: ctx.get(KEY_HEADER), caller: request.caller.name, path: ctx.originalUrl };
    const { status, json, repeated } = await this.#operations.once(asked, async () => {
      await this.#answer(ctx, route, request).catch((err: unknown) => this.#failed(ctx, err));
      return { status: ctx.status, json: String(ctx.body) };
    });
    if (!repeated) return;
    ctx.set(REPEATED_HEADER, 'true');
    this.#answers.repeat(ctx, status, json);
  }

  async #answer(ctx: Koa.Context, route: Route, request: Request): Promise<void> {
    switch (route.answer) {
      case 'bare': {
        const value = await route.handle(request);
        if (value instanceof Listing) await this.#answers.listing(ctx, value);
        else this.#answers.json(ctx, value);
        return;
      }
      case 'check': {
        const { status, body } = route.handle(request);
        ctx.status = status;
        this.#answers.json(ctx, body);
        return;
      }
      case 'envelope': {
        const answer = await route.handle(request);
        this.#answers.envelope(ctx, answer.Code === 'OK' ? 200 : 500, answer);
      }
    }
  }

  async #metrics(ctx: Koa.Context): Promise<void> {
    const { type, text } = await this.#deps.services.metrics();
    ctx.set('Content-Type', type);
    ctx.body = text;
  }

  /** Below `/api` JSON here too: the shell client asks again and again otherwise. */
  #unknown(ctx: Koa.Context): void {
    ctx.status = 404;
    if (ctx.path.startsWith(`${this.#deps.settings.urlPrefix}/api`))
      this.#answers.envelope(ctx, 404, envelope('ERROR', `No such API call: ${ctx.method} ${ctx.path}`));
    else ctx.body = '404 page not found';
  }
}
