import type { Config } from '../config/keys.ts';
import type { Observer } from '../discovery/observer.ts';
import type { Recent } from '../metrics/recent.ts';

/** Servers that do not answer are counted apart where they have a number of places of their own. */
export function sampleQueues(observer: Observer, recent: Recent, config: Config): void {
  const { others, failing } = observer.load();
  if (config.DeadInstanceDiscoveryMaxConcurrency > 0) {
    recent.queued('DEFAULT', others);
    recent.queued('DEADINSTANCES', failing);
  } else recent.queued('DEFAULT', { active: others.active + failing.active, queued: others.queued + failing.queued });
}
