// What operators, and the clock, ask for that concerns all nodes: each is a command, which is agreed on before it takes effect.

import type { Retention } from '../backend/retention.ts';
import type { Clock } from '../runtime/clock.ts';
import { OrchestratorError } from '../runtime/errors.ts';
import type { ClusterSnapshot } from '../topology/cluster.ts';
import type { Downtime } from '../topology/downtime.ts';
import type { InstanceKey } from '../topology/instance-key.ts';
import type { PromotionRule } from '../topology/promotion-rule.ts';
import type { Agreement } from './agreement.ts';

export class OperatorRequests {
  readonly #agreement: Agreement;
  readonly #clock: Pick<Clock, 'nowMs'>;

  constructor(agreement: Agreement, clock: Pick<Clock, 'nowMs'>) {
    this.#agreement = agreement;
    this.#clock = clock;
  }

  async setRecoveriesDisabled(disabled: boolean): Promise<void> {
    await this.#agreement.decide({ op: disabled ? 'disable-global-recoveries' : 'enable-global-recoveries' });
  }

  async setPromotionRule(key: InstanceKey, rule: PromotionRule): Promise<void> {
    await this.#agreement.decide({ op: 'register-candidate', key, rule });
  }

  /** One that must not run out. */
  async renewPromotionRule(key: InstanceKey, rule: PromotionRule): Promise<void> {
    await this.#agreement.decide({ op: 'register-candidate', key, rule, quiet: true });
  }

  /** Rows of an age go, on all nodes of the group. */
  async expire(retention: Retention): Promise<void> {
    await this.#agreement.decide({ op: 'expire', retention });
  }

  async beginDowntime(key: InstanceKey, owner: string, reason: string, durationMs: number): Promise<void> {
    const beginMs = this.#clock.nowMs();
    const downtime = { owner, reason, beginMs, endMs: beginMs + durationMs };
    await this.#agreement.decide({ op: 'begin-downtime', key, downtime });
  }

  /**
   * False: there was none.
   *
   * @param how what the audit calls it
   */
  async endDowntime(key: InstanceKey, how: 'end-downtime' | 'expire-downtime' = 'end-downtime'): Promise<boolean> {
    return (await this.#agreement.decide({ op: 'end-downtime', key, how })) === true;
  }

  /** One that must not run out. */
  async renewDowntime(key: InstanceKey, downtime: Downtime): Promise<void> {
    await this.#agreement.decide({ op: 'begin-downtime', key, downtime, quiet: true });
  }

  /** `undefined`: the cluster is called what its servers suggest. */
  async setAliasOverride(cluster: string, alias: string | undefined): Promise<void> {
    await this.#agreement.decide({ op: 'set-cluster-alias-manual-override', cluster, alias: alias ?? null });
  }

  /** What replicas are told in place of this host; empty: the host itself again. @throws {OrchestratorError} `BAD_REQUEST` */
  async registerVirtualName(key: InstanceKey, hostname: string): Promise<void> {
    if (!/^[\w.:-]{0,128}$/.test(hostname))
      throw new OrchestratorError('BAD_REQUEST', `not a host name: ${hostname.slice(0, 128)}`);
    await this.#agreement.decide({ op: 'register-hostname-unresolve', key, hostname });
  }

  /** False: it was not known. */
  async forget(key: InstanceKey): Promise<boolean> {
    return (await this.#agreement.decide({ op: 'forget', key })) === true;
  }

  async forgetCluster({ name, members }: ClusterSnapshot): Promise<void> {
    const keys = members.map(({ instance }) => instance.key);
    await this.#agreement.decide({ op: 'forget-cluster', cluster: name, keys });
  }

  /** Has a server watched, by all nodes. */
  async watch(key: InstanceKey): Promise<void> {
    await this.#agreement.decide({ op: 'discover', key });
  }
}
