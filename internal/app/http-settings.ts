import type { Config } from '../config/keys.ts';
import type { AuthenticationSettings } from '../http/authentication.ts';
import type { HttpSettings } from '../http/ports.ts';
import { listenerTls } from './api-tls.ts';
import type { Current } from './live-config.ts';
import { raftHttpSettings } from './raft-http-settings.ts';

/**
 * What the routes are told: paths, certificates and the kind of login as they were at start, all else as it is now.
 *
 * @throws {OrchestratorError} `CONFIG_INVALID`: a certificate that cannot be read
 */
export function httpSettings(current: Current, node: HttpSettings['node']): HttpSettings {
  const { URLPrefix, StatusEndpoint } = current.config;
  const authentication = authenticationSettings(current);
  return {
    node,
    urlPrefix: URLPrefix,
    statusEndpoint: StatusEndpoint,
    authentication,
    tls: listenerTls(current.config),
    get statusNeedsCertificate() {
      return current.config.StatusOUVerify;
    },
    raft: raftHttpSettings(current),
    get messagePrefix() {
      return messagePrefix(current.config, node.hostname);
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
    get defaultPort() {
      return current.config.DefaultInstancePort;
    },
    get blockMs() {
      return current.settings.book.blockMs;
    },
    get readOnly() {
      return current.config.ReadOnly;
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
function messagePrefix(config: Config, host: string): string {
  const wanted = config.PrependMessagesWithOrcIdentity;
  const custom = config.CustomOrcIdentity;
  const identity =
    wanted === 'custom' ? custom : ['fqdn', 'hostname'].includes(wanted.toLowerCase()) ? host || custom : '';
  return identity === '' ? '' : `Orchestrator ${identity} says: `;
}
