import type { ServerSession, Servers } from '../../internal/recovery/ports.ts';
import type { Instance, ReplicationStatus } from '../../internal/topology/instance.ts';
import { type InstanceKey, keyText, sameKey } from '../../internal/topology/instance-key.ts';

/** Called before and after each act on a server, for instance `h2 drain` and `h2 drain done`; throws to make it fail. */
export type Saboteur = (act: string, servers: FakeServers) => void;

/** A fleet of servers in memory: what is done to them is written down, and what they say afterwards agrees with it. */
export class FakeServers implements Servers {
  /** Acts in the order in which they were done, for instance `h2 stopReceiver`. */
  readonly acts: string[] = [];
  readonly #instances = new Map<string, Instance>();
  readonly #down = new Set<string>();
  readonly #saboteur: Saboteur;

  constructor(instances: readonly Instance[], saboteur: Saboteur = () => undefined) {
    for (const instance of instances) this.#instances.set(keyText(instance.key), instance);
    this.#saboteur = saboteur;
  }

  get(key: InstanceKey): Instance {
    const instance = this.#instances.get(keyText(key));
    if (instance === undefined) throw new Error(`no such server: ${keyText(key)}`);
    return instance;
  }

  /** As it is from now on. */
  set(instance: Instance): void {
    this.#instances.set(keyText(instance.key), instance);
  }

  kill(key: InstanceKey): void {
    this.#down.add(keyText(key));
  }

  /** What somebody else does to the replication of a server. */
  meddle(key: InstanceKey, more: Partial<ReplicationStatus>): void {
    const { replication, ...rest } = this.get(key);
    this.#instances.set(keyText(key), { ...rest, replication: replication && { ...replication, ...more } });
  }

  revive(key: InstanceKey): void {
    this.#down.delete(keyText(key));
  }

  probe(key: InstanceKey): Promise<Instance> {
    return this.#answer(key, () => this.get(key));
  }

  async change<T>(
    key: InstanceKey,
    _timeoutMs: number,
    _signal: AbortSignal,
    work: (session: ServerSession) => Promise<T>,
  ): Promise<T> {
    await this.#answer(key, () => undefined);
    return work(this.#session(key));
  }

  expel(key: InstanceKey): Promise<void> {
    return this.#answer(key, () => {
      this.acts.push(`${key.hostname} expel`);
      this.#saboteur(`${key.hostname} expel`, this);
    });
  }

  fenceReady(): Promise<void> {
    return Promise.reject(new Error('no connection is ready'));
  }

  fence(key: InstanceKey): Promise<void> {
    return this.#session(key).setReadOnly(true);
  }

  /** A source knows how many of its replicas acknowledge. */
  #countAcknowledging(replica: InstanceKey): void {
    const source = this.get(replica).replication?.source;
    const primary = source && this.#instances.get(keyText(source));
    if (primary === undefined) return;
    const sourceClients = [...this.#instances.values()].filter(
      ({ replication, semiSync }) => sameKey(replication?.source, primary.key) && semiSync.replicaActive,
    ).length;
    this.#instances.set(keyText(primary.key), { ...primary, semiSync: { ...primary.semiSync, sourceClients } });
  }

  async #answer<T>(key: InstanceKey, answer: () => T): Promise<T> {
    await Promise.resolve();
    if (this.#down.has(keyText(key))) throw new Error(`cannot connect to ${keyText(key)}`);
    return answer();
  }

  #session(key: InstanceKey): ServerSession {
    const act = async <T>(name: string, effect: (instance: Instance) => { instance?: Instance; answer: T }) => {
      this.#saboteur(`${key.hostname} ${name}`, this);
      const answer = await this.#answer(key, () => {
        this.acts.push(`${key.hostname} ${name}`);
        const { instance, answer } = effect(this.get(key));
        if (instance !== undefined) this.#instances.set(keyText(key), instance);
        return answer;
      });
      this.#saboteur(`${key.hostname} ${name} done`, this);
      return answer;
    };
    const set = (name: string, more: (instance: Instance) => Partial<Instance>) =>
      act(name, (instance) => ({ instance: { ...instance, ...more(instance) }, answer: undefined }));
    const threads = (name: string, more: Partial<ReplicationStatus>) =>
      set(name, ({ replication }) => ({ replication: replication && { ...replication, ...more } }));
    return {
      statements: [],
      read: () => this.#answer(key, () => this.get(key)),
      stopReceiver: () => threads('stopReceiver', { receiver: 'stopped' }),
      stopReceiverSoon: () => threads('stopReceiver', { receiver: 'stopped' }),
      stopReplication: () => threads('stopReplication', { receiver: 'stopped', applier: 'stopped' }),
      startApplier: () => threads('startApplier', { applier: 'running' }),
      startReplication: () => threads('startReplication', { receiver: 'running', applier: 'running' }),
      drain: () => act('drain', (instance) => ({ instance: { ...instance, ...appliedAll(instance) }, answer: true })),
      waitApplied: () => act('waitApplied', () => ({ answer: true })),
      pointTo: (source, _login, at) => {
        if (at === 'gtid')
          return threads(`pointTo ${source.hostname} by GTID`, { source, sourceUuid: '', gtid: 'mysql' });
        const text = `pointTo ${source.hostname}${at === undefined ? '' : ` at ${at.file}:${at.position}`}`;
        return threads(text, { source, sourceUuid: '', ...(at === undefined ? {} : { read: at, executed: at }) });
      },
      replicationLogin: () => act('replicationLogin', () => ({ answer: { user: 'repl', password: 'secret' } })),
      detachSource: () =>
        set('detachSource', ({ replication }) => ({
          replication: replication && {
            ...replication,
            source: { ...replication.source, hostname: `//${replication.source.hostname}` },
          },
        })),
      forgetSource: () => set('forgetSource', () => ({ replication: undefined })),
      setReadOnly: (readOnly) => set(`setReadOnly ${readOnly}`, () => ({ readOnly, superReadOnly: readOnly })),
      setSemiSyncSource: (sourceEnabled) =>
        set(`setSemiSyncSource ${sourceEnabled}`, ({ semiSync }) => ({ semiSync: { ...semiSync, sourceEnabled } })),
      setSemiSyncReplica: (replicaEnabled) =>
        set(`setSemiSyncReplica ${replicaEnabled}`, ({ semiSync }) => ({ semiSync: { ...semiSync, replicaEnabled } })),
      writeNothing: () => act('writeNothing', () => ({ answer: undefined })),
      restartReceiver: async () => {
        await set('restartReceiver', ({ replication, semiSync }) => ({
          replication: replication && { ...replication, receiver: 'running' },
          semiSync: { ...semiSync, replicaActive: semiSync.replicaEnabled },
        }));
        this.#countAcknowledging(key);
      },
      endClientSessions: () => act('endClientSessions', () => ({ answer: [] })),
      applyUpTo: (at) =>
        act(`applyUpTo ${at.file}:${at.position}`, (instance) => {
          const { replication } = instance;
          return { instance: { ...instance, replication: replication && { ...replication, read: at } }, answer: true };
        }),
      beginLog: (file) =>
        act(`beginLog ${file}`, (instance) => {
          return { instance: { ...instance, ownCoordinates: { file, position: 4 } }, answer: undefined };
        }),
    };
  }
}

function appliedAll({ replication }: Instance): Partial<Instance> {
  return replication?.gtid === 'none' ? { replication: { ...replication, executed: replication.read } } : {};
}
