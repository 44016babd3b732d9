// One request handed to the leader, and its answer handed back, both as streams. The answer is the leader's, unchanged.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { isIP, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { createSecureContext, type SecureContext } from 'node:tls';
import { createGzip } from 'node:zlib';
import { createProxyServer } from 'http-proxy-3';
import type { Clock } from '../../runtime/clock.ts';

/** Counts how often a request was relayed. */
export const HOPS_HEADER = 'x-orchestrator-hops';

/** Names a change, so that whoever asks for it again is told what came of it. */
export const KEY_HEADER = 'idempotency-key';

/** How this node speaks TLS to the leader; PEM texts. */
export interface RelayTls {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  /** Takes any certificate. */
  readonly skipVerify: boolean;
}

/** The answer of a node that was asked in the leader's place and does not lead. */
export const NOT_THE_LEADER = 508;

export interface RelayDeps {
  readonly clock: Pick<Clock, 'after'>;
  readonly tls: RelayTls;
  readonly connectMs: number;
  /** Until the answer begins. What has begun may take as long as it likes. */
  readonly responseMs: () => number;
}

/**
 * `answered`: the caller has the leader's answer, whole or broken off, or is gone. `unreached`: the leader never heard of it.
 * `elsewhere`: it does not lead, and has done nothing. `lost`: it may have done it.
 */
export type Relayed =
  | { readonly kind: 'answered' }
  | { readonly kind: 'elsewhere' }
  | { readonly kind: 'unreached' | 'lost'; readonly reason: string; readonly timedOut: boolean };

export class Relay {
  readonly #deps: RelayDeps;
  #context: SecureContext | undefined;

  constructor(deps: RelayDeps) {
    this.#deps = deps;
  }

  /**
   * Nothing is asked for a caller who is gone already.
   *
   * @param url scheme, host and port of the leader's API; the path is that of the request, prefix included
   * @param headers besides those of the request
   * @param gzip the caller takes its answer in gzip
   * @param body of the request, where that was read already; it may be handed over more than once
   */
  forward(
    request: IncomingMessage,
    response: ServerResponse,
    {
      url,
      headers,
      gzip = false,
      body,
    }: {
      readonly url: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly gzip?: boolean;
      readonly body?: Buffer | undefined;
    },
  ): Promise<Relayed> {
    if (response.closed) return Promise.resolve({ kind: 'answered' }); // its end was told already, and will not be again
    const target = new URL(url);
    delete request.headers['accept-encoding']; // whoever compresses does so for its own caller
    delete request.headers.expect; // answered by now
    const proxy = createProxyServer({
      target,
      changeOrigin: true,
      selfHandleResponse: true, // whoever does not lead is not to answer the caller
      toProxy: true, // the path as it came, neither decoded nor tidied
      xfwd: true,
      headers: { ...headers },
      secure: !this.#deps.tls.skipVerify,
      ...(body === undefined ? {} : { buffer: Readable.from([body]) }),
      ...(target.protocol === 'https:' ? { ssl: this.#secured(target) } : {}),
    });
    return new Promise((resolve) => {
      const limits = new Limits(this.#deps);
      const gone = () => end({ kind: 'answered' });
      const end = (relayed: Relayed) => {
        limits.clear();
        response.off('close', gone);
        resolve(relayed);
      };
      response.once('close', gone);
      request.setMaxListeners(0); // each attempt leaves some there
      proxy.on('proxyReq', (sent, _request, _response, _options, socket) =>
        limits.watch(socket, target.protocol === 'https:', (err) => sent.destroy(err)),
      );
      proxy.on('proxyRes', (answer) => {
        limits.clear();
        if (answer.statusCode === NOT_THE_LEADER) {
          answer.resume();
          end({ kind: 'elsewhere' });
        } else handBack(answer, request, response, gzip);
      });
      proxy.web(request, response, {}, (err: Error) => {
        if (response.headersSent) response.destroy();
        else end({ kind: limits.connected ? 'lost' : 'unreached', reason: err.message, timedOut: limits.expired });
      });
    });
  }

  /** The name is that of the leader, whatever host the caller asked for; an address has none to send. */
  #secured({ hostname }: URL) {
    const { ca, cert, key } = this.#deps.tls;
    this.#context ??= createSecureContext({ ca, cert, key, minVersion: 'TLSv1.2' });
    return { secureContext: this.#context, servername: isIP(hostname.replace(/^\[|\]$/g, '')) === 0 ? hostname : '' };
  }
}

/** As it is, but for what concerns the connection to the leader alone. */
function handBack(answer: IncomingMessage, request: IncomingMessage, response: ServerResponse, gzip: boolean): void {
  const own = new Set(['connection', 'keep-alive', ...(request.httpVersion === '1.0' ? ['transfer-encoding'] : [])]);
  response.statusCode = answer.statusCode ?? 502;
  response.statusMessage = answer.statusMessage ?? '';
  for (const [name, value] of Object.entries(answer.headers))
    if (value !== undefined && !own.has(name)) response.setHeader(name, value);
  answer.on('error', () => response.destroy()); // broken off there, so broken off here
  if (
    gzip &&
    request.method !== 'HEAD' &&
    answer.statusCode !== 401 &&
    answer.headers['content-encoding'] === undefined
  ) {
    response.setHeader('content-encoding', 'gzip');
    response.removeHeader('content-length');
    answer.pipe(createGzip()).pipe(response);
  } else answer.pipe(response);
}

/** The time-outs of one request: first for the connection, then for the answer. */
class Limits {
  readonly #deps: RelayDeps;
  #cancel = () => {};
  /** From here on the leader may have heard of it. */
  connected = false;
  expired = false;

  constructor(deps: RelayDeps) {
    this.#deps = deps;
  }

  watch(socket: Socket, secure: boolean, giveUp: (err: Error) => void): void {
    const { connectMs, responseMs } = this.#deps;
    this.#limit(connectMs, `no connection within ${connectMs} ms`, giveUp);
    socket.once(secure ? 'secureConnect' : 'connect', () => {
      this.connected = true;
      const limitMs = responseMs();
      this.#limit(limitMs, `no answer within ${limitMs} ms`, giveUp);
    });
  }

  clear(): void {
    this.#cancel();
  }

  #limit(ms: number, reason: string, giveUp: (err: Error) => void): void {
    this.#cancel();
    this.#cancel = this.#deps.clock.after(ms, () => {
      this.expired = true;
      giveUp(new Error(reason));
    });
  }
}
