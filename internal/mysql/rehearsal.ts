// Servers that only seem to be changed: the same sessions send the same statements, and nobody hears them. What a server
// says is what was last known of it, carried on by what it was told.

import { OrchestratorError } from '../runtime/errors.ts';
import { compareCoordinates, nextLogFile } from '../topology/binlog-position.ts';
import { type BinlogCoordinates, type Instance, isBinlogServer, type ReplicationStatus } from '../topology/instance.ts';
import { type InstanceKey, keyText, sameKey } from '../topology/instance-key.ts';
import { type ChannelWords, channelWords } from './channel-words.ts';
import { dialectOf } from './dialect.ts';
import type { Row } from './server-connection.ts';
import { type Line, MysqlSession } from './session.ts';

/** The rows that a statement of ours waits for: every wait ends well. */
const REACHED: readonly Row[] = [{ result: 0 }];

export class RehearsalServers {
  readonly #instances: Map<string, Instance>;
  readonly #credentialsQuery: string;
  readonly #virtualName: (hostname: string) => string | undefined;

  constructor(
    instances: readonly Instance[],
    credentialsQuery: string,
    virtualName: (hostname: string) => string | undefined = () => undefined,
  ) {
    this.#virtualName = virtualName;
    this.#instances = new Map(instances.map((instance) => [keyText(instance.key), instance]));
    this.#credentialsQuery = credentialsQuery;
  }

  async probe(key: InstanceKey): Promise<Instance> {
    const instance = this.#instances.get(keyText(key));
    if (instance === undefined) throw new OrchestratorError('NOT_FOUND', `${keyText(key)} is not known`);
    return instance;
  }

  async change<T>(
    key: InstanceKey,
    _timeoutMs: number,
    _signal: AbortSignal,
    work: (session: MysqlSession) => Promise<T>,
  ): Promise<T> {
    const known = await this.probe(key);
    const dialect = dialectOf(known.version);
    const words = channelWords(dialect, known.replication?.channel ?? '');
    const line: Line = {
      read: () => this.probe(key),
      run: async (sql, values) => {
        this.#apply(key, sql, words);
        if (sql.includes('_POS_WAIT(')) this.#applyUpTo(key, { file: String(values[0]), position: Number(values[1]) });
        return REACHED;
      },
      told: async (source) => ({ ...source, hostname: this.#virtualName(source.hostname) ?? source.hostname }),
    };
    return work(new MysqlSession(line, dialect, this.#credentialsQuery, known));
  }

  async expel(): Promise<void> {}

  async fenceReady(): Promise<void> {}

  async fence(): Promise<void> {}

  #apply(key: InstanceKey, sql: string, words: ChannelWords): void {
    const { stopReceiver, startReceiver, startApplier, startReplication, stopReplication, forgetSource } = words;
    if (sql === stopReceiver) this.#replicate(key, { receiver: 'stopped' });
    if (sql === startReceiver) this.#replicate(key, { receiver: 'running' });
    if (sql === startApplier) this.#replicate(key, { applier: 'running' });
    if (sql === startReplication)
      this.#replicate(key, { receiver: 'running', applier: 'running', ...this.#stored(key) });
    if (sql === stopReplication) this.#replicate(key, { receiver: 'stopped', applier: 'stopped' });
    if (sql === 'FLUSH BINARY LOGS') this.#beginLog(key);
    if (sql === forgetSource) this.#update(key, { replication: undefined });
    if (sql.includes('read_only')) this.#update(key, { readOnly: false });
  }

  #beginLog(key: InstanceKey): void {
    const own = this.#instances.get(keyText(key))?.ownCoordinates;
    if (own !== undefined) this.#update(key, { ownCoordinates: { file: nextLogFile(own.file), position: 4 } });
  }

  /** It has received no more than it waits for. */
  #applyUpTo(key: InstanceKey, at: BinlogCoordinates): void {
    this.#replicate(key, { read: at, executed: at });
  }

  /** A binlog server that starts gets what any other one has. */
  #stored(key: InstanceKey): Partial<ReplicationStatus> {
    const servers = [...this.#instances.values()].filter(isBinlogServer);
    if (!servers.some((one) => sameKey(one.key, key))) return {};
    const [most] = servers
      .flatMap(({ replication }) => replication?.executed ?? [])
      .sort((a, b) => compareCoordinates(b, a) ?? 0);
    return most === undefined ? {} : { read: most, executed: most };
  }

  #replicate(key: InstanceKey, more: Partial<ReplicationStatus>): void {
    const replication = this.#instances.get(keyText(key))?.replication;
    if (replication !== undefined) this.#update(key, { replication: { ...replication, ...more } });
  }

  #update(key: InstanceKey, more: Partial<Instance>): void {
    const instance = this.#instances.get(keyText(key));
    if (instance !== undefined) this.#instances.set(keyText(key), { ...instance, ...more });
  }
}
