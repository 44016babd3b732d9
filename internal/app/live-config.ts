import { takeOver } from '../config/changes.ts';
import type { Config } from '../config/keys.ts';
import type { LoadedConfig } from '../config/load.ts';
import type { Log } from '../runtime/log.ts';
import type { Settings } from './settings.ts';
import { type GivenFlags, settingsFrom } from './settings-from-config.ts';

/** What is in force now. Read through this object at the time of use: a reload exchanges both values. */
export interface Current {
  readonly config: Config;
  readonly settings: Settings;
}

export interface LiveConfigDeps extends GivenFlags {
  readonly config: Config;
  /** Reads the files again, and `extra` on top of them. @throws {OrchestratorError} `CONFIG_INVALID` */
  readonly load: (extra?: string) => LoadedConfig;
  /** The new values are in force. */
  readonly onReloaded: (message: string) => void;
  readonly log: Log;
}

export interface ReloadReport {
  /** Keys whose new value is in force. */
  readonly changed: readonly string[];
  /** Keys whose new value waits for a restart. */
  readonly waiting: readonly string[];
  readonly warnings: readonly string[];
}

/** The configuration of a running daemon. A reload either brings all of the files into force or nothing of them. */
export class LiveConfig implements Current {
  readonly #deps: LiveConfigDeps;
  #config: Config;
  #settings: Settings;

  /** @throws {OrchestratorError} `CONFIG_INVALID` */
  constructor(deps: LiveConfigDeps) {
    this.#deps = deps;
    this.#config = deps.config;
    this.#settings = settingsFrom(deps.config, deps);
  }

  get config(): Config {
    return this.#config;
  }

  get settings(): Settings {
    return this.#settings;
  }

  /**
   * Reads the files again. The result is that of a start with them: a key that left the file has its default again. `extra` is
   * read on top of them, this once.
   *
   * @throws {OrchestratorError} `CONFIG_INVALID`; the values in force stay.
   */
  reload(extra?: string): ReloadReport {
    const { log, onReloaded } = this.#deps;
    const { changed, waiting, warnings } = this.#exchange(extra);
    for (const warning of warnings) log.warn({ warning }, 'configuration');
    if (waiting.length > 0) log.warn({ keys: waiting }, 'configuration: restart to bring these keys into force');
    log.info({ changed }, 'configuration reloaded');
    onReloaded(`changed: ${listOf(changed)}; after a restart: ${listOf(waiting)}`);
    return { changed, waiting, warnings };
  }

  #exchange(extra: string | undefined): ReloadReport {
    const { load, log } = this.#deps;
    try {
      const { config: read, warnings } = load(extra);
      const { config, changed, waiting } = takeOver(this.#config, read);
      this.#settings = settingsFrom(config, this.#deps); // may still refuse: a certificate that cannot be read
      this.#config = config;
      return { changed, waiting, warnings };
    } catch (err) {
      log.error({ err }, 'configuration not reloaded: the values in force stay');
      throw err;
    }
  }
}

function listOf(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.join(', ');
}
