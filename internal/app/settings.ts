import type { AnalysisOptions } from '../analysis/facts.ts';
import type { ObserverSettings } from '../discovery/observer.ts';
import type { CoordinatorSettings } from '../recovery/coordinator.ts';
import type { PlanOptions } from '../recovery/plan.ts';

/** The configuration in our words: plain values, each handed to the one object that needs it. */
export interface Settings {
  readonly login: { readonly user: string; readonly password: string };
  readonly replicationCredentialsQuery: string;
  readonly seeds: readonly string[];
  readonly defaultPort: number;
  readonly observer: Omit<ObserverSettings, 'ignored'>;
  readonly ignore: {
    readonly any: readonly string[];
    readonly replicas: readonly string[];
    readonly sources: readonly string[];
  };
  readonly runner: {
    readonly probeTimeoutMs: number;
    readonly stepTimeoutMs: number;
    readonly promoteOnDrainTimeout: boolean;
    readonly attachLimitMs: number;
    readonly attachPollMs: number;
  };
  readonly fence: { readonly attemptMs: number; readonly retryMs: number };
  readonly recovery: Omit<CoordinatorSettings, 'attempt'> & {
    readonly maintenanceLagSeconds: number;
    readonly fenceReplacedPrimary: boolean;
    readonly maxRounds: number;
    readonly plan: Omit<PlanOptions, 'isBanned'>;
  };
  readonly detection: { readonly periodMs: number; readonly holdMs: number };
  readonly lockedSemiSyncMs: number;
  readonly analysis: Omit<AnalysisOptions, 'staleCoordinates'>;
  readonly blockMs: number;
  readonly lostDowntimeMs: number;
  readonly reconnectThrottleMs: number;
  readonly promotionIgnore: readonly string[];
}
