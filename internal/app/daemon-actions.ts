import { OrchestratorError } from '../runtime/errors.ts';
import type { InstanceKey } from '../topology/instance-key.ts';
import type { AcknowledgeRequest, Actions, DowntimeRequest, RecoverAnswer } from './actions.ts';
import type { DaemonClient, Envelope } from './daemon-client.ts';

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

  async acknowledge(request: AcknowledgeRequest, _by: string, comment: string): Promise<number> {
    const { Message } = await this.#daemon.call(acknowledgePath(request), { comment });
    return Number(/\d+/.exec(String(Message))?.[0] ?? 0);
  }

  async setRecoveriesDisabled(disabled: boolean): Promise<void> {
    await this.#daemon.call([disabled ? 'disable-global-recoveries' : 'enable-global-recoveries']);
  }

  async forgetResolvedNames(): Promise<void> {
    await this.#daemon.call(['reset-hostname-resolve-cache']);
  }

  interrupt(): void {
    this.#daemon.interrupt();
  }

  async close(): Promise<void> {}
}

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

function keyOf(wire: unknown, message: unknown): InstanceKey {
  const { Hostname, Port } = (wire ?? {}) as { Hostname?: unknown; Port?: unknown };
  if (typeof Hostname !== 'string' || Hostname === '' || typeof Port !== 'number')
    throw new OrchestratorError('CONFLICT', `the daemon names no server: ${String(message)}`);
  return { hostname: Hostname, port: Port };
}
