import { CONFIG_KEYS, type Config, type ConfigName } from './keys.ts';

/** Keys that are bound at the start: the running process keeps what it started with. */
export const RESTART_KEYS: ReadonlySet<ConfigName> = new Set<ConfigName>([
  'Debug',
  'BackendDB',
  'SkipOrchestratorDatabaseUpdate',
  'SQLite3DataFile',
  'BackendFlushIntervalMilliseconds',
  'ListenAddress',
  'ListenSocket',
  'HTTPAdvertise',
  'URLPrefix',
  'UseSSL',
  'SSLPrivateKeyFile',
  'SSLCertFile',
  'SSLCAFile',
  'SSLSkipVerify',
  'UseMutualTLS',
  'SSLValidOUs',
  'StatusEndpoint',
  'AuthenticationMethod',
  'RaftEnabled',
  'RaftDataDir',
  'RaftBind',
  'RaftAdvertise',
  'DefaultRaftPort',
  'RaftNodes',
]);

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
  const different = (Object.keys(CONFIG_KEYS) as ConfigName[]).filter(
    (name) => JSON.stringify(inForce[name]) !== JSON.stringify(read[name]),
  );
  const waiting = different.filter((name) => RESTART_KEYS.has(name));
  const kept = Object.fromEntries(waiting.map((name) => [name, inForce[name]]));
  const config = Object.freeze({ ...read, ...kept }) as Config;
  return { config, changed: different.filter((name) => !RESTART_KEYS.has(name)), waiting };
}
