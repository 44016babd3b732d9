import type { Observer } from '../discovery/observer.ts';
import type { Log } from '../runtime/log.ts';
import { parseKey } from '../topology/instance-key.ts';
import type { Settings } from './settings.ts';

export interface SeedsDeps {
  readonly settings: () => Pick<Settings, 'seeds' | 'defaultPort'>;
  readonly observer: Pick<Observer, 'watch'>;
  readonly log: Log;
}

/** The servers that `DiscoverySeeds` names. Each is watched once: one that was forgotten since stays forgotten. */
export class Seeds {
  readonly #deps: SeedsDeps;
  readonly #watched = new Set<string>();

  constructor(deps: SeedsDeps) {
    this.#deps = deps;
  }

  /** To be called again when the configuration has changed. */
  watch(): void {
    const { settings, observer, log } = this.#deps;
    const { seeds, defaultPort } = settings();
    for (const seed of seeds) {
      if (this.#watched.has(seed)) continue;
      this.#watched.add(seed);
      try {
        observer.watch(parseKey(seed, defaultPort));
      } catch (err) {
        log.warn({ seed, err }, 'this entry of DiscoverySeeds names no server: skipped');
      }
    }
  }
}
