import { type InstanceKey, keyText } from '../topology/instance-key.ts';
import type { Change, Row } from './database.ts';
import { KEY, keyColumns, keyOf, text, whereKey } from './rows.ts';
import { toText } from './time.ts';
import type { Store } from './write-queue.ts';

export interface StoredTag {
  readonly key: InstanceKey;
  readonly name: string;
  readonly value: string;
}

/** Tables of two columns that say what one name stands for. */
const MAPS = {
  /** Cluster to its alias; one cluster per alias. */
  alias: { table: 'cluster_alias', from: 'cluster_name', to: 'alias', at: 'last_registered', unique: true },
  /** Set by hand; beats what servers suggest. */
  aliasOverride: { table: 'cluster_alias_override', from: 'cluster_name', to: 'alias' },
  domain: { table: 'cluster_domain_name', from: 'cluster_name', to: 'domain_name', at: 'last_registered' },
  /** Host name to the canonical one, and back to the one that replicas are told. */
  resolved: { table: 'hostname_resolve', from: 'hostname', to: 'resolved_hostname', at: 'resolved_timestamp' },
  unresolved: { table: 'hostname_unresolve', from: 'hostname', to: 'unresolved_hostname', at: 'last_registered' },
  value: { table: 'kv_store', from: 'store_key', to: 'store_value', at: 'last_updated' },
} as const;

const TAGS = 'database_instance_tags';

export type NameMap = keyof typeof MAPS;

/** Aliases, domains, host names, key-value pairs and tags. */
export class Names {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async all(map: NameMap): Promise<ReadonlyMap<string, string>> {
    const { table, from, to } = MAPS[map];
    const rows = await this.#store.read({ table, orderBy: from });
    return new Map(rows.map((row) => [text(row[from]), text(row[to])]));
  }

  async get(map: NameMap, name: string): Promise<string | undefined> {
    const { table, from, to } = MAPS[map];
    const [row] = await this.#store.read({ table, where: [[from, '=', name]], limit: 1 });
    return row === undefined ? undefined : text(row[to]);
  }

  /** `undefined` takes the name out. */
  async put(map: NameMap, name: string, meaning: string | undefined): Promise<void> {
    const columns: { table: string; from: string; to: string; at?: string; unique?: boolean } = MAPS[map];
    const { table, from, to, at, unique } = columns;
    if (meaning === undefined) {
      await this.#store.write([{ kind: 'delete', table, where: [[from, '=', name]] }]);
      return;
    }
    const row: Row = {
      [from]: name,
      [to]: meaning,
      ...(at === undefined ? {} : { [at]: toText(this.#store.nowMs()) }),
    };
    const taken: Change[] = unique ? [{ kind: 'delete', table, where: [[to, '=', meaning]] }] : [];
    await this.#store.write([...taken, { kind: 'upsert', table, key: [from], row }]);
  }

  /** A canonical name is no name for another one: a row that says so the other way round is older, and goes. */
  async resolved(given: string, name: string): Promise<void> {
    const at = toText(this.#store.nowMs());
    const row: Row = { hostname: given, resolved_hostname: name, resolved_timestamp: at };
    const { table } = MAPS.resolved;
    const changes: Change[] = [{ kind: 'upsert', table, key: ['hostname'], row }];
    if (given !== name) {
      const where = [
        ['hostname', '=', name],
        ['resolved_hostname', '=', given],
      ] as const;
      changes.push({ kind: 'delete', table, where });
      changes.push({ kind: 'upsert', table: 'hostname_resolve_history', key: ['resolved_hostname'], row });
    }
    await this.#store.write(changes, { expendable: true });
  }

  async clear(map: NameMap): Promise<void> {
    await this.#store.write([{ kind: 'delete', table: MAPS[map].table, where: [] }]);
  }

  /** An alias set by hand goes with its cluster. */
  async moveOverride(from: string, to: string): Promise<void> {
    const alias = await this.get('aliasOverride', from);
    if (alias === undefined || from === to) return;
    const { table } = MAPS.aliasOverride;
    await this.#store.write([
      { kind: 'upsert', table, key: ['cluster_name'], row: { cluster_name: to, alias } },
      { kind: 'delete', table, where: [['cluster_name', '=', from]] },
    ]);
  }

  /** Takes the place of what the server had under this name. */
  async tag(key: InstanceKey, name: string, value: string): Promise<void> {
    const last_updated = toText(this.#store.nowMs());
    const row = { ...keyColumns(key), tag_name: name, tag_value: value, last_updated };
    await this.#store.write([{ kind: 'upsert', table: TAGS, key: [...KEY, 'tag_name'], row }]);
  }

  /** @param value null: whatever it says */
  async untag(keys: readonly InstanceKey[], name: string, value: string | null): Promise<void> {
    const only = value === null ? [] : [['tag_value', '=', value] as const];
    await this.#store.write(
      keys.map((key) => ({
        kind: 'delete',
        table: TAGS,
        where: [...whereKey(key), ['tag_name', '=', name], ...only],
      })),
    );
  }

  /** Of no host in particular. */
  async attribute(name: string, value: string): Promise<void> {
    const submit_timestamp = toText(this.#store.nowMs());
    const row = { hostname: '*', attribute_name: name, attribute_value: value, submit_timestamp };
    await this.#store.write([{ kind: 'upsert', table: 'host_attributes', key: ['hostname', 'attribute_name'], row }]);
  }

  /** What replicas are told in place of a host; empty: nothing. */
  async virtualName(hostname: string, unresolved: string): Promise<void> {
    await this.put('unresolved', hostname, unresolved === '' ? undefined : unresolved);
    if (unresolved === '') return;
    const row = { unresolved_hostname: unresolved, hostname, last_registered: toText(this.#store.nowMs()) };
    await this.#store.write([
      { kind: 'upsert', table: 'hostname_unresolve_history', key: ['unresolved_hostname'], row },
    ]);
  }

  /** By server, then by name; of one server or of all. */
  async tags(key?: InstanceKey): Promise<readonly StoredTag[]> {
    const rows = await this.#store.read({
      table: TAGS,
      orderBy: 'tag_name',
      ...(key === undefined ? {} : { where: whereKey(key) }),
    });
    return rows
      .map((row) => ({ key: keyOf(row), name: text(row.tag_name), value: text(row.tag_value) }))
      .sort((a, b) => (keyText(a.key) < keyText(b.key) ? -1 : keyText(a.key) > keyText(b.key) ? 1 : 0));
  }
}
