// The consensus thread as the main thread has it: orders go out in bundles, questions get their answers, and its end is noticed.

import type { Worker } from 'node:worker_threads';
import { type ErrorCode, errorText, OrchestratorError } from '../../runtime/errors.ts';
import type { Address } from '../address.ts';
import type { Index, MemberId, SnapshotMeta } from '../core/types.ts';
import type { BackupHead } from '../rescue/backup-file.ts';
import type { Consensus } from './group.ts';
import { SharedLease } from './lease.ts';
import type { Met } from './meetings.ts';
import type { GroupNews, News, Order, Reply, SideNews, SnapshotPiece } from './protocol.ts';
import { spawnThread } from './spawn-thread.ts';
import type { ThreadStatus } from './status.ts';
import type { NodeOptions, ThreadOptions } from './thread-options.ts';

/** What crosses between the threads at once. */
const PIECE_BYTES = 2 ** 20;

export class RemoteConsensus implements Consensus {
  readonly lease = new SharedLease();
  readonly #worker: Worker;
  readonly #ended: Promise<void>;
  readonly #asked = new Map<number, { resolve: (reply: Reply) => void; reject: (err: Error) => void }>();
  #nextId = 1;
  #orders: Order[] = [];
  #gone = false;

  /** @param hear everything that is no reply; the last news is `fatal`, unless the thread was told to stop */
  constructor(options: NodeOptions, hear: (news: GroupNews | SideNews) => void) {
    this.#worker = spawnThread({ ...options, lease: this.lease.buffer } satisfies ThreadOptions);
    this.#worker.on('message', (news: readonly News[]) => {
      for (const one of news) this.#take(one, hear);
    });
    this.#worker.on('error', (err) => hear(fatal('STOPPED', errorText(err))));
    this.#ended = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        this.#end();
        hear(fatal('STOPPED', 'the consensus thread has ended'));
        resolve();
      });
    });
  }

  order(order: Order): void {
    if (this.#gone) return;
    this.#orders.push(order);
    if (this.#orders.length === 1) queueMicrotask(() => this.#flush());
  }

  async keepSnapshot(index: Index, pieces: AsyncIterable<Uint8Array>): Promise<void> {
    const keep = (piece: SnapshotPiece) => this.#ask((id) => ({ kind: 'keep', id, piece }));
    try {
      await keep({ kind: 'begin' });
      for await (const bytes of pieces) {
        for (let at = 0; at < bytes.length; at += PIECE_BYTES)
          await keep({ kind: 'data', data: ownBytes(bytes.subarray(at, at + PIECE_BYTES)) });
      }
      await keep({ kind: 'end', index });
    } catch (err) {
      this.order({ kind: 'keepFailed' });
      throw err;
    }
  }

  async *fetchSnapshot({ id: snapshotId, bytes }: SnapshotMeta): AsyncGenerator<Uint8Array, void, undefined> {
    for (let offset = 0; offset < bytes; ) {
      const length = Math.min(PIECE_BYTES, bytes - offset);
      const reply = await this.#ask((id) => ({ kind: 'fetch', id, snapshotId, offset, length }));
      const data = reply.kind === 'fetched' ? reply.data : undefined;
      if (data === undefined || data.length === 0)
        throw new OrchestratorError('NOT_FOUND', `snapshot ${snapshotId} is gone`);
      offset += data.length;
      yield data;
    }
  }

  async status(): Promise<ThreadStatus> {
    const reply = await this.#ask((id) => ({ kind: 'status', id }));
    if (reply.kind !== 'status')
      throw new OrchestratorError('UNAVAILABLE', 'the consensus thread answered something else');
    return reply.status;
  }

  /** Undefined: the log has nothing there any more. */
  async describe(index: Index): Promise<Omit<BackupHead, 'takenMs'> | undefined> {
    const reply = await this.#ask((id) => ({ kind: 'describe', id, index }));
    return reply.kind === 'described' ? reply.head : undefined;
  }

  async meet(address: Address): Promise<Met> {
    const reply = await this.#ask((id) => ({ kind: 'meet', id, address }));
    if (reply.kind !== 'met')
      throw new OrchestratorError('UNAVAILABLE', 'the consensus thread answered something else');
    return reply.met;
  }

  send(to: MemberId, channel: Extract<Order, { kind: 'bytes' }>['channel'], payload: Uint8Array): void {
    this.order({ kind: 'bytes', to, channel, payload: ownBytes(payload) });
  }

  /** Resolves when the thread is gone and its files are closed. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  /** Whatever it is doing. */
  async kill(): Promise<void> {
    await this.#worker.terminate();
    await this.#ended;
  }

  #flush(): void {
    const orders = this.#orders;
    this.#orders = [];
    if (!this.#gone) this.#worker.postMessage(orders);
  }

  #ask(order: (id: number) => Order): Promise<Reply> {
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve, reject) => {
      if (this.#gone) {
        reject(gone());
        return;
      }
      this.#asked.set(id, { resolve, reject });
      this.order(order(id));
    });
  }

  #take(news: News, hear: (news: GroupNews | SideNews) => void): void {
    if (isReply(news)) {
      this.#asked.get(news.id)?.resolve(news);
      this.#asked.delete(news.id);
    } else hear(news);
  }

  #end(): void {
    this.#gone = true;
    this.lease.set(undefined);
    for (const { reject } of this.#asked.values()) reject(gone());
    this.#asked.clear();
  }
}

const REPLIES: ReadonlySet<News['kind']> = new Set<Reply['kind']>(['kept', 'fetched', 'status', 'described', 'met']);

function isReply(news: News): news is Reply {
  return REPLIES.has(news.kind);
}

/** A view of a larger buffer would take all of that along. */
export function ownBytes(data: Uint8Array): Uint8Array {
  return new Uint8Array(data);
}

function gone(): OrchestratorError {
  return new OrchestratorError('STOPPED', 'the consensus thread has ended');
}

function fatal(code: ErrorCode, message: string): GroupNews {
  return { kind: 'fatal', code, message };
}
