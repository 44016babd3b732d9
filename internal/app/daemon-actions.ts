import type { OperationRequest } from '../operations/requests.ts';
import { OrchestratorError } from '../runtime/errors.ts';
import { type InstanceKey, isDetachedHost, keyText } from '../topology/instance-key.ts';
import type { AcknowledgeRequest, Actions, DowntimeRequest, OperationAnswer, RecoverAnswer } from './actions.ts';
import type { DaemonClient, Envelope } from './daemon-client.ts';
import { errorsOf, operationCall, regroupedOf } from './operation-call.ts';

/** Every action handed to the running daemon, in the words of its API. */
export class DaemonActions implements Actions {
  readonly #daemon: DaemonClient;

  constructor(daemon: DaemonClient) {
    this.#daemon = daemon;
  }

  async discover({ hostname, port }: InstanceKey): Promise<InstanceKey> {
    const { Details, Message } = await this.#daemon.call(['discover', hostname, port]);
    return keyOf((Details as { Key?: unknown } | null)?.Key, Message);
  }

  async forget({ hostname, port }: InstanceKey): Promise<void> {
    await this.#daemon.call(['forget', hostname, port]);
  }

  async beginDowntime({ hostname, port }: InstanceKey, request: DowntimeRequest): Promise<void> {
    await this.#daemon.call(['begin-downtime', hostname, port, ...periodOf(request)]);
  }

  async endDowntime({ hostname, port }: InstanceKey): Promise<void> {
    await this.#daemon.call(['end-downtime', hostname, port]);
  }

  async beginMaintenance({ hostname, port }: InstanceKey, request: DowntimeRequest): Promise<void> {
    await this.#daemon.call(['begin-maintenance', hostname, port, ...periodOf(request)]);
  }

  async endMaintenance({ hostname, port }: InstanceKey): Promise<void> {
    await this.#daemon.call(['end-maintenance', hostname, port]);
  }

  async setPromotionRule(...[{ hostname, port }, rule]: Parameters<Actions['setPromotionRule']>): Promise<void> {
    await this.#daemon.call(['register-candidate', hostname, port, rule]);
  }

  async recover(...[key, { designated, skipHooks }]: Parameters<Actions['recover']>): Promise<RecoverAnswer> {
    const command = skipHooks ? 'recover-lite' : 'recover';
    const answer = await this.#daemon.attempt([command, key.hostname, key.port, ...segments(designated)]);
    const message = String(answer.Message ?? '');
    if (answer.Code === 'OK') return { kind: 'promoted', successor: keyOf(answer.Details, message) };
    if (message.startsWith('Recovery not attempted')) return { kind: 'none', reason: message };
    throw new OrchestratorError('RECOVERY_FAILED', message);
  }

  async forceFailover(...[cluster, designated]: Parameters<Actions['forceFailover']>): Promise<InstanceKey> {
    const command = designated === undefined ? 'force-master-failover' : 'force-master-takeover';
    return successorOf(await this.#daemon.call([command, cluster, ...segments(designated)]));
  }

  async takeOver(...[cluster, { designated, auto }]: Parameters<Actions['takeOver']>): ReturnType<Actions['takeOver']> {
    const command = auto ? 'graceful-master-takeover-auto' : 'graceful-master-takeover';
    const answer = await this.#daemon.call([command, cluster, ...segments(designated)]);
    const at = (answer.Details as { SuccessorBinlogCoordinates?: WireCoordinates } | null)?.SuccessorBinlogCoordinates;
    return {
      successor: successorOf(answer),
      coordinates: { file: String(at?.LogFile ?? ''), position: Number(at?.LogPos ?? 0) },
      warnings: [],
    };
  }

  async operate(asked: OperationRequest): Promise<OperationAnswer> {
    const request = BELOW_ITS_SOURCE.has(asked.operation) ? await this.#below(asked) : asked;
    const { target, below } = request;
    const { segments, query } = operationCall(request);
    const { Details, Message } = await this.#daemon.call(segments, query);
    if (Array.isArray(Details)) {
      const moved = Details.map((one: { Key?: unknown }) => keyOf(one.Key, Message));
      return { subject: below ?? target, source: undefined, moved, errors: errorsOf(String(Message)) };
    }
    const regrouped = regroupedOf(String(Message));
    if (regrouped !== undefined) {
      const subject = keyOf(Details, Message);
      return { subject, source: undefined, moved: [], errors: String(Message).split('; ').slice(1), regrouped };
    }
    const { Key, MasterKey } = (Details ?? {}) as { Key?: unknown; MasterKey?: { Hostname?: unknown } };
    const subject = Key === undefined ? target : keyOf(Key, Message);
    const source = MasterKey === undefined || MasterKey.Hostname === '' ? undefined : keyOf(MasterKey, Message);
    return { subject, source, moved: [subject], errors: [] };
  }

  /** Where no other end is named it is the source that the daemon reads now: no stored one, which may have been replaced since. */
  async #below(request: OperationRequest): Promise<OperationRequest> {
    if (request.below !== undefined) return request;
    const below = sourceOf(await this.#read(request.target));
    if (below === undefined)
      throw new OrchestratorError('CONFLICT', `instance is not a replica: ${keyText(request.target)}`);
    return { ...request, below };
  }

  /** The daemon judges what it read before by what the source had afterwards. */
  async errantGtids(key: InstanceKey): Promise<string> {
    const source = sourceOf(await this.#read(key));
    if (source === undefined) return '';
    await this.#read(source);
    return String((await this.#read(key)).GtidErrant ?? '');
  }

  async #read({ hostname, port }: InstanceKey): Promise<WireInstance> {
    const { Details } = await this.#daemon.call(['discover', hostname, port]);
    return (Details ?? {}) as WireInstance;
  }

  async locateErrant({ hostname, port }: InstanceKey): Promise<readonly string[]> {
    const { Details } = await this.#daemon.call(['locate-gtid-errant', hostname, port]);
    return Array.isArray(Details) ? Details.map(String) : [];
  }

  async acknowledge(request: AcknowledgeRequest, _by: string, comment: string): Promise<number> {
    const { Message } = await this.#daemon.call(acknowledgePath(request), { comment });
    return Number(/\d+/.exec(String(Message))?.[0] ?? 0);
  }

  async setRecoveriesDisabled(disabled: boolean): Promise<void> {
    await this.#daemon.call([disabled ? 'disable-global-recoveries' : 'enable-global-recoveries']);
  }

  async tag({ hostname, port }: InstanceKey, tag: string): Promise<void> {
    await this.#daemon.call(['tag', hostname, port], { tag });
  }

  async untag(tag: string, key?: InstanceKey): Promise<readonly InstanceKey[]> {
    const path = key === undefined ? ['untag-all'] : ['untag', key.hostname, key.port];
    const { Details, Message } = await this.#daemon.call(path, { tag });
    return Array.isArray(Details) ? Details.map((one) => keyOf(one, Message)) : [];
  }

  async submitPool(pool: string, list: string): Promise<void> {
    await this.#daemon.call(['submit-pool-instances', pool], { instances: list });
  }

  async recordTopologies(): Promise<void> {
    await this.#daemon.call(['snapshot-topologies']);
  }

  async registerVirtualName({ hostname, port }: InstanceKey, virtual: string): Promise<void> {
    if (virtual === '') await this.#daemon.call(['deregister-hostname-unresolve', hostname, port]);
    else await this.#daemon.call(['register-hostname-unresolve', hostname, port, virtual]);
  }

  async submitPrimaries(cluster?: string): ReturnType<Actions['submitPrimaries']> {
    const hint = cluster === undefined ? [] : [cluster];
    const { Details } = await this.#daemon.call(['submit-masters-to-kv-stores', ...hint]);
    const pairs = (Details ?? []) as readonly { readonly Key?: unknown; readonly Value?: unknown }[];
    return pairs.map(({ Key, Value }) => ({ key: String(Key), value: String(Value) }));
  }

  async forgetResolvedNames(): Promise<void> {
    await this.#daemon.call(['reset-hostname-resolve-cache']);
  }

  interrupt(): void {
    this.#daemon.interrupt();
  }

  async close(): Promise<void> {}
}

/** Without another end, they are about the source that a replica has. */
const BELOW_ITS_SOURCE: ReadonlySet<OperationRequest['operation']> = new Set(['repoint', 'match']);

type WireInstance = { readonly MasterKey?: WireKey; readonly GtidErrant?: unknown };
type WireKey = { readonly Hostname?: unknown; readonly Port?: unknown };
type WireCoordinates = { readonly LogFile?: unknown; readonly LogPos?: unknown } | null;

function acknowledgePath(request: AcknowledgeRequest): readonly (string | number)[] {
  switch (request.of) {
    case 'all':
      return ['ack-all-recoveries'];
    case 'cluster':
      return ['ack-recovery', 'cluster', request.name];
    case 'instance':
      return ['ack-recovery', 'instance', request.key.hostname, request.key.port];
  }
}

function periodOf({ owner, reason, durationMs }: DowntimeRequest): readonly string[] {
  return [owner, reason, `${Math.round(durationMs / 1000)}s`];
}

function segments(key: InstanceKey | undefined): readonly (string | number)[] {
  return key === undefined ? [] : [key.hostname, key.port];
}

function successorOf({ Details, Message }: Envelope): InstanceKey {
  return keyOf((Details as { SuccessorKey?: unknown } | null)?.SuccessorKey, Message);
}

/** Undefined: it has none, or is kept from it. */
function sourceOf({ MasterKey }: WireInstance): InstanceKey | undefined {
  const source = { hostname: String(MasterKey?.Hostname ?? ''), port: Number(MasterKey?.Port ?? 0) };
  return source.hostname === '' || isDetachedHost(source.hostname) ? undefined : source;
}

function keyOf(wire: unknown, message: unknown): InstanceKey {
  const { Hostname, Port } = (wire ?? {}) as { Hostname?: unknown; Port?: unknown };
  if (typeof Hostname !== 'string' || Hostname === '' || typeof Port !== 'number')
    throw new OrchestratorError('CONFLICT', `the daemon names no server: ${String(message)}`);
  return { hostname: Hostname, port: Port };
}
