// A session with ZooKeeper for as long as there is something to do, as promises under a signal. The client by itself goes on connecting
// for ever and tells nobody why it cannot, and a session that was lost is of no use to it any more.

import type { Socket } from 'node:net';
import zookeeper, { type Client, type Exception } from 'node-zookeeper-client';
import type { Clock } from '../runtime/clock.ts';
import { withDeadline } from '../runtime/deadline.ts';
import { OrchestratorError } from '../runtime/errors.ts';

/** What a node holds; undefined: there is no such node. */
export interface HeldNode {
  readonly value: string;
  readonly version: number;
}

export interface NodeChange {
  readonly path: string;
  readonly value: string;
  /** That it has; undefined: it does not exist. */
  readonly version: number | undefined;
}

export interface ZooKeeperPlace {
  /** `host[:port],...`, with port 2181 where none is given. */
  readonly servers: string;
  readonly clock: Pick<Clock, 'after'>;
}

/** How long ZooKeeper keeps a session whose client is gone, and how long all its servers together get to be connected to. */
const SESSION_MS = 6_000;
/** How long one that takes the connection gets to answer; the next attempt begins with whichever server chance picks. */
const CONNECT_MS = 2_000;
/** How long a server gets to end the connection once it was told to. */
const FAREWELL_MS = 1_000;
/** Between two rounds through the servers. */
const PAUSE_MS = 100;

export class ZooKeeperSession {
  readonly #client: Client;
  readonly #signal: AbortSignal;

  private constructor(client: Client, signal: AbortSignal) {
    this.#client = client;
    this.#signal = signal;
  }

  /** @throws {OrchestratorError} `UNAVAILABLE` */
  static async with<T>(
    { servers, clock }: ZooKeeperPlace,
    work: (session: ZooKeeperSession) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    signal.throwIfAborted();
    const client = zookeeper.createClient(servers, { sessionTimeout: SESSION_MS, spinDelay: PAUSE_MS, retries: 0 });
    const session = new ZooKeeperSession(client, signal);
    try {
      const connect = (done: (error: null) => void) => {
        client.once('connected', () => done(null));
        client.connect();
      };
      await withDeadline(clock, CONNECT_MS, signal, (within) => {
        return session.#answer<void>('connecting', connect, within);
      });
      return await work(session);
    } finally {
      session.#end();
    }
  }

  async get(path: string): Promise<HeldNode | undefined> {
    return this.#answer<HeldNode | undefined>(`reading ${path}`, (done) => {
      this.#client.getData(path, (error, data: Buffer | undefined, stat) => {
        if (isOf(error, 'NO_NODE')) done(null, undefined);
        else done(error, { value: data?.toString('utf8') ?? '', version: stat?.version });
      });
    });
  }

  /** Nodes that are missing on the way to this one, empty ones. */
  async makeParents(path: string): Promise<void> {
    const parent = path.slice(0, path.lastIndexOf('/'));
    if (parent === '') return;
    await this.#answer<void>(`creating ${parent}`, (done) => this.#client.mkdirp(parent, (error) => done(error)));
  }

  /** All of them or none, where each node is still as it was read. False: one of them is not. */
  async change(changes: readonly NodeChange[]): Promise<boolean> {
    const transaction = this.#client.transaction();
    for (const { path, value, version } of changes) {
      const data = Buffer.from(value, 'utf8');
      if (version === undefined) transaction.create(path, data);
      else transaction.setData(path, data, exactly(version));
    }
    const what = `writing ${changes.map(({ path }) => path).join(', ')}`;
    return this.#answer<boolean>(what, (done) => {
      transaction.commit((error) => {
        if (isOf(error, 'BAD_VERSION') || isOf(error, 'NODE_EXISTS') || isOf(error, 'NO_NODE')) done(null, false);
        else done(error, true);
      });
    });
  }

  /** The client waits for ever for an answer to its farewell, also from what is no ZooKeeper or is halted: the connection is ended then. */
  #end(): void {
    const connected = this.#client.getState() === zookeeper.State.SYNC_CONNECTED;
    this.#client.close();
    const { socket } = (this.#client as unknown as { readonly connectionManager: { socket?: Socket } })
      .connectionManager;
    if (connected) socket?.setTimeout(FAREWELL_MS, () => socket.destroy());
    else socket?.destroy();
  }

  async #answer<T>(
    what: string,
    ask: (done: (error: Error | Exception | null | undefined, result?: T) => void) => void,
    signal = this.#signal,
  ): Promise<T> {
    signal.throwIfAborted();
    return new Promise<T>((resolve, reject) => {
      const given = () => reject(new OrchestratorError('UNAVAILABLE', `${what}: it does not answer`));
      signal.addEventListener('abort', given, { once: true });
      ask((error, result) => {
        signal.removeEventListener('abort', given);
        if (error) reject(new OrchestratorError('UNAVAILABLE', `${what}: it answers ${nameOf(error)}`));
        else resolve(result as T);
      });
    });
  }
}

/** The client takes 0 for "whatever it has". It writes whole numbers: the smallest one above 0 arrives as 0. */
function exactly(version: number): number {
  return version === 0 ? Number.MIN_VALUE : version;
}

function nameOf(error: Error | Exception): string {
  return error.name.toLowerCase().replaceAll('_', ' ');
}

function isOf(error: Error | Exception | null | undefined, name: string): boolean {
  return error?.name === name;
}
