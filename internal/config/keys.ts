// Every key of the configuration file, in the areas and the order of the contract; ours come last. Defaults, checks, `dump-config`
// and docs/configuration.md follow from this table. A key's row is in the file of its area, under keys/.

import { AGENTS } from './keys/agents.ts';
import { BACKEND, SQLITE } from './keys/backend.ts';
import { DISCOVERY } from './keys/discovery.ts';
import { GENERAL } from './keys/general.ts';
import { HOOKS } from './keys/hooks.ts';
import { AUTHENTICATION, HTTP, RAFT } from './keys/http.ts';
import type { ConfigKey } from './keys/key.ts';
import { CLASSIFICATION, PSEUDO_GTID, RESOLUTION } from './keys/naming.ts';
import { OWN } from './keys/own.ts';
import { AUDIT, GRAPHITE, KEY_VALUE, WEB } from './keys/publishing.ts';
import { DETECTION, RECOVERY, SEMI_SYNC } from './keys/recovery.ts';
import { SERVERS } from './keys/servers.ts';

export type { ConfigKey, ValueType } from './keys/key.ts';

/** The areas by title. */
export const AREAS: Readonly<Record<string, Readonly<Record<string, ConfigKey>>>> = {
  'General and logging': GENERAL,
  'Backend: common, and MySQL': BACKEND,
  'Backend: SQLite': SQLITE,
  'Monitored servers: login and TLS': SERVERS,
  'Discovery and probes': DISCOVERY,
  'Host names': RESOLUTION,
  Classification: CLASSIFICATION,
  'Pseudo-GTID': PSEUDO_GTID,
  'HTTP listener': HTTP,
  'Who may act': AUTHENTICATION,
  'Raft group': RAFT,
  Detection: DETECTION,
  Recovery: RECOVERY,
  Hooks: HOOKS,
  'Semi-sync': SEMI_SYNC,
  'Key-value stores': KEY_VALUE,
  Console: WEB,
  Audit: AUDIT,
  Graphite: GRAPHITE,
  'Agents (retired)': AGENTS,
  'Our own': OWN,
};

export const CONFIG_KEYS = {
  ...GENERAL,
  ...BACKEND,
  ...SQLITE,
  ...SERVERS,
  ...DISCOVERY,
  ...RESOLUTION,
  ...CLASSIFICATION,
  ...PSEUDO_GTID,
  ...HTTP,
  ...AUTHENTICATION,
  ...RAFT,
  ...DETECTION,
  ...RECOVERY,
  ...HOOKS,
  ...SEMI_SYNC,
  ...KEY_VALUE,
  ...WEB,
  ...AUDIT,
  ...GRAPHITE,
  ...AGENTS,
  ...OWN,
};

export type ConfigName = keyof typeof CONFIG_KEYS;
/** The configuration in force: every key with a value, frozen. */
export type Config = { readonly [K in ConfigName]: (typeof CONFIG_KEYS)[K]['default'] };

export const CONFIG_NAMES = Object.keys(CONFIG_KEYS) as readonly ConfigName[];

/** The row, without what is special to this one key. */
export function keyOf(name: ConfigName): ConfigKey {
  return CONFIG_KEYS[name];
}
