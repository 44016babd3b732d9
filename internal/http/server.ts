import type { Server } from 'node:http';
import type { AddressInfo, ListenOptions } from 'node:net';
import Router from '@koa/router';
import Koa from 'koa';
import { errorText, OrchestratorError } from '../runtime/errors.ts';
import { mountAccessToken } from './access-token.ts';
import { Answers } from './answers.ts';
import { authenticate, checkAuthentication, type Lookups, NO_LOOKUPS } from './authentication.ts';
import { compression } from './compression.ts';
import { statusOf } from './errors.ts';
import { byCertificate, createListener } from './listener-tls.ts';
import { Listing } from './listing.ts';
import { probeRoutes } from './probes.ts';
import { type GateDeps, relayGate } from './relay/gate.ts';
import { KEY_HEADER, Relay } from './relay/relay.ts';
import { ownCalls, REPEATED_HEADER, RepeatedCalls } from './repeated-calls.ts';
import { Request } from './request.ts';
import { envelope, type HttpServerDeps, local, type Route, type State, tell } from './route.ts';
import { healthHandler } from './routes/node.ts';
import { apiRoutes } from './routes.ts';
import { GROUPS_MS, unixGroupsOf } from './unix-groups.ts';
import { clearSocket } from './unix-socket.ts';
import type { Face } from './v2/face.ts';
import { isV2 } from './v2/paths.ts';
import { problem, problemOf } from './v2/problem.ts';
import { mountWebPages, webRedirects } from './web-pages.ts';

const DEFAULT_STATUS_PATH = '/api/status';
/** How long a leader may take to accept a connection (C-44). */
const RELAY_CONNECT_MS = 5_000;
const SWEEP_MS = 50;

/** The HTTP face: `/api` as the contract has it, `/api/v2`, and the probes of load balancers and orchestrators. */
export class HttpServer {
  readonly #deps: HttpServerDeps;
  readonly #answers: Answers;
  readonly #gate: GateDeps;
  readonly #calls: RepeatedCalls;
  /** Of what concerns this node alone. */
  readonly #ownCalls: RepeatedCalls;
  readonly #server: Server;
  /** Of `/api/v2`, once somebody has asked for it. */
  #face: Promise<Face> | undefined;

  /** @throws {OrchestratorError} `CONFIG_INVALID`: a login that cannot work */
  constructor(deps: HttpServerDeps) {
    this.#deps = deps;
    const { settings, clock, log } = deps;
    checkAuthentication(settings.authentication);
    this.#answers = new Answers(deps);
    this.#calls = new RepeatedCalls(deps.services.calls);
    this.#ownCalls = new RepeatedCalls(ownCalls(clock));
    const relay = new Relay({
      clock,
      tls: settings.raft.tls,
      connectMs: RELAY_CONNECT_MS,
      responseMs: () => settings.raft.relayAnswerMs,
    });
    this.#gate = { ...deps, relay, answers: this.#answers };
    const app = new Koa<State>();
    app.on('error', (err: unknown) => log.debug({ err }, 'a client went away'));
    app.use(compression());
    app.use(this.#failures());
    app.use(probeRoutes(deps).routes());
    const { tls, certificateUnits, statusEndpoint } = settings;
    const isStatus = (path: string) => path === this.#statusPath() && !settings.statusNeedsCertificate;
    if (certificateUnits !== undefined)
      app.use(byCertificate(certificateUnits, isStatus, (...refused) => this.#stranger(...refused)));
    const routes = apiRoutes(deps);
    app.use(this.#checks(routes.filter(({ answer }) => answer === 'check')).routes());
    const groupsOf = (user: string) => unixGroupsOf(user, clock.timeoutSignal(GROUPS_MS));
    app.use(this.#login({ groupsOf, isToken: (...parts) => deps.services.tokens.isValid(...parts) }));
    const router = new Router<State>({ prefix: settings.urlPrefix, sensitive: true });
    for (const route of routes.filter(({ answer }) => answer !== 'check'))
      this.#mount(router, `/api/${route.path}`, route);
    const status = local(tell('status', healthHandler(deps)));
    const verbatim = new Router<State>({ sensitive: true });
    if (statusEndpoint === DEFAULT_STATUS_PATH) this.#mount(router, DEFAULT_STATUS_PATH, status);
    else this.#mount(verbatim, statusEndpoint, status);
    router.get('/metrics', (ctx) => this.#metrics(ctx));
    router.get('/debug/vars', (ctx) => this.#answers.json(ctx, deps.services.process()));
    router.get('/debug/metrics', (ctx) =>
      this.#answers.json(ctx, { ...deps.services.process(), ...deps.services.counters() }),
    );
    mountAccessToken(router, deps, this.#answers, relayGate(this.#gate, { acts: true }));
    mountWebPages(router, settings.urlPrefix, relayGate(this.#gate, {}));
    app.use(webRedirects(settings.urlPrefix));
    app.use(verbatim.routes());
    app.use(this.#modern());
    app.use(router.routes());
    app.use((ctx) => this.#unknown(ctx));
    this.#server = createListener(tls, certificateUnits !== undefined, app.callback());
  }

  #statusPath(): string {
    const { statusEndpoint, urlPrefix } = this.#deps.settings;
    return statusEndpoint === DEFAULT_STATUS_PATH ? `${urlPrefix}${statusEndpoint}` : statusEndpoint;
  }

  /** @throws {OrchestratorError} `CONFIG_INVALID` */
  async start(host: string, port: number): Promise<AddressInfo> {
    await this.#listen({ host, port }, `${host}:${port}`);
    return this.#server.address() as AddressInfo;
  }

  /** @throws {OrchestratorError} `CONFIG_INVALID`: another process listens there, or there is something else than a socket */
  async startOnSocket(path: string): Promise<void> {
    await clearSocket(path);
    await this.#listen({ path }, path);
  }

  async #listen(at: ListenOptions, name: string): Promise<void> {
    const server = this.#server;
    await new Promise<void>((resolve, reject) => {
      const refused = (cause: Error) =>
        reject(new OrchestratorError('CONFIG_INVALID', `cannot listen on ${name}: ${errorText(cause)}`, { cause }));
      server.once('error', refused).listen(at, () => {
        server.off('error', refused);
        resolve();
      });
    });
    // A connection that cannot be taken, such as for want of memory in the kernel, is no end of the daemon.
    server.on('error', (err) => this.#deps.log.error({ err, at: name }, 'a connection could not be taken'));
  }

  /** @param graceMs how long requests that are under way may take to end */
  async stop(graceMs = 0): Promise<void> {
    const { clock } = this.#deps;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#face?.then((face) => face.close()).catch(() => undefined); // whoever could not load it serves nothing
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
    const { log, services } = this.#deps;
    const known = err instanceof OrchestratorError;
    if (!known) log.error({ err, path: ctx.path }, 'a request failed');
    const inGroup = services.group !== undefined || services.election !== undefined;
    const told = problemOf(err);
    const status = known ? statusOf(err.code, inGroup) : 500;
    this.#answers.refuse(ctx, told, { status, envelope: envelope('ERROR', told.message) });
  }

  /** Loaded when it is asked for first: what checks requests there takes a tenth of a second to load. */
  #modern(): Koa.Middleware<State> {
    const { urlPrefix } = this.#deps.settings;
    return async (ctx, next) => {
      if (!isV2(ctx.path, urlPrefix)) return next();
      this.#face ??= import('./v2/face.ts').then(({ faceOn }) =>
        faceOn({
          ...this.#deps,
          gate: this.#gate,
          answers: this.#answers,
          calls: { ofGroup: this.#calls, ofNode: this.#ownCalls },
        }),
      );
      return (await this.#face).serve(ctx, next);
    };
  }

  #login(lookups: Lookups): Koa.Middleware<State> {
    return async (ctx, next) => {
      const caller = await authenticate(this.#deps.settings.authentication, (name) => ctx.get(name), lookups);
      if (caller !== undefined) {
        ctx.state.caller = this.#deps.settings.readOnly ? { name: '', mayAct: false } : caller;
        return next();
      }
      ctx.set('WWW-Authenticate', 'Basic realm="Authorization Required"');
      this.#stranger(ctx, 'Not Authorized');
    };
  }

  #stranger(ctx: Koa.Context, why: string): void {
    ctx.status = 401;
    if (isV2(ctx.path, this.#deps.settings.urlPrefix)) this.#answers.problem(ctx, problem('LOGIN_REQUIRED', why));
    else ctx.body = why;
  }

  /** What load balancers ask several times a second stands in front: whoever is let in is answered, and nobody is looked up (C-102). */
  #checks(routes: readonly Route[]): Router<State> {
    const router = new Router<State>({ prefix: this.#deps.settings.urlPrefix, sensitive: true });
    router.use(this.#login(NO_LOOKUPS));
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
      if (route.acts && route.answer !== 'file' && ctx.get(KEY_HEADER) !== '')
        await this.#answerOnce(ctx, route, request);
      else await this.#answer(ctx, route, request);
    });
  }

  async #answerOnce(ctx: Koa.Context, route: Route, request: Request): Promise<void> {
    const asked = { key: ctx.get(KEY_HEADER), caller: request.caller.name, path: ctx.originalUrl };
    const alone = route.local === true || route.acts === 'onAnyNode' || route.handsOver === true;
    const calls = alone ? this.#ownCalls : this.#calls;
    const { status, json, repeated } = await calls.once(asked, async () => {
      await this.#answer(ctx, route, request).catch((err: unknown) => this.#failed(ctx, err));
      return { status: ctx.status, json: String(ctx.body) };
    });
    if (!repeated) return;
    ctx.set(REPEATED_HEADER, 'true');
    this.#answers.repeat(ctx, status, json);
  }

  async #answer(ctx: Koa.Context, route: Route, request: Request): Promise<void> {
    // A change must not be filed under an alias that nobody has looked up yet (contract, 1.7).
    if (route.acts) await this.#deps.services.introduce(request.hostnames());
    else if (route.answer !== 'check') await this.#answers.turn();
    switch (route.answer) {
      case 'bare': {
        const value = await route.handle(request);
        if (value instanceof Listing) await this.#answers.listing(ctx, value);
        else this.#answers.json(ctx, value);
        return;
      }
      case 'file':
        this.#answers.file(ctx, await route.handle(request));
        return;
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
      this.#answers.refuse(ctx, problem('NO_SUCH_CALL', `No such API call: ${ctx.method} ${ctx.path}`));
    else ctx.body = '404 page not found';
  }
}
