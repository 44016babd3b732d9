import { connect, createServer, type Server, type Socket } from 'node:net';
import { clientOf } from './client-of.ts';
import { type Endpoint, link } from './told.ts';

interface Connection {
  readonly client: Socket;
  readonly server: Socket;
  readonly forth: string;
  readonly back: string;
  /** Bytes were swallowed: nothing that comes later can make sense. */
  broken: boolean;
}

/**
 * Leads connections from one endpoint to another, and each direction of them can fall silent as on a network that loses packets:
 * what is sent is swallowed, a new connection is taken and hears nothing. When a link is mended, connections that lost something end.
 * One of which it is not found whose it is could not be cut: it is ended, and programs come again.
 */
export class Relay {
  readonly #server: Server;
  readonly #from: Endpoint;
  readonly #to: Endpoint;
  readonly #self: string | undefined;
  readonly #target: string;
  readonly #connections = new Set<Connection>();
  #cuts: ReadonlySet<string> = new Set();

  constructor(from: Endpoint, to: Endpoint, self: string | undefined, target: string) {
    this.#from = from;
    this.#to = to;
    this.#self = self;
    this.#target = target;
    this.#server = createServer((client) => this.#take(client));
  }

  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#from, resolve);
    });
  }

  async close(): Promise<void> {
    for (const { client, server } of this.#connections) {
      client.destroy();
      server.destroy();
    }
    await new Promise((resolve) => this.#server.close(resolve));
  }

  cut(cuts: ReadonlySet<string>): void {
    this.#cuts = cuts;
    for (const connection of this.#connections) {
      if (this.#isCut(connection)) connection.broken = true;
      else if (connection.broken) sever(connection.client);
    }
  }

  #isCut({ forth, back }: Connection): boolean {
    return this.#cuts.has(forth) || this.#cuts.has(back);
  }

  #take(client: Socket): void {
    client.on('error', () => undefined);
    const self = this.#self ?? clientOf(client);
    if (self === undefined) {
      sever(client);
      return;
    }
    const server = connect(this.#to);
    const connection: Connection = {
      client,
      server,
      forth: link(self, this.#target),
      back: link(this.#target, self),
      broken: false,
    };
    connection.broken = this.#isCut(connection); // no handshake without both directions
    const deaf = connection.broken;
    this.#connections.add(connection);
    server.on('error', () => sever(client));
    client.on('error', () => server.destroy());
    server.on('close', () => client.destroy());
    client.on('close', () => {
      server.destroy();
      this.#connections.delete(connection);
    });
    client.on('data', (bytes) => deaf || this.#cuts.has(connection.forth) || pass(bytes, client, server));
    server.on('data', (bytes) => deaf || this.#cuts.has(connection.back) || pass(bytes, server, client));
    client.setNoDelay(true);
    server.setNoDelay(true);
  }
}

/** As a host does that knows of no such connection; a socket in the file system knows only an end. */
function sever(socket: Socket): void {
  if (socket.remoteAddress === undefined) socket.destroy();
  else socket.resetAndDestroy();
}

function pass(bytes: Buffer, from: Socket, to: Socket): void {
  if (to.write(bytes)) return;
  from.pause();
  to.once('drain', () => from.resume());
}
