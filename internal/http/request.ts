import { OrchestratorError } from '../runtime/errors.ts';
import { type ClusterSnapshot, memberOf } from '../topology/cluster.ts';
import { clusterOfAlias } from '../topology/cluster-choice.ts';
import { fuzzyKey } from '../topology/fuzzy-key.ts';
import type { WatchedInstance } from '../topology/instance.ts';
import { type InstanceKey, isUsableKey, keyText, parseKey } from '../topology/instance-key.ts';
import type { Caller } from './authentication.ts';
import type { HttpSettings, Services } from './ports.ts';

const PAGE_SIZE = 20;
/** Longest name that DNS knows. */
const HOST_LIMIT = 255;

export interface RequestParts {
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string | string[] | undefined>>;
  /** Names and values in turns, as they came. */
  readonly headers: readonly string[];
  readonly caller: Caller;
  readonly services: Pick<Services, 'snapshots' | 'canonical'>;
  readonly settings: Pick<HttpSettings, 'defaultPort'>;
}

/** What a handler asks of path, query and caller, each with its own error. */
export class Request {
  readonly caller: Caller;
  readonly headers: readonly string[];
  readonly #parts: RequestParts;

  constructor(parts: RequestParts) {
    this.#parts = parts;
    this.caller = parts.caller;
    this.headers = parts.headers;
  }

  /** Without the space around it: the shell client ends what it encodes in a line feed. */
  text(name: string): string {
    return (this.#parts.parameters[name] ?? '').trim();
  }

  /** Of all servers that the path names; of those that only a hint names, none. */
  hostnames(): readonly string[] {
    const named = Object.keys(this.#parts.parameters).filter((name) => /host$/i.test(name));
    return named.map((name) => this.text(name)).filter((hostname) => hostname !== '');
  }

  has(name: string): boolean {
    return this.#parts.parameters[name] !== undefined;
  }

  query(name: string): string {
    const value = this.#parts.query[name];
    return ((Array.isArray(value) ? value[0] : value) ?? '').trim();
  }

  /** A number of the backend's. */
  number(name: string): number {
    const text = this.text(name);
    if (!/^\d{1,15}$/.test(text)) throw bad(`Not a number: ${text}`);
    return Number(text);
  }

  /** The page that was asked for of what `all` holds. Anything but a number counts as the first page. */
  pageOf<T>(all: readonly T[]): readonly T[] {
    return all.slice(this.page() * PAGE_SIZE, (this.page() + 1) * PAGE_SIZE);
  }

  page(): number {
    const page = Number(this.text('page') || '0');
    return Number.isSafeInteger(page) && page > 0 ? page : 0;
  }

  /** A server, known or not: by its name, another name of it, or a part that only one known name holds. */
  key(host = 'host', port = 'port'): InstanceKey {
    return this.#fuzzy(this.#parts.services.canonical(this.givenKey(host, port)));
  }

  /** The key exactly as it was given. */
  givenKey(host = 'host', port = 'port'): InstanceKey {
    const given = this.text(port);
    if (!/^[+-]?\d+$/.test(given)) throw bad(`Invalid port: ${given}`);
    const key = { hostname: this.text(host), port: Number(given) };
    if (key.hostname === '') throw bad('Empty hostname');
    if (key.hostname.includes(',')) throw bad(`Will not resolve multi-hostname ${key.hostname}`);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what must not stand in a host name
    if (!isUsableKey(key) || key.hostname.length > HOST_LIMIT || /[\s\u0000-\u001f\u007f/]/.test(key.hostname))
      throw bad(`Invalid instance key: ${keyText(key).slice(0, HOST_LIMIT)}`);
    return key;
  }

  member(): { readonly snapshot: ClusterSnapshot; readonly watched: WatchedInstance } {
    const key = this.key();
    for (const snapshot of this.#parts.services.snapshots()) {
      const watched = memberOf(snapshot, key);
      if (watched !== undefined) return { snapshot, watched };
    }
    throw new OrchestratorError('NOT_FOUND', `Cannot read instance: ${keyText(key)}`);
  }

  /** By exact name, exact alias, exact instance, part of a host name; or by `:host/:port` in its place. */
  cluster(name = 'clusterHint'): ClusterSnapshot {
    if (this.has('host')) return this.member().snapshot;
    const hint = this.text(name);
    const snapshots = this.#parts.services.snapshots();
    const exact = snapshots.find((snapshot) => snapshot.name === hint) ?? clusterOfAlias(snapshots, hint);
    const found = exact ?? this.#clusterOf(hint, snapshots);
    if (found === undefined)
      throw new OrchestratorError('NOT_FOUND', `Unable to determine cluster name. clusterHint=${hint}`);
    return found;
  }

  /** By recorded alias, a cluster's name counting as one where none is set. */
  clusterByAlias(name = 'clusterAlias'): ClusterSnapshot {
    const wanted = this.text(name);
    const snapshots = this.#parts.services.snapshots();
    const found = clusterOfAlias(snapshots, wanted) ?? snapshots.find((snapshot) => snapshot.name === wanted);
    if (found === undefined)
      throw new OrchestratorError('NOT_FOUND', `Unable to determine cluster name by alias: ${wanted}`);
    return found;
  }

  #clusterOf(hint: string, snapshots: readonly ClusterSnapshot[]): ClusterSnapshot | undefined {
    try {
      const key = this.#fuzzy(this.#parts.services.canonical(parseKey(hint, this.#parts.settings.defaultPort)));
      return snapshots.find((snapshot) => memberOf(snapshot, key) !== undefined);
    } catch {
      return undefined; // not an instance either
    }
  }

  #fuzzy(key: InstanceKey): InstanceKey {
    const known = this.#parts.services
      .snapshots()
      .flatMap(({ members }) => members.map(({ instance }) => instance.key));
    return fuzzyKey(key, known);
  }
}

export function bad(message: string): OrchestratorError {
  return new OrchestratorError('BAD_REQUEST', message);
}
