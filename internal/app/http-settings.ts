import type { Config } from '../config/keys.ts';
import type { AuthenticationSettings } from '../http/authentication.ts';
import type { HttpSettings } from '../http/ports.ts';
import { certificateUnits, listenerTls } from './api-tls.ts';
import type { FullName } from './full-name.ts';
import type { Current } from './live-config.ts';
import { raftHttpSettings } from './raft-http-settings.ts';

/**
 * What the routes are told: paths, certificates and the kind of login as they were at start, all else as it is now.
 *
 * @param passPhrase of an encrypted `SSLPrivateKeyFile`
 * @throws {OrchestratorError} `CONFIG_INVALID`: a certificate that cannot be read
 */
export function httpSettings(
  current: Current,
  node: HttpSettings['node'],
  fullName: Pick<FullName, 'get'>,
  passPhrase?: string,
): HttpSettings {
  const { URLPrefix, StatusEndpoint } = current.config;
  const prefix = () => messagePrefix(current.config, node.hostname, fullName);
  prefix(); // so that the full name, where it is wanted, is known before the first request
  const authentication = authenticationSettings(current);
  return {
    node,
    urlPrefix: URLPrefix,
    statusEndpoint: StatusEndpoint,
    authentication,
    tls: listenerTls(current.config, passPhrase),
    certificateUnits: certificateUnits(current.config),
    get statusNeedsCertificate() {
      return current.config.StatusOUVerify;
    },
    raft: raftHttpSettings(current, passPhrase),
    get messagePrefix() {
      return prefix();
    },
    get pollSeconds() {
      return current.config.InstancePollSeconds;
    },
    get reasonableLagSeconds() {
      return current.config.ReasonableReplicationLagSeconds;
    },
    get maintenanceLagSeconds() {
      return current.config.ReasonableMaintenanceReplicationLagSeconds;
    },
    get replicationRules() {
      return current.settings.operations;
    },
    get defaultPort() {
      return current.config.DefaultInstancePort;
    },
    get blockMs() {
      return current.settings.book.blockMs;
    },
    get readOnly() {
      return current.config.ReadOnly;
    },
    get writeBuffer() {
      const { InstanceWriteBufferSize: size, InstanceFlushIntervalMilliseconds: flushMs } = current.config;
      return { size, flushMs };
    },
    get queues() {
      const ofDead = current.config.DeadInstanceDiscoveryMaxConcurrency > 0;
      return ofDead ? (['DEFAULT', 'DEADINSTANCES'] as const) : (['DEFAULT'] as const);
    },
    get filters() {
      return filtersOf(current.config);
    },
  };
}

function filtersOf(config: Config): HttpSettings['filters'] {
  return {
    primary: config.RecoverMasterClusterFilters,
    intermediate: config.RecoverIntermediateMasterClusterFilters,
    recoveryIgnore: config.RecoveryIgnoreHostnameFilters,
    problemIgnore: config.ProblemIgnoreHostnameFilters,
    controlIgnore: config.OSCIgnoreHostnameFilters,
  };
}

function authenticationSettings(current: Current): AuthenticationSettings {
  const { AuthenticationMethod } = current.config;
  return {
    method: AuthenticationMethod,
    get user() {
      return current.config.HTTPAuthUser;
    },
    get password() {
      return current.config.HTTPAuthPassword;
    },
    get userHeader() {
      return current.config.AuthUserHeader;
    },
    get powerUsers() {
      return current.config.PowerAuthUsers;
    },
    get powerGroups() {
      return current.config.PowerAuthGroups;
    },
  };
}

/** `PrependMessagesWithOrcIdentity`; a host without a name goes by the custom one. */
function messagePrefix(config: Config, host: string, fullName: Pick<FullName, 'get'>): string {
  const identity = identityOf(config, host, fullName);
  return identity === '' ? '' : `Orchestrator ${identity} says: `;
}

function identityOf(config: Config, host: string, fullName: Pick<FullName, 'get'>): string {
  const custom = config.CustomOrcIdentity;
  switch (config.PrependMessagesWithOrcIdentity.toLowerCase()) {
    case 'fqdn':
      return fullName.get() || custom;
    case 'hostname':
      return host || custom;
    case 'custom':
      return custom;
    default:
      return '';
  }
}
