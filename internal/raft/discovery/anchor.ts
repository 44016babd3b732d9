/*
 * A record outside of the group that says which group goes by its name: made once, never changed, needed for nothing but the founding (F-16).
 * It keeps two disjoint sets of nodes that cannot see each other from founding two groups, and nodes that lost all their disks from founding
 * an empty group in the place of a former one.
 */

import { OrchestratorError } from '../../runtime/errors.ts';
import { ConsulAgent } from './consul.ts';
import { base64, EtcdClient, fromBase64 } from './etcd-client.ts';
import { expectOk } from './http-service.ts';
import { listAt, objectAt, textAt } from './json.ts';
import { KubernetesApi } from './kubernetes-api.ts';
import type { FinderSettings } from './settings.ts';

export type Claim =
  /** The record holds this id: it was made now, or before. */
  | { readonly kind: 'ours' }
  /** It holds another one. `where` is what an operator has to delete, should that group be gone for good. */
  | { readonly kind: 'taken'; readonly by: string; readonly where: string };

export interface Anchor {
  /**
   * Makes the record unless there is one.
   *
   * @throws {OrchestratorError} `UNAVAILABLE`: nobody knows whether there is one, or whether it was made just now
   */
  claim(clusterId: string, signal: AbortSignal): Promise<Claim>;
  close(): Promise<void>;
}

/** Undefined: that type of finder has no place for records. */
export function anchorFor(settings: FinderSettings, clusterName: string): Anchor | undefined {
  switch (settings.type) {
    case 'kubernetes':
      return new KubernetesAnchor(new KubernetesApi(settings), clusterName);
    case 'consul':
      return new ConsulAnchor(new ConsulAgent(settings), `${settings.serviceName}/${clusterName}/group`);
    case 'etcd':
      return new EtcdAnchor(
        new EtcdClient(settings),
        `${settings.prefix.replace(/\/+$/, '')}/${settings.serviceName}/groups/${clusterName}`,
      );
    default:
      return undefined;
  }
}

function judge(clusterId: string, found: string | undefined, where: string): Claim {
  if (found === undefined || found === '')
    throw new OrchestratorError('UNAVAILABLE', `${where} exists but holds the id of no group`);
  return found === clusterId ? { kind: 'ours' } : { kind: 'taken', by: found, where };
}

/** A Lease of the cluster's name. Its holder is the group; it is never renewed. */
class KubernetesAnchor implements Anchor {
  readonly #api: KubernetesApi;
  readonly #name: string;

  constructor(api: KubernetesApi, clusterName: string) {
    this.#api = api;
    this.#name = clusterName.toLowerCase().replaceAll(/[^a-z0-9.-]+/g, '-');
  }

  async claim(clusterId: string, signal: AbortSignal): Promise<Claim> {
    const path = `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(await this.#api.namespace())}/leases`;
    const body = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: this.#name },
      spec: { holderIdentity: clusterId },
    };
    const where = `the Lease ${this.#name}`;
    const made = await this.#api.ask({ method: 'POST', path, body }, signal);
    if (made.status !== 409) {
      expectOk(`creating ${where}`, made);
      return { kind: 'ours' };
    }
    const there = await this.#api.ask({ method: 'GET', path: `${path}/${this.#name}` }, signal);
    return judge(clusterId, textAt(expectOk(`reading ${where}`, there).json, 'spec', 'holderIdentity'), where);
  }

  close(): Promise<void> {
    return this.#api.close();
  }
}

class ConsulAnchor implements Anchor {
  readonly #agent: ConsulAgent;
  readonly #key: string;

  constructor(agent: ConsulAgent, key: string) {
    this.#agent = agent;
    this.#key = key;
  }

  async claim(clusterId: string, signal: AbortSignal): Promise<Claim> {
    const path = `/v1/kv/${this.#key.split('/').map(encodeURIComponent).join('/')}`;
    const where = `the key ${this.#key} in Consul`;
    const made = await this.#agent.ask({ method: 'PUT', path: `${path}?cas=0`, body: { clusterId } }, signal);
    if (expectOk(`creating ${where}`, made).json === true) return { kind: 'ours' };
    const there = await this.#agent.ask({ method: 'GET', path: `${path}?raw` }, signal);
    return judge(clusterId, textAt(expectOk(`reading ${where}`, there).json, 'clusterId'), where);
  }

  close(): Promise<void> {
    return this.#agent.close();
  }
}

class EtcdAnchor implements Anchor {
  readonly #client: EtcdClient;
  readonly #key: string;

  constructor(client: EtcdClient, key: string) {
    this.#client = client;
    this.#key = key;
  }

  async claim(clusterId: string, signal: AbortSignal): Promise<Claim> {
    const key = base64(this.#key);
    const transaction = {
      compare: [{ key, target: 'CREATE', result: 'EQUAL', create_revision: '0' }],
      success: [{ request_put: { key, value: base64(clusterId) } }],
      failure: [{ request_range: { key } }],
    };
    const answer = await this.#client.call('/v3/kv/txn', transaction, signal);
    if (objectAt(answer)?.succeeded === true) return { kind: 'ours' };
    const [range] = listAt(answer, 'responses');
    const [pair] = listAt(range, 'response_range', 'kvs');
    const value = textAt(pair, 'value');
    return judge(clusterId, value === undefined ? undefined : fromBase64(value), `the key ${this.#key} in etcd`);
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}
