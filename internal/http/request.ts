import { OrchestratorError } from '../runtime/errors.ts';
import { type ClusterSnapshot, memberOf } from '../topology/cluster.ts';
import type { WatchedInstance } from '../topology/instance.ts';
import { type InstanceKey, keyText, parseKey, sameKey } from '../topology/instance-key.ts';
import type { Services } from './ports.ts';

/** What a handler asks of the path and the query, each with its own error. */
export class Request {
  readonly #parameters: Readonly<Record<string, string>>;
  readonly #query: Readonly<Record<string, string | string[] | undefined>>;
  readonly #services: Services;
  readonly #defaultPort: number;

  constructor(
    parameters: Readonly<Record<string, string>>,
    query: Readonly<Record<string, string | string[] | undefined>>,
    services: Services,
    defaultPort: number,
  ) {
    this.#parameters = parameters;
    this.#query = query;
    this.#services = services;
    this.#defaultPort = defaultPort;
  }

  text(name: string): string {
    return this.#parameters[name] ?? '';
  }

  has(name: string): boolean {
    return this.#parameters[name] !== undefined;
  }

  query(name: string): string {
    const value = this.#query[name];
    return (Array.isArray(value) ? value[0] : value) ?? '';
  }

  /** A page number; anything else counts as the first page. */
  page(): number {
    const page = Number(this.text('page') || '0');
    return Number.isSafeInteger(page) && page > 0 ? page : 0;
  }

  key(host = 'host', port = 'port'): InstanceKey {
    const number = this.text(port);
    if (!/^[+-]?\d+$/.test(number)) throw bad(`Invalid port: ${number}`);
    if (this.text(host) === '') throw bad('Empty hostname');
    const key = { hostname: this.text(host).trim(), port: Number(number) };
    if (key.hostname.includes(',')) throw bad(`Will not resolve multi-hostname ${key.hostname}`);
    return this.#fuzzy(key);
  }

  member(): { readonly snapshot: ClusterSnapshot; readonly watched: WatchedInstance } {
    const key = this.key();
    for (const snapshot of this.#services.snapshots()) {
      const watched = memberOf(snapshot, key);
      if (watched !== undefined) return { snapshot, watched };
    }
    throw new OrchestratorError('NOT_FOUND', `Cannot read instance: ${keyText(key)}`);
  }

  /** By exact name, exact alias, exact instance, part of a host name; or by `:host/:port` in its place. */
  cluster(): ClusterSnapshot {
    if (this.has('host')) return this.member().snapshot;
    const hint = this.text('clusterHint');
    const snapshots = this.#services.snapshots();
    const exact = snapshots.find(({ name }) => name === hint) ?? snapshots.find(({ alias }) => alias === hint);
    if (exact !== undefined) return exact;
    try {
      const key = this.#fuzzy(parseKey(hint, this.#defaultPort));
      const found = snapshots.find((snapshot) => memberOf(snapshot, key) !== undefined);
      if (found !== undefined) return found;
    } catch {
      // not an instance either: the error below names the hint
    }
    throw new OrchestratorError('NOT_FOUND', `Unable to determine cluster name. clusterHint=${hint}`);
  }

  #fuzzy(key: InstanceKey): InstanceKey {
    const known = this.#services.snapshots().flatMap(({ members }) => members.map(({ instance }) => instance.key));
    if (known.some((one) => sameKey(one, key)) || /^\d+\.\d+\.\d+\.\d+$/.test(key.hostname)) return key;
    const like = known.filter((one) => one.port === key.port && one.hostname.includes(key.hostname));
    return like.length === 1 && like[0] !== undefined ? like[0] : key;
  }
}

export function bad(message: string): OrchestratorError {
  return new OrchestratorError('BAD_REQUEST', message);
}
