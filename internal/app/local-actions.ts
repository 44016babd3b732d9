// Acting without a daemon: the same orchestrator, passive. Nothing stored is taken for true: the servers that an action is
// about are read first, and read again afterwards, so that the backend holds what was found.

import type { TopologyHistory } from '../backend/topology-history.ts';
import type { OperationRequest } from '../operations/requests.ts';
import type { RecoveryRecord } from '../recovery/book.ts';
import type { Gate } from '../recovery/gates.ts';
import { OrchestratorError } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import { type ClusterSnapshot, leaderOf, memberOf } from '../topology/cluster.ts';
import { sourceKey } from '../topology/instance.ts';
import { type InstanceKey, keyText, sameKey } from '../topology/instance-key.ts';
import type { AcknowledgeRequest, Actions, DowntimeRequest, OperationAnswer, RecoverAnswer } from './actions.ts';
import type { InstanceTags } from './instance-tags.ts';
import type { Orchestrator } from './orchestrator.ts';
import type { Publishing } from './publishing.ts';

/** How long a command waits for key-value stores that were told of a promotion. */
const PUBLISHED_MS = 5_000;

export interface LocalParts {
  readonly orchestrator: Orchestrator;
  readonly publishing: Publishing;
  readonly tags: InstanceTags;
  readonly history: TopologyHistory;
  readonly log: Log;
}

export class LocalActions implements Actions {
  readonly #orchestrator: Orchestrator;
  readonly #publishing: Publishing;
  readonly #tags: InstanceTags;
  readonly #history: TopologyHistory;
  readonly #log: Log;

  constructor({ orchestrator, publishing, tags, history, log }: LocalParts) {
    this.#orchestrator = orchestrator;
    this.#publishing = publishing;
    this.#tags = tags;
    this.#history = history;
    this.#log = log;
  }

  async discover(key: InstanceKey): Promise<InstanceKey> {
    const { observer, tasks } = this.#orchestrator;
    return (await observer.probeNow(key, tasks.signal)).key;
  }

  async forget(key: InstanceKey): Promise<void> {
    if (!(await this.#orchestrator.requests.forget(key))) throw notFound(`Unknown instance: ${keyText(key)}`);
  }

  async beginDowntime(key: InstanceKey, { owner, reason, durationMs }: DowntimeRequest): Promise<void> {
    await this.#orchestrator.requests.beginDowntime(key, owner, reason, durationMs);
  }

  async endDowntime(key: InstanceKey): Promise<void> {
    await this.#orchestrator.requests.endDowntime(key);
  }

  async beginMaintenance(key: InstanceKey, { owner, reason, durationMs }: DowntimeRequest): Promise<void> {
    await this.#orchestrator.maintenance.begin(key, owner, reason, durationMs);
  }

  async endMaintenance(key: InstanceKey): Promise<void> {
    await this.#orchestrator.maintenance.end(key);
  }

  async setPromotionRule(...[key, rule]: Parameters<Actions['setPromotionRule']>): Promise<void> {
    await this.#orchestrator.requests.setPromotionRule(key, rule);
  }

  async recover(...[key, options]: Parameters<Actions['recover']>): Promise<RecoverAnswer> {
    await this.#survey(this.#clusterOf(key));
    const snapshot = this.#clusterOf(key);
    const done = await this.#orchestrator.recovery.recoverNow(snapshot, key, { command: 'recover', ...options });
    if (done === undefined) return { kind: 'none', reason: `nothing to recover on ${keyText(key)}` };
    if (done.kind === 'refused') return { kind: 'none', reason: inTheWay(done.gate) };
    await this.#survey(snapshot);
    return { kind: 'promoted', successor: this.#successor(done.record) };
  }

  async forceFailover(...[cluster, designated]: Parameters<Actions['forceFailover']>): Promise<InstanceKey> {
    const snapshot = await this.#surveyed(cluster);
    const primary = leaderOf(snapshot);
    if (primary === undefined) throw refused(`cluster ${snapshot.name} does not have exactly one master`);
    const done = await this.#orchestrator.recovery.recoverNow(snapshot, primary.instance.key, {
      code: 'DeadMaster',
      command: designated === undefined ? 'force-master-failover' : 'force-master-takeover',
      ...(designated === undefined ? {} : { designated }),
    });
    if (done === undefined) throw refused('nothing to recover');
    if (done.kind === 'refused') throw refused(inTheWay(done.gate));
    await this.#survey(snapshot);
    return this.#successor(done.record);
  }

  async takeOver(...[cluster, options]: Parameters<Actions['takeOver']>): ReturnType<Actions['takeOver']> {
    const { recovery, inventory } = this.#orchestrator;
    const snapshot = await this.#surveyed(cluster);
    const { record, warnings } = await recovery.takeover.run({ snapshot, ...options }, recovery.office);
    await this.#survey(snapshot);
    const successor = this.#successor(record);
    const now = inventory.get(successor)?.instance.ownCoordinates;
    return { successor, coordinates: record.successorCoordinates ?? now ?? { file: '', position: 0 }, warnings };
  }

  async operate(request: OperationRequest): Promise<OperationAnswer> {
    const { operations, inventory, recovery } = this.#orchestrator;
    const done = await operations.run(request, recovery.office.signal);
    const known = inventory.get(done.subject)?.instance;
    return { ...done, source: known && sourceKey(known) };
  }

  errantGtids(key: InstanceKey): Promise<string> {
    return this.#orchestrator.operations.errantNow(key, this.#orchestrator.tasks.signal);
  }

  locateErrant(key: InstanceKey): Promise<readonly string[]> {
    return this.#orchestrator.operations.locateErrant(key, this.#orchestrator.tasks.signal);
  }

  async acknowledge(request: AcknowledgeRequest, by: string, comment: string): Promise<number> {
    const picked = await this.#orchestrator.recovery.acknowledge((record) => isMeant(record, request), by, comment);
    return picked.length;
  }

  async setRecoveriesDisabled(disabled: boolean): Promise<void> {
    await this.#orchestrator.requests.setRecoveriesDisabled(disabled);
  }

  async tag(key: InstanceKey, tag: string): Promise<void> {
    await this.#tags.tag(key, tag);
  }

  async untag(tag: string, key?: InstanceKey): Promise<readonly InstanceKey[]> {
    return this.#tags.untag(tag, key);
  }

  async submitPool(pool: string, list: string): Promise<void> {
    await this.#orchestrator.pools.submit(pool, list);
  }

  async recordTopologies(): Promise<void> {
    await this.#history.record(this.#orchestrator.snapshots());
  }

  async registerVirtualName(key: InstanceKey, hostname: string): Promise<void> {
    await this.#orchestrator.requests.registerVirtualName(key, hostname);
  }

  async submitPrimaries(cluster?: string): ReturnType<Actions['submitPrimaries']> {
    if (cluster !== undefined) return this.#publishing.submit(await this.#surveyed(cluster));
    await Promise.all(this.#orchestrator.snapshots().map((snapshot) => this.#survey(snapshot)));
    return this.#publishing.submit();
  }

  async forgetResolvedNames(): Promise<void> {
    await this.#orchestrator.forgetResolvedNames();
  }

  interrupt(): void {
    void this.#orchestrator.leaveOffice();
    void this.#orchestrator.tasks.stop();
  }

  async close(): Promise<void> {
    await this.#orchestrator.recovery
      .settle()
      .catch((err: unknown) =>
        this.#log.error({ err }, 'a recovery stays open: a daemon started on this backend finishes it'),
      );
    await this.#publishing.settled(PUBLISHED_MS);
    await this.#publishing.stop();
    await this.#orchestrator.stop();
  }

  #clusterOf(key: InstanceKey): ClusterSnapshot {
    const found = this.#orchestrator.snapshots().find((snapshot) => memberOf(snapshot, key) !== undefined);
    if (found === undefined) throw notFound(`Unknown instance: ${keyText(key)}`);
    return found;
  }

  /** The cluster that the servers of the named one form now. What they say may have given it another name. */
  async #surveyed(name: string): Promise<ClusterSnapshot> {
    const [first] = this.#orchestrator.snapshots().find((snapshot) => snapshot.name === name)?.members ?? [];
    if (first === undefined) throw notFound(`Unknown cluster: ${name}`);
    await this.#survey(this.#clusterOf(first.instance.key));
    return this.#clusterOf(first.instance.key);
  }

  /** Reads every member, at the same time, each under the deadline of a probe. Who does not answer is not valid. */
  async #survey({ members }: ClusterSnapshot): Promise<void> {
    const { observer, tasks } = this.#orchestrator;
    await Promise.allSettled(members.map(({ instance }) => observer.probeNow(instance.key, tasks.signal)));
  }

  #successor(record: RecoveryRecord): InstanceKey {
    if (!record.successful || record.successor === undefined)
      throw new OrchestratorError('RECOVERY_FAILED', `nothing was promoted: ${record.errors.join('; ')}`);
    if (this.#orchestrator.recovery.fences.isWatched(record.failed))
      this.#log.error(
        { instance: keyText(record.failed) },
        'the replaced master does not answer: keep a daemon running on this backend, which makes it read-only when it comes back',
      );
    return record.successor;
  }
}

function isMeant({ cluster, alias, failed }: RecoveryRecord, request: AcknowledgeRequest): boolean {
  switch (request.of) {
    case 'all':
      return true;
    case 'cluster':
      return cluster === request.name || alias === request.alias;
    case 'instance':
      return sameKey(failed, request.key);
  }
}

function inTheWay({ name, value }: Gate): string {
  const remedy = name === 'none open' ? '; a daemon started on this backend finishes it' : '';
  return `${name}: ${value}${remedy}`;
}

function notFound(message: string): OrchestratorError {
  return new OrchestratorError('NOT_FOUND', message);
}

function refused(message: string): OrchestratorError {
  return new OrchestratorError('RECOVERY_REFUSED', message);
}
