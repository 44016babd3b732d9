// One request handed to the leader, and its answer handed back, both as streams. The answer is the leader's, unchanged.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { isIP, type Socket } from 'node:net';
import { createSecureContext, type SecureContext } from 'node:tls';
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

export interface RelayDeps {
  readonly clock: Pick<Clock, 'after'>;
  readonly tls: RelayTls;
  readonly connectMs: number;
  /** Until the answer begins. What has begun may take as long as it likes. */
  readonly responseMs: () => number;
}

/**
 * `answered`: the caller has the leader's answer, whole or broken off, or is gone. `unreached`: the leader never heard of it.
 * `lost`: it may have done it.
 */
export type Relayed =
  | { readonly kind: 'answered' }
  | { readonly kind: 'unreached' | 'lost'; readonly reason: string; readonly timedOut: boolean };

export class Relay {
  readonly #deps: RelayDeps;
  #context: SecureContext | undefined;

  constructor(deps: RelayDeps) {
    this.#deps = deps;
  }

  /**
   * @param url scheme, host and port of the leader's API; the path is that of the request, prefix included
   * @param headers besides those of the request
   */
  forward(
    request: IncomingMessage,
    response: ServerResponse,
    { url, headers }: { readonly url: string; readonly headers: Readonly<Record<string, string>> },
  ): Promise<Relayed> {
    const target = new URL(url);
    delete request.headers['accept-encoding']; // whoever compresses does so for its own caller
    delete request.headers.expect; // answered by now
    const proxy = createProxyServer({
      target,
      changeOrigin: true,
      toProxy: true, // the path as it came, neither decoded nor tidied
      xfwd: true,
      headers: { ...headers },
      secure: !this.#deps.tls.skipVerify,
      ...(target.protocol === 'https:' ? { ssl: this.#secured(target) } : {}),
    });
    return new Promise((resolve) => {
      const limits = new Limits(this.#deps);
      const end = (relayed: Relayed) => {
        limits.clear();
        resolve(relayed);
      };
      response.once('close', () => end({ kind: 'answered' }));
      proxy.on('proxyReq', (sent, _request, _response, _options, socket) =>
        limits.watch(socket, target.protocol === 'https:', (err) => sent.destroy(err)),
      );
      proxy.on('proxyRes', (answer) => {
        limits.clear();
        for (const own of ['connection', 'keep-alive']) delete answer.headers[own]; // of that connection, not of the caller's
        answer.on('error', () => response.destroy()); // broken off there, so broken off here
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
