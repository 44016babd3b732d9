import { CONFIG_NAMES, type Config, type ConfigName, keyOf } from './keys.ts';

export interface Reloaded {
  /** What is in force from now on. */
  readonly config: Config;
  /** Keys whose new value is in force. */
  readonly changed: readonly ConfigName[];
  /** Keys whose new value waits for a restart; the one in force is the old one. */
  readonly waiting: readonly ConfigName[];
}

/** Brings what was read into force, as far as a running process can. */
export function takeOver(inForce: Config, read: Config): Reloaded {
  const bound = (name: ConfigName) => keyOf(name).restart === true;
  const different = CONFIG_NAMES.filter((name) => JSON.stringify(inForce[name]) !== JSON.stringify(read[name]));
  const waiting = different.filter(bound);
  const kept = Object.fromEntries(waiting.map((name) => [name, inForce[name]]));
  const config = Object.freeze({ ...read, ...kept }) as Config;
  return { config, changed: different.filter((name) => !bound(name)), waiting };
}
