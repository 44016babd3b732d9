import type { Config } from '../config/keys.ts';
import type { RaftHttpSettings } from '../http/ports.ts';
import { relayTls } from './api-tls.ts';
import type { Current } from './live-config.ts';

/** Beyond the longest recovery, until a relayed call is given up (C-44). */
const RELAY_RESERVE_MS = 30_000;
/** Changes of servers that one round of a recovery makes one after the other; more are made at the same time. */
const STEPS_IN_A_ROW = 6;

/**
 * How the API deals with the group, and how this node speaks to the leader.
 *
 * @param passPhrase of an encrypted `SSLPrivateKeyFile`
 * @throws {OrchestratorError} `CONFIG_INVALID`: a certificate that cannot be read
 */
export function raftHttpSettings(current: Current, passPhrase?: string): RaftHttpSettings {
  return {
    defaultPort: current.config.DefaultRaftPort,
    tls: relayTls(current.config, passPhrase),
    get staleReadMs() {
      return current.config.RaftStaleReadSeconds * 1000;
    },
    get readyMaxLag() {
      return current.config.RaftReadyMaxLagEntries;
    },
    get relayAnswerMs() {
      return longestRecoveryMs(current.config) + RELAY_RESERVE_MS;
    },
  };
}

/** What a recovery may take that uses up every time that is set for it. */
export function longestRecoveryMs(config: Config): number {
  const round = config.PromotionDrainTimeoutMilliseconds + STEPS_IN_A_ROW * config.RecoveryStepTimeoutMilliseconds;
  const hooks = [
    config.OnFailureDetectionProcesses,
    config.PreGracefulTakeoverProcesses,
    config.PreFailoverProcesses,
    config.PostFailoverProcesses,
    config.PostUnsuccessfulFailoverProcesses,
    config.PostMasterFailoverProcesses,
    config.PostIntermediateMasterFailoverProcesses,
    config.PostGracefulTakeoverProcesses,
  ].flat().length;
  return config.RecoveryMaxRounds * round + hooks * config.HookTimeoutSeconds * 1000;
}
