import { readFileSync } from 'node:fs';
import type { Config } from '../config/keys.ts';
import { OrchestratorError } from '../runtime/errors.ts';

type PemKey = keyof Config & `${string}SSL${string}File`;

/**
 * What servers are verified by, and what a client shows of itself: the latter only where both files are named.
 *
 * @throws {OrchestratorError} `CONFIG_INVALID`: one cannot be read
 */
export function clientPems(
  config: Config,
  keys: { readonly ca: PemKey; readonly cert: PemKey; readonly key: PemKey },
): { readonly ca?: string; readonly cert?: string; readonly key?: string } {
  const pem = (name: PemKey) => (config[name] === '' ? undefined : readPem(name, config[name]));
  const [ca, cert, key] = [pem(keys.ca), pem(keys.cert), pem(keys.key)];
  return { ...(ca === undefined ? {} : { ca }), ...(cert === undefined || key === undefined ? {} : { cert, key }) };
}

/** @throws {OrchestratorError} `CONFIG_INVALID`, with the key of the configuration that names the file */
export function readPem(key: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new OrchestratorError('CONFIG_INVALID', `${key} "${file}": cannot be read`, { cause });
  }
}
