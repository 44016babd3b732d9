// Consul by its HTTP API: https://developer.hashicorp.com/consul/api-docs/kv and /txn. Each write is a check-and-set on the
// index that was read with it.

import { errorText, OrchestratorError } from '../runtime/errors.ts';
import { type Change, changesOf, type Held, type KeyValueStore, type PairGroup } from './store.ts';

/** One request to an HTTP service that speaks JSON. */
export interface HttpCall {
  readonly method: 'GET' | 'PUT';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** In the place of `body`: sent as it stands. */
  readonly text?: string;
}

/** The way to the service. `ask` throws `UNAVAILABLE` where it does not answer. */
export interface HttpPort {
  ask(
    origin: string,
    call: HttpCall,
    signal: AbortSignal,
  ): Promise<{ readonly status: number; readonly json: unknown; readonly excerpt: string }>;
  close(): Promise<void>;
}

export interface ConsulSettings {
  /** `scheme://host:port` of an agent. */
  readonly origin: string;
  /** Empty: none is sent. */
  readonly token: string;
  /** All changes of a cluster at once, or one by one. */
  readonly transactional: boolean;
  /** Most changes in one transaction. */
  readonly mostChanges: number;
  /** Every data centre that Consul knows, not only that of the agent. */
  readonly everywhere: boolean;
}

/** Data centre; undefined: that of the agent. */
type Place = string | undefined;

export class ConsulStore implements KeyValueStore {
  readonly name = 'Consul';
  readonly #http: HttpPort;
  readonly #settings: ConsulSettings;

  constructor(http: HttpPort, settings: ConsulSettings) {
    this.#http = http;
    this.#settings = settings;
  }

  /** One data centre that fails does not keep the others from being written. */
  async write(groups: readonly PairGroup[], confirm: () => void, signal: AbortSignal): Promise<void> {
    const own = this.#writeAt(undefined, groups, confirm, signal);
    const failures: string[] = [];
    const attempt = (what: string, work: Promise<void>) =>
      work.catch((err: unknown) => void failures.push(`${what}${errorText(err)}`));
    const others = this.#settings.everywhere ? this.#elsewhere(attempt, groups, confirm, signal) : Promise.resolve();
    await Promise.all([attempt('', own), attempt('', others)]);
    signal.throwIfAborted();
    confirm(); // why it failed, where this node may not write any more
    if (failures.length > 0) throw new OrchestratorError('UNAVAILABLE', failures.join('; '));
  }

  close(): Promise<void> {
    return this.#http.close();
  }

  async #elsewhere(
    attempt: (what: string, work: Promise<void>) => Promise<void>,
    groups: readonly PairGroup[],
    confirm: () => void,
    signal: AbortSignal,
  ): Promise<void> {
    const centers = await this.#dataCenters(signal);
    await Promise.all(
      centers.map((center) => attempt(`data centre ${center}: `, this.#writeAt(center, groups, confirm, signal))),
    );
  }

  /** All but that of the agent. */
  async #dataCenters(signal: AbortSignal): Promise<readonly string[]> {
    const [known, self] = await Promise.all([
      this.#ask({ method: 'GET', path: '/v1/catalog/datacenters' }, signal),
      this.#ask({ method: 'GET', path: '/v1/agent/self' }, signal),
    ]);
    if (known.status !== 200 || !Array.isArray(known.json)) throw refused('listing data centres', known);
    const own = self.status === 200 ? ownCenter(self.json) : undefined; // may be denied; then ours is compared twice
    return known.json.filter((one): one is string => typeof one === 'string' && one !== own);
  }

  async #writeAt(place: Place, groups: readonly PairGroup[], confirm: () => void, signal: AbortSignal): Promise<void> {
    const changed: (readonly Change[])[] = [];
    for (const group of groups.map(asConsulWants)) {
      const changes = changesOf(group, await this.#held(place, group, signal));
      if (changes.length > 0) changed.push(changes);
    }
    const { transactional, mostChanges } = this.#settings;
    for (const changes of transactional ? packed(changed, mostChanges) : changed) {
      confirm();
      if (transactional && changes.length > 1) await this.#transact(place, changes, signal);
      else for (const change of changes) await this.#put(place, change, signal);
    }
  }

  /** All keys of a cluster begin with the first one. */
  async #held(place: Place, { pairs }: PairGroup, signal: AbortSignal): Promise<ReadonlyMap<string, Held>> {
    const path = `/v1/kv/${encoded(pairs[0]?.key ?? '')}${query({ recurse: 'true' }, place)}`;
    const answer = await this.#ask({ method: 'GET', path }, signal);
    if (answer.status === 404) return new Map();
    if (answer.status !== 200 || !Array.isArray(answer.json)) throw refused('reading', answer);
    return new Map(answer.json.map(heldIn));
  }

  async #put(place: Place, { key, value, revision }: Change, signal: AbortSignal): Promise<void> {
    const path = `/v1/kv/${encoded(key)}${query({ cas: revision }, place)}`;
    const answer = await this.#ask({ method: 'PUT', path, text: value }, signal);
    if (answer.status !== 200) throw refused(`writing ${key}`, answer);
    if (answer.json !== true) throw overtaken(key);
  }

  async #transact(place: Place, changes: readonly Change[], signal: AbortSignal): Promise<void> {
    const body = changes.map(({ key, value, revision }) => ({
      KV: { Verb: 'cas', Key: key, Value: Buffer.from(value).toString('base64'), Index: Number(revision) },
    }));
    const answer = await this.#ask({ method: 'PUT', path: `/v1/txn${query({}, place)}`, body }, signal);
    if (answer.status === 409) throw overtaken(changes.map(({ key }) => key).join(', '));
    if (answer.status !== 200) throw refused('a transaction', answer);
  }

  #ask(call: HttpCall, signal: AbortSignal) {
    const { origin, token } = this.#settings;
    return this.#http.ask(origin, token === '' ? call : { ...call, headers: { 'x-consul-token': token } }, signal);
  }
}

/** Consul knows no key that begins with a slash. */
function asConsulWants({ name, pairs }: PairGroup): PairGroup {
  return { name, pairs: pairs.map(({ key, value }) => ({ key: key.replace(/^\/+/, ''), value })) };
}

/** Clusters together as long as they fit, none of them torn apart; the bound is never below what one of them needs. */
function packed(changed: readonly (readonly Change[])[], most: number): readonly (readonly Change[])[] {
  const batches: Change[][] = [];
  for (const changes of changed) {
    const last = batches.at(-1);
    if (last !== undefined && last.length + changes.length <= most) last.push(...changes);
    else batches.push([...changes]);
  }
  return batches;
}

function encoded(key: string): string {
  return key.split('/').map(encodeURIComponent).join('/');
}

function query(words: Readonly<Record<string, string>>, place: Place): string {
  const text = new URLSearchParams({ ...words, ...(place === undefined ? {} : { dc: place }) }).toString();
  return text === '' ? '' : `?${text}`;
}

function heldIn(entry: unknown): readonly [string, Held] {
  const { Key, Value, ModifyIndex } = (entry ?? {}) as Readonly<Record<string, unknown>>;
  const value = typeof Value === 'string' ? Buffer.from(Value, 'base64').toString('utf8') : ''; // null: it is empty
  return [String(Key), { value, revision: String(ModifyIndex) }];
}

function ownCenter(json: unknown): unknown {
  return (json as { readonly Config?: { readonly Datacenter?: unknown } } | null)?.Config?.Datacenter;
}

function refused(what: string, { status, excerpt }: { readonly status: number; readonly excerpt: string }) {
  return new OrchestratorError('UNAVAILABLE', `${what}: it answers ${status}${excerpt === '' ? '' : `: ${excerpt}`}`);
}

function overtaken(what: string): OrchestratorError {
  return new OrchestratorError('UNAVAILABLE', `${what}: somebody else wrote at the same moment`);
}
