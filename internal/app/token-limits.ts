import { readFileSync } from 'node:fs';
import type { TokenLimits } from '../backend/access-tokens.ts';
import type { Config } from '../config/keys.ts';
import { readSecrets } from '../raft/wire/credentials.ts';

export function tokenLimits(config: Config): TokenLimits {
  return { useMs: config.AccessTokenUseExpirySeconds * 1000, lifeMs: config.AccessTokenExpiryMinutes * 60_000 };
}

/**
 * With which the tokens of a group are signed; none: no file is named.
 *
 * @throws {OrchestratorError} `CONFIG_INVALID`
 */
export function tokenSecrets(config: Config): readonly Uint8Array[] {
  const key = config.AccessTokenSecretFile === '' ? 'RaftSharedSecretFile' : 'AccessTokenSecretFile';
  return config[key] === '' ? [] : readSecrets(config[key], (path) => readFileSync(path, 'utf8'), key);
}
