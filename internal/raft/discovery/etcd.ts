import type { Clock } from '../../runtime/clock.ts';
import { OrchestratorError } from '../../runtime/errors.ts';
import { type Address, formatAddress, parseAddress } from '../address.ts';
import { few } from './candidates.ts';
import { base64, type EtcdAccess, EtcdClient, endOfPrefix, fromBase64 } from './etcd-client.ts';
import type { Finder, Found } from './finder.ts';
import { listAt, objectAt, textAt } from './json.ts';

export interface EtcdFinderSettings extends EtcdAccess {
  /** Of all keys, without the service's name. */
  readonly prefix: string;
  readonly serviceName: string;
  readonly leaseMs: number;
}

interface Lease {
  readonly id: string;
  /** Of the last sign of life, on the monotonic clock. */
  renewedMs: number;
}

/** Each node has a key under a lease of its own; the key goes when the node has been silent for as long as the lease lasts. */
export class EtcdFinder implements Finder {
  readonly #settings: EtcdFinderSettings;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #client: EtcdClient;
  readonly #folder: string;
  #lease: Lease | undefined;

  constructor(settings: EtcdFinderSettings, clock: Pick<Clock, 'monotonicMs'>) {
    const { prefix, serviceName } = settings;
    this.#settings = settings;
    this.#clock = clock;
    this.#client = new EtcdClient(settings);
    this.#folder = `${prefix.replace(/\/+$/, '')}/${serviceName}/nodes/`;
  }

  async find(signal: AbortSignal): Promise<Found> {
    const range = { key: base64(this.#folder), range_end: endOfPrefix(this.#folder), limit: 1000 };
    const answer = await this.#client.call('/v3/kv/range', range, signal);
    if (objectAt(answer, 'header') === undefined)
      throw new OrchestratorError('UNAVAILABLE', 'etcd answers with no range');
    const texts = listAt(answer, 'kvs').map((pair) => fromBase64(textAt(pair, 'value') ?? ''));
    const read = texts.map((text) => addressIn(text) ?? text.slice(0, 100));
    const unusable = read.filter((one) => typeof one === 'string');
    return {
      addresses: read.filter((one) => typeof one !== 'string'),
      problems: unusable.length === 0 ? [] : [`keys below ${this.#folder} that hold no address: ${few(unusable)}`],
    };
  }

  async register(self: Address, signal: AbortSignal): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    const lease = this.#lease;
    if (lease !== undefined && nowMs - lease.renewedMs < this.#settings.leaseMs / 4) return;
    if (lease !== undefined && (await this.#renewed(lease, signal))) lease.renewedMs = nowMs;
    else await this.#enter(self, signal);
  }

  async release(signal: AbortSignal): Promise<void> {
    const lease = this.#lease;
    this.#lease = undefined;
    try {
      if (lease !== undefined) await this.#client.call('/v3/lease/revoke', { ID: lease.id }, signal);
    } finally {
      await this.#client.close();
    }
  }

  async #enter(self: Address, signal: AbortSignal): Promise<void> {
    this.#lease = undefined;
    const nowMs = this.#clock.monotonicMs();
    const granted = await this.#client.call('/v3/lease/grant', { TTL: String(this.#settings.leaseMs / 1000) }, signal);
    const id = textAt(granted, 'ID');
    if (id === undefined) throw new OrchestratorError('UNAVAILABLE', 'etcd grants no lease');
    const text = formatAddress(self);
    await this.#client.call('/v3/kv/put', { key: base64(this.#folder + text), value: base64(text), lease: id }, signal);
    this.#lease = { id, renewedMs: nowMs };
  }

  /** False: it has run out, and the key went with it. */
  async #renewed({ id }: Lease, signal: AbortSignal): Promise<boolean> {
    const answer = await this.#client.call('/v3/lease/keepalive', { ID: id }, signal);
    return Number(textAt(answer, 'result', 'TTL') ?? 0) > 0;
  }
}

function addressIn(text: string): Address | undefined {
  try {
    return parseAddress(text, 'etcd', 0);
  } catch {
    return undefined;
  }
}
