import type { Inventory } from '../discovery/inventory.ts';
import type { MysqlServers } from '../mysql/servers.ts';
import type { Log } from '../runtime/log.ts';
import type { TaskGroup } from '../runtime/task-group.ts';
import { type InstanceKey, keyText } from '../topology/instance-key.ts';
import type { Settings } from './settings.ts';

export interface ReadyDeps {
  readonly settings: Settings;
  readonly inventory: Pick<Inventory, 'get'>;
  readonly servers: Pick<MysqlServers, 'keepReady' | 'dropReady'>;
  readonly tasks: TaskGroup;
  readonly log: Log;
}

/** Servers that lead others may have to be fenced one day: a connection for that is kept open while they answer. */
export function keepReady(key: InstanceKey, { settings, inventory, servers, tasks, log }: ReadyDeps): void {
  const instance = inventory.get(key)?.instance;
  if (!settings.coordinator.attempt.fenceReplacedPrimary || instance === undefined) return;
  if (instance.readOnly || instance.replicaKeys.length === 0) {
    servers.dropReady(key);
    return;
  }
  tasks.run(`ready ${keyText(key)}`, (signal) =>
    servers.keepReady(key, settings.observer.probeTimeoutMs, signal).catch((err: unknown) => {
      log.debug({ instance: keyText(key), err }, 'no second connection for fencing');
    }),
  );
}
