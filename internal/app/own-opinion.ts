import type { Inventory } from '../discovery/inventory.ts';
import type { Observer } from '../discovery/observer.ts';
import type { MysqlServers } from '../mysql/servers.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { TaskGroup } from '../runtime/task-group.ts';
import type { InstanceKey } from '../topology/instance-key.ts';
import { look } from './look.ts';
import { type OpinionPort, Opinions } from './opinions.ts';
import type { Settings } from './settings.ts';

export interface OwnOpinionDeps {
  readonly inventory: Inventory;
  readonly observer: () => Observer;
  readonly servers: MysqlServers;
  readonly tasks: TaskGroup;
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: Settings;
}

/** What this node sees when others ask for it, and its way to ask them. */
export function opinionsOf(deps: OwnOpinionDeps, port: OpinionPort): Opinions {
  const { inventory, observer, servers, tasks, clock, log } = deps;
  /** Those of the same cluster first. */
  const near = (key: InstanceKey) => {
    const cluster = inventory.clusterName(key);
    const isFar = (other: InstanceKey) => Number(inventory.clusterName(other) !== cluster);
    const answering = inventory.all().filter(({ valid }) => valid);
    return answering.map(({ instance }) => instance.key).sort((a, b) => isFar(a) - isFar(b));
  };
  const looking = {
    isWatched: (key: InstanceKey) => observer().isWatched(key),
    others: near,
    probe: (key: InstanceKey, timeoutMs: number) => servers.probe(observer().canonical(key), timeoutMs, tasks.signal),
  };
  return new Opinions(
    {
      ...{ port, clock, log },
      look: (key, limitMs) => look(key, limitMs, looking),
      get settings() {
        return deps.settings.opinions;
      },
    },
    clock.nowMs(),
  );
}
