// etcd by the JSON form of its API (v3): https://etcd.io/docs/v3.5/dev-guide/api_grpc_gateway/. The keys of a cluster are read in one
// transaction and written in one, on top of the revisions that were read.

import { OrchestratorError } from '../runtime/errors.ts';
import { changesOf, type Held, type KeyValueStore, type PairGroup } from './store.ts';

/** The way to the cluster; throws `UNAVAILABLE`. */
export interface EtcdPort {
  call(path: string, body: object, signal: AbortSignal): Promise<unknown>;
  close(): Promise<void>;
}

interface RangeAnswer {
  readonly response_range?: {
    readonly kvs?: readonly { readonly key: string; readonly value?: string; readonly mod_revision: string }[];
  };
}

export class EtcdStore implements KeyValueStore {
  readonly name = 'etcd';
  readonly #etcd: EtcdPort;

  constructor(etcd: EtcdPort) {
    this.#etcd = etcd;
  }

  async write(groups: readonly PairGroup[], confirm: () => void, signal: AbortSignal): Promise<void> {
    for (const group of groups) {
      const changes = changesOf(group, await this.#held(group, signal));
      if (changes.length === 0) continue;
      confirm();
      const compare = changes.map(({ key, revision }) => ({
        ...{ key: base64(key), target: 'MOD', result: 'EQUAL', mod_revision: revision },
      }));
      const success = changes.map(({ key, value }) => ({ request_put: { key: base64(key), value: base64(value) } }));
      const answer = await this.#etcd.call('/v3/kv/txn', { compare, success }, signal);
      if ((answer as { readonly succeeded?: unknown } | null)?.succeeded !== true)
        throw new OrchestratorError('UNAVAILABLE', `${group.name}: somebody else wrote at the same moment`);
    }
  }

  close(): Promise<void> {
    return this.#etcd.close();
  }

  async #held({ pairs }: PairGroup, signal: AbortSignal): Promise<ReadonlyMap<string, Held>> {
    const success = pairs.map(({ key }) => ({ request_range: { key: base64(key) } }));
    const answer = await this.#etcd.call('/v3/kv/txn', { success }, signal);
    const { responses = [] } = (answer ?? {}) as { readonly responses?: readonly RangeAnswer[] };
    const found = responses.flatMap(({ response_range }) => response_range?.kvs ?? []);
    return new Map(
      found.map(({ key, value = '', mod_revision }) => [text(key), { value: text(value), revision: mod_revision }]),
    );
  }
}

function base64(plain: string): string {
  return Buffer.from(plain, 'utf8').toString('base64');
}

function text(coded: string): string {
  return Buffer.from(coded, 'base64').toString('utf8');
}
