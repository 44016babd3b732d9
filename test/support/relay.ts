// A TCP relay before one server, through which the server's replicas and the daemon reach it, and which can fall silent for
// the daemon only or for all: packets are swallowed, new connections are accepted and hear nothing.

import { connect, createServer, type Server, type Socket } from 'node:net';
import { freePort } from './daemon.ts';

/** The one ends with the other; both are in `sockets` until then. */
export function tie(sockets: Set<Socket>, client: Socket, server: Socket): void {
  for (const [socket, other] of [
    [client, server],
    [server, client],
  ] as const) {
    sockets.add(socket);
    socket.on('error', () => other.destroy());
    socket.on('close', () => {
      other.destroy();
      sockets.delete(socket);
    });
  }
}

export class Relay {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #links = new Set<{ client: Socket; server: Socket; ofDaemon: boolean }>();
  #silentFor: 'nobody' | 'daemon' | 'all' = 'nobody';

  private constructor(port: number, target: number, daemonUser: string) {
    this.port = port;
    this.#server = createServer((client) => this.#link(client, target, daemonUser));
  }

  static async before(target: number, daemonUser: string): Promise<Relay> {
    const relay = new Relay(await freePort(), target, daemonUser);
    await new Promise<void>((resolve) => relay.#server.listen(relay.port, '127.0.0.1', resolve));
    return relay;
  }

  /** From now on the daemon hears nothing of the server; or nobody who comes through here does. */
  silence(audience: 'daemon' | 'all'): void {
    this.#silentFor = audience;
    for (const { client, server, ofDaemon } of this.#links) {
      if (!ofDaemon && audience === 'daemon') continue;
      client.unpipe(server);
      server.unpipe(client);
    }
  }

  /** Packets pass again. What was swallowed stays lost, and with it the connections that were open. */
  mend(): void {
    this.#silentFor = 'nobody';
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** The login packet names the user in clear: it tells whose connection this is. */
  #link(client: Socket, target: number, daemonUser: string): void {
    if (this.#silentFor === 'all') {
      this.#sockets.add(client);
      client.on('error', () => undefined);
      client.on('close', () => this.#sockets.delete(client));
      return;
    }
    const server = connect(target, '127.0.0.1');
    const link = { client, server, ofDaemon: false };
    this.#links.add(link);
    tie(this.#sockets, client, server);
    client.on('close', () => this.#links.delete(link));
    server.pipe(client);
    client.once('data', (login) => {
      link.ofDaemon = login.includes(`${daemonUser}\0`);
      if (link.ofDaemon && this.#silentFor === 'daemon') {
        server.unpipe(client);
        return;
      }
      server.write(login);
      client.pipe(server);
    });
  }
}
