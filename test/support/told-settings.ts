// Everything that the rooms are told of a configuration, as one flat list: a change of a key shows where it arrives.

import { membershipLimits, nodeOptions } from '../../internal/app/group/node-options.ts';
import { httpSettings } from '../../internal/app/http-settings.ts';
import { foreignSettings, upgradeFrom } from '../../internal/app/own-backend.ts';
import { recentSettings } from '../../internal/app/recent-settings.ts';
import { settingsFrom } from '../../internal/app/settings-from-config.ts';
import { upkeepSettings } from '../../internal/app/upkeep-settings.ts';
import type { Config } from '../../internal/config/keys.ts';
import { defaultConfig } from '../../internal/config/load.ts';

/** By path, such as `observer.intervalMs`; a list is one value. */
export type Told = ReadonlyMap<string, unknown>;

const NODE = { hostname: 'node1', token: 't' };
const PLACE = { host: 'h', port: 1, schema: 's', login: undefined };

export async function toldOf(keys: Partial<Config>): Promise<Told> {
  const config: Config = { ...defaultConfig(), ...keys };
  const settings = settingsFrom(config, { noop: false });
  const current = { config, settings };
  const { replicationRules: _, ...http } = httpSettings(current, NODE, { get: () => 'node1.example.com' });
  const { login: backendLogin, upgrade: __, ...backend } = foreignSettings(config, PLACE);
  const { store, ...node } = await nodeOptions(config, 0);
  const { incarnation: ___, ...identity } = store.fresh; // a new one each time
  const told = new Map<string, unknown>();
  flatten(told, '', {
    ...settings,
    tokens: { ...settings.tokens, secrets: settings.tokens.secrets().map((secret) => Buffer.from(secret).toString()) },
    http,
    upkeep: upkeepSettings(current),
    recent: recentSettings(() => current),
    backend: { ...backend, login: backendLogin(), upgrade: upgradeFrom(config) },
    raft: { ...node, directory: store.directory, identity, ...membershipLimits(config) },
  });
  return told;
}

/** Where the second one differs from the first, and what it says there. */
export function differences(before: Told, after: Told): Readonly<Record<string, unknown>> {
  const paths = [...new Set([...before.keys(), ...after.keys()])];
  const differ = (path: string) => JSON.stringify(before.get(path)) !== JSON.stringify(after.get(path));
  return Object.fromEntries(paths.filter(differ).map((path) => [path, after.get(path)]));
}

function flatten(into: Map<string, unknown>, path: string, value: unknown): void {
  if (typeof value === 'function' || value === undefined) return;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) into.set(path, value);
  else for (const [name, part] of Object.entries(value)) flatten(into, path === '' ? name : `${path}.${name}`, part);
}
