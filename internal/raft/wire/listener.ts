import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from 'node:tls';
import { OrchestratorError } from '../../runtime/errors.ts';
import type { Log } from '../../runtime/log.ts';
import { type Address, formatAddress } from '../address.ts';
import { type AddressSpace, plainAddress } from './address-space.ts';
import { type Credentials, nameProblem, tlsOptions } from './credentials.ts';
import { exposed } from './dial.ts';
import { WireFault } from './fault.ts';
import { type GreetDeps, type Greeted, greet } from './greet.ts';

export interface ListenerDeps extends GreetDeps {
  readonly log: Log;
  readonly allowed: AddressSpace;
  readonly maxUnauthenticated: number;
  onGreeted(greeted: Greeted): void;
}

/** How often strangers are told of at most; the count says the rest. */
const COMPLAINT_MS = 10_000;

/** The one port. Everybody may knock; few at a time, and not for long. */
export class Listener {
  readonly #deps: ListenerDeps;
  readonly #abort = new AbortController();
  /** Connections that have not proved anything yet, oldest first, by where they come from. */
  readonly #strangers = new Map<string, { readonly socket: Socket; readonly cancelDeadline: () => void }>();
  #server: Server | undefined;
  #refused = 0;
  #quiet = false;

  constructor(deps: ListenerDeps) {
    this.#deps = deps;
  }

  /** Connections that came to nothing. */
  get refused(): number {
    return this.#refused;
  }

  /** @throws {OrchestratorError} `CONFIG_INVALID` where the address cannot be listened at */
  async open(address: Address, ip: string): Promise<number> {
    const server = this.#makeServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause: NodeJS.ErrnoException) => {
        const what = `cannot listen for the other nodes at ${formatAddress(address)}: ${cause.code ?? cause.message}`;
        reject(
          new OrchestratorError('CONFIG_INVALID', `${what}: check RaftBind, and what else uses the port`, { cause }),
        );
      });
      server.listen({ host: ip, port: address.port }, resolve);
    });
    server.on('error', (err) => this.#deps.log.error({ err }, 'the port for other nodes reports an error'));
    this.#server = server;
    const bound = server.address();
    return typeof bound === 'object' && bound !== null ? bound.port : address.port;
  }

  /** New connections are met with the credentials that are in force now. Their kind (mode) stays as it was at the start. */
  renew(credentials: Credentials): void {
    if (credentials.mode === 'tls') (this.#server as TlsServer).setSecureContext(tlsOptions(credentials.tls));
  }

  async close(): Promise<void> {
    this.#abort.abort(new WireFault('stopped', 'the node stops'));
    for (const { socket } of this.#strangers.values()) socket.destroy();
    const server = this.#server;
    if (server !== undefined) await new Promise((resolve) => server.close(resolve));
  }

  #makeServer(): Server {
    const credentials = this.#deps.household.credentials();
    if (credentials.mode !== 'tls') {
      const server = createServer({ noDelay: true }, (socket) => this.#welcome(socket));
      return server.prependListener('connection', (socket: Socket) => this.#knock(socket));
    }
    const options = { ...tlsOptions(credentials.tls), requestCert: true, noDelay: true };
    const server = createTlsServer(options, (socket) => this.#inspect(socket));
    server.prependListener('connection', (socket: Socket) => this.#knock(socket));
    return server.on('tlsClientError', (error, socket) => this.#complain(socket.remoteAddress, error));
  }

  /** Counts a connection from its first moment, before TLS or anything else, and gives it a deadline. */
  #knock(socket: Socket): void {
    const { clock, handshakeTimeoutMs, maxUnauthenticated, allowed, household } = this.#deps;
    socket.on('error', () => undefined);
    const ip = plainAddress(socket.remoteAddress ?? '');
    if (!allowed.allows(ip) || exposed(ip, household.credentials())) {
      this.#complain(ip, new WireFault('refused', 'connections from this address are not allowed'));
      socket.destroy();
      return;
    }
    const key = keyOf(socket);
    const cancelDeadline = clock.after(handshakeTimeoutMs, () => socket.destroy());
    this.#strangers.set(key, { socket, cancelDeadline });
    socket.once('close', () => this.#known(key, socket));
    if (this.#strangers.size <= maxUnauthenticated) return;
    const [oldest] = this.#strangers.values();
    this.#complain(ip, new WireFault('replaced', `more than ${maxUnauthenticated} connections without authentication`));
    oldest?.socket.destroy();
  }

  #inspect(socket: TLSSocket): void {
    const credentials = this.#deps.household.credentials();
    const pattern = credentials.mode === 'tls' ? credentials.namePattern : undefined;
    const problem = nameProblem(socket.getPeerCertificate(), pattern);
    if (problem === undefined) {
      this.#welcome(socket);
      return;
    }
    this.#complain(socket.remoteAddress, new WireFault('refused', problem));
    socket.destroy();
  }

  #welcome(socket: Socket): void {
    if (socket.destroyed) return;
    const { remoteAddress } = socket;
    const key = keyOf(socket);
    greet(socket, { side: 'listener' }, this.#deps, this.#abort.signal).then(
      (greeted) => {
        this.#known(key);
        this.#deps.onGreeted(greeted);
      },
      (error: unknown) => this.#complain(remoteAddress, error),
    );
  }

  /** It has proved who it is, or is gone. */
  #known(key: string, only?: Socket): void {
    const found = this.#strangers.get(key);
    if (found === undefined || (only !== undefined && found.socket !== only)) return;
    found.cancelDeadline();
    this.#strangers.delete(key);
  }

  #complain(from: string | undefined, error: unknown): void {
    this.#refused += 1;
    const { log, clock } = this.#deps;
    if (this.#abort.signal.aborted || this.#quiet) return;
    this.#quiet = true;
    clock.after(COMPLAINT_MS, () => {
      this.#quiet = false;
    });
    const reason = error instanceof Error ? error.message : String(error);
    log.warn({ from, reason, refused: this.#refused }, 'a connection to the port for other nodes came to nothing');
  }
}

/** The same for a connection and for the TLS on top of it. */
function keyOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
