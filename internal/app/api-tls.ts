// The certificates of the API: as a server, and as a client of the leader's.

import type { Config } from '../config/keys.ts';
import type { ListenerTls } from '../http/listener-tls.ts';
import type { RelayTls } from '../http/relay/relay.ts';
import { OrchestratorError } from '../runtime/errors.ts';
import { usesSqlite } from './own-backend.ts';
import { readPem } from './pem.ts';

type PemKey = 'SSLCAFile' | 'SSLCertFile' | 'SSLPrivateKeyFile';

/**
 * @param passPhrase of an encrypted `SSLPrivateKeyFile`
 * @throws {OrchestratorError} `CONFIG_INVALID`: a file is missing, or cannot be read
 */
export function listenerTls(config: Config, passPhrase: string | undefined): ListenerTls | undefined {
  if (!listensOnTls(config)) return undefined;
  return {
    cert: required(config, 'SSLCertFile'),
    key: required(config, 'SSLPrivateKeyFile', passPhrase),
    ca: optional(config, 'SSLCAFile'),
  };
}

/** Who is let in by a certificate, also where there is no TLS and nobody can have one; undefined: everybody is. */
export function certificateUnits(config: Config): readonly string[] | undefined {
  return config.UseMutualTLS && config.ListenSocket === '' ? config.SSLValidOUs : undefined;
}

/** Read only where the API of the leader may speak TLS; with the certificate of this node where the API asks for one. */
export function relayTls(config: Config, passPhrase: string | undefined): RelayTls {
  const identified = relaysIdentified(config);
  return {
    ca: relaysOnTls(config) ? optional(config, 'SSLCAFile') : undefined,
    cert: identified ? optional(config, 'SSLCertFile') : undefined,
    key: identified ? optional(config, 'SSLPrivateKeyFile', passPhrase) : undefined,
    skipVerify: config.SSLSkipVerify,
  };
}

/** Whether `listenerTls` or `relayTls` reads `SSLPrivateKeyFile`. */
export function readsKey(config: Config): boolean {
  return listensOnTls(config) || relaysIdentified(config);
}

function listensOnTls({ UseSSL, ListenSocket }: Config): boolean {
  return UseSSL && ListenSocket === '';
}

/** This API, or those of the other nodes, may speak TLS. */
function relaysOnTls(config: Config): boolean {
  const { RaftEnabled, UseSSL, HTTPAdvertise } = config;
  return (RaftEnabled || !usesSqlite(config)) && (UseSSL || HTTPAdvertise.startsWith('https:'));
}

function relaysIdentified(config: Config): boolean {
  return relaysOnTls(config) && config.UseMutualTLS;
}

function required(config: Config, key: PemKey, passPhrase?: string): string {
  const pem = optional(config, key, passPhrase);
  if (pem === undefined) throw new OrchestratorError('CONFIG_INVALID', `UseSSL needs ${key}: set it`);
  return pem;
}

function optional(config: Config, key: PemKey, passPhrase?: string): string | undefined {
  return config[key] === '' ? undefined : readPem(key, config[key], passPhrase);
}
