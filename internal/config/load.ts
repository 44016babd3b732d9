import { readFileSync } from 'node:fs';
import { OrchestratorError } from '../runtime/errors.ts';
import { adjust, type Draft } from './adjust.ts';
import { parseCredentials } from './credentials-file.ts';
import { configInvalid } from './invalid.ts';
import { CONFIG_NAMES, type Config, type ConfigName, keyOf } from './keys.ts';
import { parseConfigFile, type Setting } from './parse-file.ts';

export interface LoadedConfig {
  readonly config: Config;
  /** One line for each key that is unknown, has no effect, or had to be changed. */
  readonly warnings: readonly string[];
  readonly files: readonly string[];
}

export interface LoadOptions {
  /** Read this file alone; it must be there. Otherwise those of `searchPaths` that can be opened, later ones over earlier ones. */
  readonly file?: string;
  readonly searchPaths?: readonly string[];
  /** Read on top of them; it must be there. */
  readonly extra?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const SEARCH = ['/etc/orchestrator.conf.json', 'conf/orchestrator.conf.json', 'orchestrator.conf.json'] as const;

export function defaultConfig(): Config {
  return Object.freeze(Object.fromEntries(CONFIG_NAMES.map((name) => [name, keyOf(name).default]))) as Config;
}

/**
 * Reads, checks and completes the configuration. Lists and scalars of a later file replace those of an earlier one; maps are merged.
 *
 * @throws {OrchestratorError} `CONFIG_INVALID`; the message names file, line, key and what to do.
 */
export function loadConfig(options: LoadOptions): LoadedConfig {
  const files: string[] = [];
  const warnings: string[] = [];
  const values: Record<string, unknown> = { ...defaultConfig() };
  const set = new Map<ConfigName, Setting>();
  for (const { file, required } of filesOf(options)) {
    const text = readText(file, required);
    if (text === undefined) continue;
    files.push(file);
    const read = parseConfigFile(file, text);
    warnings.push(...read.warnings);
    for (const setting of read.settings) {
      apply(values, setting);
      if (setting.value !== null) set.set(setting.name, setting);
    }
  }
  warnings.push(...[...set.values()].flatMap((setting) => withoutEffect(setting, values[setting.name])));
  const config = values as Draft;
  const from = files.length === 0 ? '' : `${files.join(', ')}: `;
  try {
    const found = [...readSecrets(config, options.env), ...adjust(config, (name) => set.has(name))];
    warnings.push(...found.map((warning) => `${from}${warning}`));
  } catch (err) {
    throw err instanceof OrchestratorError ? configInvalid(`${from}${err.message}`, err.cause) : err;
  }
  return { config: Object.freeze(config), warnings, files };
}

function filesOf({ file, searchPaths, extra }: LoadOptions): readonly { file: string; required: boolean }[] {
  const named = (path: string) => ({ file: path, required: true });
  return [
    ...(file === undefined ? (searchPaths ?? SEARCH).map((path) => ({ file: path, required: false })) : [named(file)]),
    ...(extra === undefined ? [] : [named(extra)]),
  ];
}

function readText(file: string, required: boolean): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    if (!required) return undefined;
    throw configInvalid(`cannot read the configuration file ${file}: check that it exists and may be read`, cause);
  }
}

function readCredentials(key: ConfigName, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw configInvalid(`${key}: cannot read ${file}: check that it exists and may be read`, cause);
  }
}

function apply(values: Record<string, unknown>, { name, value }: Setting): void {
  const key = keyOf(name);
  if (value === null) {
    if (key.type === 'string[]' || key.type === 'map[]') values[name] = [];
    if (key.type === 'map' || key.type === 'object') values[name] = {};
  } else {
    values[name] = key.type === 'map' ? { ...(values[name] as object), ...(value as object) } : value;
  }
}

/** Says so when a key is set to something else than what the program does anyway. */
function withoutEffect({ name, where }: Setting, value: unknown): string[] {
  const { mark, unbuilt, actual, default: fallback } = keyOf(name);
  const anyway: readonly unknown[] = unbuilt === undefined ? [fallback] : (actual ?? [fallback]);
  if (anyway.some((one) => JSON.stringify(one) === JSON.stringify(value))) return [];
  if (mark === 'retired') return [`${where}: ${name} has no effect any more: remove it`];
  if (unbuilt === undefined) return [];
  return [`${where}: ${name} has no effect yet${unbuilt === true ? '' : `: ${unbuilt}`}`];
}

/** Credentials files replace user and password, both, also by nothing; `${NAME}` in a password comes from the environment. */
function readSecrets(config: Draft, env: LoadOptions['env']): string[] {
  const warnings: string[] = [];
  for (const area of ['Orchestrator', 'Topology'] as const) {
    const file = config[`MySQL${area}CredentialsConfigFile`];
    const password = `MySQL${area}Password` as const;
    if (file !== '') {
      const credentials = parseCredentials(file, readCredentials(`MySQL${area}CredentialsConfigFile`, file));
      config[`MySQL${area}User`] = credentials.user;
      config[password] = credentials.password;
    }
    const variable = /\$\{(.*)\}/s.exec(config[password])?.[1];
    if (variable === undefined) continue;
    const alone = config[password] === `\${${variable}}`; // otherwise what stands in the braces may be part of a password
    config[password] = env[variable] ?? '';
    if (env[variable] === undefined)
      warnings.push(
        `${password}: the environment variable ${alone ? variable : 'in it'} is not set: the password is empty`,
      );
  }
  return warnings;
}
