import type { Inventory } from '../discovery/inventory.ts';
import type { WatchedInstance } from '../topology/instance.ts';
import { keyText } from '../topology/instance-key.ts';
import type { PromotionRule } from '../topology/promotion-rule.ts';
import type { Restored } from './ports.ts';

/** What the backend still knew, into an empty inventory: the same for the daemon and for the command line. */
export function fillInventory(inventory: Inventory, restored: Restored): void {
  inventory.restore(
    restored.instances.map((watched) => withRule(watched, restored.promotionRules.get(keyText(watched.instance.key)))),
  );
  for (const { key, ...downtime } of restored.downtimes) inventory.setDowntime(key, downtime);
  for (const [cluster, alias] of restored.aliasOverrides) inventory.setAlias(cluster, alias);
  inventory.rememberNames(restored.names);
  inventory.setMaintenances(new Map(restored.maintenances.map(({ key, endMs }) => [keyText(key), endMs])));
}

/** The server with the rule that was registered for it; the same object where nothing changes. */
export function withRule(watched: WatchedInstance, rule: PromotionRule | undefined): WatchedInstance {
  if (rule === undefined || rule === watched.instance.promotionRule) return watched;
  return { ...watched, instance: { ...watched.instance, promotionRule: rule } };
}
