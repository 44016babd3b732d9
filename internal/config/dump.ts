import { CONFIG_NAMES, type Config, type ConfigName, keyOf } from './keys.ts';

/** Lists that the contract prints as `null` while they are empty. */
const NULL_WHEN_EMPTY: ReadonlySet<string> = new Set<ConfigName>([
  'DiscoveryIgnoreHostnameFilters',
  'DiscoveryIgnoreMasterHostnameFilters',
  'OAuthScopes',
]);
const MASK = '********';

/** The configuration in force as one line of JSON: keys of the contract first, ours after them. Passwords and tokens are masked. */
export function dumpConfig(config: Config): string {
  const shown = CONFIG_NAMES.map((name) => [name, shownValue(name, config)]);
  return escapeForHtml(JSON.stringify(Object.fromEntries(shown)));
}

function shownValue(name: ConfigName, config: Config): unknown {
  const value = config[name];
  if (keyOf(name).secret === true) return value === '' ? '' : MASK;
  return NULL_WHEN_EMPTY.has(name) && Array.isArray(value) && value.length === 0 ? null : value;
}

/** Contract: the dump may be put into a page as it is. */
function escapeForHtml(json: string): string {
  return json.replaceAll(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
