// The certificates of the API: as a server, and as a client of the leader's.

import type { Config } from '../config/keys.ts';
import type { ListenerTls } from '../http/listener-tls.ts';
import type { RelayTls } from '../http/relay/relay.ts';
import { OrchestratorError } from '../runtime/errors.ts';
import { readPem } from './pem.ts';

type PemKey = 'SSLCAFile' | 'SSLCertFile' | 'SSLPrivateKeyFile';

/** @throws {OrchestratorError} `CONFIG_INVALID`: a file is missing, or cannot be read */
export function listenerTls(config: Config): ListenerTls | undefined {
  if (!config.UseSSL) return undefined;
  return {
    cert: required(config, 'SSLCertFile'),
    key: required(config, 'SSLPrivateKeyFile'),
    ca: optional(config, 'SSLCAFile'),
    units: config.UseMutualTLS ? config.SSLValidOUs : undefined,
  };
}

/** Read only in a group whose API speaks TLS; with the certificate of this node where the API asks for one. */
export function relayTls(config: Config): RelayTls {
  const { RaftEnabled, UseSSL, HTTPAdvertise, UseMutualTLS, SSLSkipVerify } = config;
  const secured = RaftEnabled && (UseSSL || HTTPAdvertise.startsWith('https:'));
  return {
    ca: secured ? optional(config, 'SSLCAFile') : undefined,
    cert: secured && UseMutualTLS ? optional(config, 'SSLCertFile') : undefined,
    key: secured && UseMutualTLS ? optional(config, 'SSLPrivateKeyFile') : undefined,
    skipVerify: SSLSkipVerify,
  };
}

function required(config: Config, key: PemKey): string {
  const pem = optional(config, key);
  if (pem === undefined) throw new OrchestratorError('CONFIG_INVALID', `UseSSL needs ${key}: set it`);
  return pem;
}

function optional(config: Config, key: PemKey): string | undefined {
  return config[key] === '' ? undefined : readPem(key, config[key]);
}
