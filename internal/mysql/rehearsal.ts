// Servers that only seem to be changed: the same sessions send the same statements, and nobody hears them. What a server
// says is what was last known of it, carried on by what it was told.

import { OrchestratorError } from '../runtime/errors.ts';
import type { Instance, ReplicationStatus } from '../topology/instance.ts';
import { type InstanceKey, keyText } from '../topology/instance-key.ts';
import { type ChannelWords, channelWords } from './channel-words.ts';
import { dialectOf } from './dialect.ts';
import type { Row } from './server-connection.ts';
import { channelOf, type Line, MysqlSession } from './session.ts';

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
      run: async (sql) => {
        this.#apply(key, sql, words);
        return REACHED;
      },
      told: async (source) => ({ ...source, hostname: this.#virtualName(source.hostname) ?? source.hostname }),
    };
    return work(new MysqlSession(line, dialect, this.#credentialsQuery, known));
  }

  async expel(): Promise<void> {}

  async stopReceiverSoon(key: InstanceKey): Promise<string> {
    const known = await this.probe(key);
    return channelWords(dialectOf(known.version), channelOf(known)).stopReceiver;
  }

  async fenceReady(): Promise<void> {}

  async fence(): Promise<void> {}

  #apply(key: InstanceKey, sql: string, words: ChannelWords): void {
    const { stopReceiver, startApplier, startReplication, forgetSource } = words;
    if (sql === stopReceiver) this.#replicate(key, { receiver: 'stopped' });
    if (sql === startApplier) this.#replicate(key, { applier: 'running' });
    if (sql === startReplication) this.#replicate(key, { receiver: 'running', applier: 'running' });
    if (sql === forgetSource) this.#update(key, { replication: undefined });
    if (sql.includes('read_only')) this.#update(key, { readOnly: false });
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
