import { connect, createServer, type Server, type Socket } from 'node:net';

type Way = 'toServer' | 'toClient';

/** A TCP relay in which a test holds up, changes or drops what passes. */
export class Tap {
  readonly #server: Server;
  readonly #pairs = new Set<{ readonly client: Socket; readonly server: Socket }>();
  /** Connections that came in since the start. */
  connections = 0;
  /** What becomes of a piece: undefined swallows it, `stall` stops reading for good. Connections are numbered from 1. */
  change: (piece: Buffer, way: Way, connection: number) => Buffer | undefined | 'stall' = (piece) => piece;
  /** New connections are accepted and hear nothing. */
  deaf = false;

  private constructor(target: number) {
    this.#server = createServer((client) => this.#join(client, target));
  }

  static async before(target: number): Promise<Tap> {
    const tap = new Tap(target);
    await new Promise<void>((resolve) => tap.#server.listen(0, '127.0.0.1', resolve));
    return tap;
  }

  get address(): string {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? `127.0.0.1:${address.port}` : '';
  }

  /** Packets vanish; nobody is told. */
  cut(): void {
    this.deaf = true;
    this.change = () => undefined;
  }

  mend(): void {
    this.deaf = false;
    this.change = (piece) => piece;
  }

  /** Ends all connections, as a device on the way does. */
  reset(): void {
    for (const { client, server } of this.#pairs) {
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
  }

  async close(): Promise<void> {
    this.reset();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(client: Socket, target: number): void {
    this.connections += 1;
    const number = this.connections;
    const server = connect(target, '127.0.0.1');
    const pair = { client, server };
    this.#pairs.add(pair);
    const carry = (from: Socket, to: Socket, way: Way) => {
      from.on('data', (piece) => {
        const passes = this.deaf ? undefined : this.change(piece, way, number);
        if (passes === 'stall') from.pause();
        else if (passes !== undefined) to.write(passes);
      });
      from.on('error', () => undefined);
      from.on('close', () => {
        if (!this.deaf) to.destroy();
        this.#pairs.delete(pair);
      });
    };
    carry(client, server, 'toServer');
    carry(server, client, 'toClient');
  }
}
