// A TCP relay before a backend that loses answers and delays statements: a commit gets through and its answer does not, or a
// statement arrives long after whoever sent it has given up.

import { connect, createServer, type Server, type Socket } from 'node:net';
import { freePort } from './daemon.ts';
import { tie } from './relay.ts';

export class ForgetfulRelay {
  readonly port: number;
  /** Commits whose answers are still to be lost. */
  losing = 0;
  /** The next packet that holds this text is kept back, and everything behind it on its connection. */
  delaying: string | undefined;
  #late: (() => void) | undefined;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(port: number, target: number) {
    this.port = port;
    this.#server = createServer((client) => this.#link(client, connect(target, '127.0.0.1')));
  }

  static async before(target: number): Promise<ForgetfulRelay> {
    const relay = new ForgetfulRelay(await freePort(), target);
    await new Promise<void>((resolve) => relay.#server.listen(relay.port, '127.0.0.1', resolve));
    return relay;
  }

  /** Whether a packet is being kept back. */
  get delays(): boolean {
    return this.#late !== undefined;
  }

  /** What was kept back arrives now. */
  deliver(): void {
    this.#late?.();
    this.#late = undefined;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #link(client: Socket, server: Socket): void {
    tie(this.#sockets, client, server);
    server.pipe(client);
    client.on('data', (sent) => {
      if (this.delaying !== undefined && sent.includes(this.delaying)) {
        this.delaying = undefined;
        client.removeAllListeners(); // its end is not for the server to know
        client.on('error', () => {});
        this.#late = () => server.write(sent);
        return;
      }
      if (this.losing > 0 && sent.includes('COMMIT')) {
        this.losing -= 1;
        server.unpipe(client);
        server.once('data', () => client.destroy()).resume(); // done, and nobody heard of it
      }
      server.write(sent);
    });
  }
}
