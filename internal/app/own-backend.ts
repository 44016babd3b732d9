// The backend that the configuration names.

import { resolve } from 'node:path';
import { Backend, type BackendOptions } from '../backend/backend.ts';
import type { BackendLogin, MysqlBackendSettings } from '../backend/mysql/settings.ts';
import type { Node } from '../backend/recoveries.ts';
import { UPGRADE, type Upgrade } from '../backend/release.ts';
import type { Seat } from '../backend/seat.ts';
import type { Config } from '../config/keys.ts';
import type { Clock } from '../runtime/clock.ts';
import { OrchestratorError } from '../runtime/errors.ts';
import { clientPems } from './pem.ts';

export const usesSqlite = (config: Config): boolean => config.BackendDB.includes('sqlite');

/** As other nodes and programs are told of it: the file, or host and port. */
export function backendLabel(config: Config): string {
  if (usesSqlite(config)) return resolve(config.SQLite3DataFile);
  return `${config.MySQLOrchestratorHost}:${config.MySQLOrchestratorPort}`;
}

/**
 * @param options.flushMs without it, what the configuration says
 * @param login asked for each connection; without it, what the configuration says now
 * @throws {OrchestratorError} `CONFIG_INVALID`, `BACKEND_FAILED`, `BACKEND_CORRUPT`
 */
export async function openBackend(
  config: Config,
  given: Omit<BackendOptions, 'flushMs'> & Partial<BackendOptions>,
  login: () => BackendLogin = () => loginFrom(config),
): Promise<Backend> {
  const upgrade = upgradeFrom(config);
  const options = { flushMs: config.BackendFlushIntervalMilliseconds, ...given };
  if (usesSqlite(config)) return Backend.openSqlite(config.SQLite3DataFile, options, upgrade);
  return Backend.openMysql({ ...mysqlSettings(config, login), upgrade }, options);
}

/** What may become of the tables that are found. */
export function upgradeFrom(config: Config): Upgrade {
  return { update: !config.SkipOrchestratorDatabaseUpdate, refuseOther: config.PanicIfDifferentDatabaseDeploy };
}

/** Of a backend that several daemons share. */
export async function openSeat(config: Config, node: Node, clock: Clock, login: () => BackendLogin): Promise<Seat> {
  const { MysqlSeat } = await import('../backend/mysql/mysql-seat.ts');
  return new MysqlSeat({ ...mysqlSettings(config, login), upgrade: UPGRADE }, node, clock);
}

export const loginFrom = (config: Config): BackendLogin => ({
  user: config.MySQLOrchestratorUser,
  password: config.MySQLOrchestratorPassword,
});

/** @throws {OrchestratorError} `CONFIG_INVALID` */
function mysqlSettings(config: Config, login: () => BackendLogin): Omit<MysqlBackendSettings, 'upgrade'> {
  for (const name of ['MySQLOrchestratorHost', 'MySQLOrchestratorDatabase'] as const)
    if (config[name] === '')
      throw new OrchestratorError(
        'CONFIG_INVALID',
        `BackendDB is mysql and ${name} is empty: set it, or set BackendDB to sqlite and SQLite3DataFile to a file`,
      );
  return {
    host: config.MySQLOrchestratorHost,
    port: config.MySQLOrchestratorPort,
    schema: config.MySQLOrchestratorDatabase,
    login,
    ...connectionSettings(config),
  };
}

/** Of a backend elsewhere, as the own one is reached. @param place without a login it is the own one's */
export function foreignSettings(
  config: Config,
  { login, ...place }: Pick<MysqlBackendSettings, 'host' | 'port' | 'schema'> & { login: BackendLogin | undefined },
): MysqlBackendSettings {
  return { ...place, login: () => login ?? loginFrom(config), ...connectionSettings(config), upgrade: UPGRADE };
}

function connectionSettings(
  config: Config,
): Omit<MysqlBackendSettings, 'host' | 'port' | 'schema' | 'login' | 'upgrade'> {
  const strict = !config.MySQLOrchestratorSSLSkipVerify;
  return {
    tls: config.MySQLOrchestratorUseMutualTLS
      ? {
          ...clientPems(config, {
            ca: 'MySQLOrchestratorSSLCAFile',
            cert: 'MySQLOrchestratorSSLCertFile',
            key: 'MySQLOrchestratorSSLPrivateKeyFile',
          }),
          rejectUnauthorized: strict,
          verifyIdentity: strict,
          minVersion: 'TLSv1.2',
        }
      : undefined,
    maxPacketBytes: config.MySQLOrchestratorMaxAllowedPacket,
    connectTimeoutMs: config.MySQLConnectTimeoutSeconds * 1000,
    readTimeoutMs: config.MySQLOrchestratorReadTimeoutSeconds * 1000,
    maxConnections: config.MySQLOrchestratorMaxPoolConnections,
    lifetimeMs: config.MySQLConnectionLifetimeSeconds * 1000,
    rejectReadOnly: config.MySQLOrchestratorRejectReadOnly,
  };
}
