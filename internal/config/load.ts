import { readFileSync } from 'node:fs';
import { type ParseError, parse as parseJson, printParseErrorCode } from 'jsonc-parser';
import { OrchestratorError } from '../runtime/errors.ts';
import { CONFIG_KEYS, type Config, type ConfigKey, type ConfigName } from './keys.ts';

export interface LoadedConfig {
  readonly config: Config;
  /** One line for each key that is unknown or has no effect. */
  readonly warnings: readonly string[];
  readonly files: readonly string[];
}

const SEARCH = ['/etc/orchestrator.conf.json', 'conf/orchestrator.conf.json', 'orchestrator.conf.json'] as const;
const byLowerName = new Map(Object.keys(CONFIG_KEYS).map((name) => [name.toLowerCase(), name as ConfigName]));

export function defaultConfig(): Config {
  return Object.freeze(
    Object.fromEntries(Object.entries(CONFIG_KEYS).map(([name, key]) => [name, key.default])),
  ) as Config;
}

/**
 * Reads one named file, or those of the search path that exist, later ones over earlier ones, key by key.
 *
 * @throws {OrchestratorError} `CONFIG_INVALID`; the message names file, line, key and what was expected.
 */
export function loadConfig(options: {
  readonly file?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}): LoadedConfig {
  const files: string[] = [];
  const warnings: string[] = [];
  const values: Record<string, unknown> = { ...defaultConfig() };
  for (const file of options.file === undefined ? SEARCH : [options.file]) {
    const text = readText(file, options.file !== undefined);
    if (text === undefined) continue;
    files.push(file);
    merge(values, parseFile(file, text), file, text, warnings);
  }
  const config = adjust(values as Config, options.env);
  return { config: Object.freeze(config), warnings, files };
}

function readText(file: string, required: boolean): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    if (!required) return undefined;
    throw new OrchestratorError('CONFIG_INVALID', `cannot read the configuration file ${file}`, { cause });
  }
}

function parseFile(file: string, text: string): Record<string, unknown> {
  const errors: ParseError[] = [];
  const value: unknown = parseJson(text, errors, { allowTrailingComma: true });
  const [first] = errors;
  if (first !== undefined)
    throw invalid(`${file}:${lineAt(text, first.offset)}: ${printParseErrorCode(first.error)}: not valid JSON here`);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid(`${file}: expected one JSON object`);
  return value as Record<string, unknown>;
}

function merge(
  values: Record<string, unknown>,
  read: Record<string, unknown>,
  file: string,
  text: string,
  warnings: string[],
): void {
  for (const [given, value] of Object.entries(read)) {
    if (given.startsWith('#') || given.startsWith('_')) continue;
    const name = given in CONFIG_KEYS ? (given as ConfigName) : byLowerName.get(given.toLowerCase());
    const line = lineAt(text, text.indexOf(`"${given}"`));
    if (name === undefined) {
      warnings.push(`${file}:${line}: unknown key ${given}: ignored`);
      continue;
    }
    const key: ConfigKey = CONFIG_KEYS[name];
    if (key.mark === 'retired' && JSON.stringify(value) !== JSON.stringify(key.default))
      warnings.push(`${file}:${line}: ${name} has no effect any more`);
    if (value === null) {
      if (key.type === 'string[]') values[name] = [];
      if (key.type === 'map') values[name] = {};
      continue;
    }
    if (!fits(value, key))
      throw invalid(`${file}:${line}: ${name} must be ${EXPECTED[key.type]}, not ${JSON.stringify(value)}`);
    values[name] = key.type === 'map' ? { ...(values[name] as object), ...(value as object) } : value;
  }
}

const EXPECTED: Record<ConfigKey['type'], string> = {
  bool: 'true or false',
  int: 'a whole number',
  uint: 'a whole number, 0 or more',
  float: 'a number',
  string: 'a text',
  'string[]': 'a list of texts',
  map: 'an object of texts',
};

function fits(value: unknown, key: ConfigKey): boolean {
  switch (key.type) {
    case 'bool':
      return typeof value === 'boolean';
    case 'int':
      return Number.isSafeInteger(value);
    case 'uint':
      return Number.isSafeInteger(value) && (value as number) >= 0;
    case 'float':
      return typeof value === 'number';
    case 'string':
      return typeof value === 'string';
    case 'string[]':
      return Array.isArray(value) && value.every((item) => typeof item === 'string');
    case 'map':
      return (
        typeof value === 'object' &&
        !Array.isArray(value) &&
        Object.values(value as object).every((item) => typeof item === 'string')
      );
  }
}

/** What follows from several keys together: credentials, synonyms, contradictions. */
function adjust(values: Config, env: Readonly<Record<string, string | undefined>>): Config {
  const config: { -readonly [K in ConfigName]: Config[K] } = { ...values };
  if (config.MySQLTopologyCredentialsConfigFile !== '') {
    const { user, password } = readCredentials(config.MySQLTopologyCredentialsConfigFile);
    config.MySQLTopologyUser = user;
    config.MySQLTopologyPassword = password;
  }
  config.MySQLTopologyPassword = substitute(config.MySQLTopologyPassword, env);
  config.MySQLOrchestratorPassword = substitute(config.MySQLOrchestratorPassword, env);
  if (config.RecoveryPeriodBlockSeconds === 0 && config.RecoveryPeriodBlockMinutes > 0) {
    config.RecoveryPeriodBlockSeconds = 60 * config.RecoveryPeriodBlockMinutes;
  }
  if (config.FailMasterPromotionIfSQLThreadNotUpToDate && config.DelayMasterPromotionIfSQLThreadNotUpToDate) {
    throw invalid(
      'FailMasterPromotionIfSQLThreadNotUpToDate and DelayMasterPromotionIfSQLThreadNotUpToDate exclude each other: set one of them',
    );
  }
  if (config.FailMasterPromotionOnLagMinutes > 0 && config.ReplicationLagQuery === '') {
    throw invalid('FailMasterPromotionOnLagMinutes needs ReplicationLagQuery: without it lag is not measured');
  }
  return config;
}

/** A value that holds `${NAME}` is replaced whole by that environment variable. */
function substitute(value: string, env: Readonly<Record<string, string | undefined>>): string {
  const match = /\$\{(.*)\}/.exec(value);
  return match === null ? value : (env[match[1] ?? ''] ?? '');
}

/** Section `[client]` of a file in the form of a client option file: `user` and `password`. */
function readCredentials(file: string): { user: string; password: string } {
  const text = readText(file, true) ?? '';
  const found: Record<string, string> = {};
  let section = '';
  for (const line of text.replace(/^\uFEFF/, '').split(/\r?\n/)) {
    const header = /^\s*\[([^\]]+)\]\s*$/.exec(line);
    if (header !== null) section = (header[1] ?? '').toLowerCase();
    const pair = /^\s*([A-Za-z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^#;]*))/.exec(line);
    if (section === 'client' && pair !== null)
      found[(pair[1] ?? '').toLowerCase()] = pair[2]?.replaceAll(/\\(.)/g, '$1') ?? (pair[3] ?? '').trim();
  }
  return { user: found.user ?? '', password: found.password ?? '' };
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, Math.max(0, offset)).split('\n').length;
}

function invalid(message: string): OrchestratorError {
  return new OrchestratorError('CONFIG_INVALID', message);
}
