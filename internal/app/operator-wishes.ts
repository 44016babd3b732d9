// What people, and the leader in their name, said about servers and clusters, and how it takes effect on this node.

import type { Command, Stamp } from '../command/command.ts';
import type { Inventory } from '../discovery/inventory.ts';
import type { Observer } from '../discovery/observer.ts';
import type { WatchedInstance } from '../topology/instance.ts';
import { type InstanceKey, keyText, sameKey } from '../topology/instance-key.ts';
import type { PromotionRule } from '../topology/promotion-rule.ts';
import type { GroupTokens } from './group-tokens.ts';
import type { MaintenanceCommand } from './maintenance.ts';
import type { Pools } from './pools.ts';
import type { Restored, Storage } from './ports.ts';
import type { RecoveryCommand } from './recovery-ledger.ts';
import { fillInventory, withRule } from './restored-inventory.ts';

export interface OperatorWishesDeps {
  readonly storage: Storage;
  readonly restored: Restored;
  readonly inventory: Inventory;
  readonly observer: () => Pick<Observer, 'watch' | 'unwatch' | 'forget'>;
  /** Replicas are told this in place of the host from now on; empty: the host itself. */
  readonly virtualName: (hostname: string, virtual: string) => void;
  readonly pools: Pools;
  readonly tokens: GroupTokens;
  /** Something about this cluster changed. */
  readonly touched: (cluster: string) => void;
  readonly touchedAll: () => void;
}

export class OperatorWishes {
  readonly #deps: OperatorWishesDeps;
  #rules: Map<string, PromotionRule>;
  #disabled: boolean;

  constructor(deps: OperatorWishesDeps) {
    const { restored, inventory } = deps;
    this.#deps = deps;
    this.#rules = new Map(restored.promotionRules);
    this.#disabled = restored.recoveriesDisabled;
    fillInventory(inventory, restored);
  }

  get recoveriesDisabled(): boolean {
    return this.#disabled;
  }

  /** By `host:port`. */
  get promotionRules(): ReadonlyMap<string, PromotionRule> {
    return this.#rules;
  }

  /** The backend holds another state than memory does: that one counts. */
  reload(restored: Restored): void {
    const { inventory, pools, tokens, touchedAll } = this.#deps;
    pools.reload(restored.pools);
    tokens.reload(restored.tokens);
    this.#rules = new Map(restored.promotionRules);
    this.#disabled = restored.recoveriesDisabled;
    inventory.dropWishes();
    fillInventory(inventory, { ...restored, instances: inventory.all() });
    touchedAll();
  }

  /** The same server under the rule that was registered for it. */
  withRule(watched: WatchedInstance): WatchedInstance {
    return withRule(watched, this.#rules.get(keyText(watched.instance.key)));
  }

  ruleOf(key: InstanceKey): PromotionRule | undefined {
    return this.#rules.get(keyText(key));
  }

  /** Does what was agreed on. */
  apply(command: Exclude<Command, RecoveryCommand | MaintenanceCommand>, stamp: Stamp): unknown {
    const { storage, inventory, observer, touchedAll } = this.#deps;
    switch (command.op) {
      case 'discover':
        observer().watch(command.key);
        return undefined;
      case 'forget':
        return this.forget(command.key);
      case 'forget-cluster':
        for (const key of command.keys) this.forget(key);
        return undefined;
      case 'begin-downtime':
        return this.#beginDowntime(command);
      case 'end-downtime':
        return this.endDowntime(command.key, command.how);
      case 'register-candidate':
        return this.setPromotionRule(command.key, command.rule, command.quiet);
      case 'set-cluster-alias-manual-override':
        inventory.setAlias(command.cluster, command.alias ?? undefined);
        return storage.aliasOverride(command.cluster, command.alias ?? undefined);
      case 'disable-global-recoveries':
      case 'enable-global-recoveries':
        this.#disabled = command.op === 'disable-global-recoveries';
        storage.recoveriesDisabled(this.#disabled);
        return touchedAll();
      case 'put-instance-tag':
        return storage.tagged(command.key, command.name, command.value);
      case 'delete-instance-tag':
        return storage.untagged(command.keys, command.name, command.value);
      case 'register-hostname-unresolve':
        this.#deps.virtualName(command.key.hostname, command.hostname);
        return storage.virtualName(command.key.hostname, command.hostname);
      case 'submit-pool-instances':
        return this.#deps.pools.apply(command, stamp);
      case 'redeem-access-token':
        return this.#deps.tokens.apply(command, stamp);
      case 'put-key-value':
        return storage.published(command.name, command.value);
      case 'expire':
        return storage.expired(stamp.atMs, command.retention);
      case 'leader-uri':
      case 'state-digest':
        return undefined; // of the group itself, which sees to it
    }
  }

  setPromotionRule(key: InstanceKey, rule: PromotionRule, quiet = false): void {
    const { storage, inventory } = this.#deps;
    this.#rules.set(keyText(key), rule);
    storage.promotionRule(key, rule);
    if (!quiet) storage.audit('register-candidate', key, inventory.clusterName(key), rule);
    const known = inventory.get(key);
    if (known !== undefined) inventory.restore([this.withRule(known)]);
  }

  /** False: there was none. */
  endDowntime(key: InstanceKey, how: 'end-downtime' | 'expire-downtime'): boolean {
    const { storage, inventory, touched } = this.#deps;
    const had = inventory.downtimes().some((downtime) => sameKey(downtime.key, key));
    inventory.setDowntime(key, undefined);
    storage.downtime(key, undefined);
    if (had) storage.audit(how, key, inventory.clusterName(key), '');
    touched(inventory.clusterName(key));
    return had;
  }

  /** False: it was not known. */
  forget(key: InstanceKey): boolean {
    const { storage, inventory, observer } = this.#deps;
    const cluster = inventory.clusterName(key);
    observer().forget(key);
    storage.forgotten(key);
    const known = inventory.forget(key);
    if (known) storage.audit('forget', key, cluster, '');
    return known;
  }

  #beginDowntime({ key, downtime, quiet }: Extract<Command, { op: 'begin-downtime' }>): void {
    const { storage, inventory } = this.#deps;
    inventory.setDowntime(key, downtime);
    storage.downtime(key, downtime);
    if (quiet === true) return;
    const { owner, reason } = downtime;
    storage.audit('begin-downtime', key, inventory.clusterName(key), `owner: ${owner}, reason: ${reason}`);
  }
}
