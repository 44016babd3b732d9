import type { AnalysisOptions } from '../analysis/facts.ts';
import type { HostnameSettings } from '../discovery/hostname-resolver.ts';
import type { ObserverSettings } from '../discovery/observer.ts';
import type { ServersSettings } from '../mysql/servers.ts';
import type { OperationSettings } from '../operations/ports.ts';
import type { BookSettings } from '../recovery/book.ts';
import type { CoordinatorSettings } from '../recovery/coordinator.ts';
import type { DetectorSettings } from '../recovery/detector.ts';
import type { FenceSettings } from '../recovery/fence.ts';
import type { RunnerSettings } from '../recovery/runner.ts';
import type { SentinelSettings } from '../recovery/sentinel.ts';
import type { TakeoverSettings } from '../recovery/takeover.ts';
import type { TokenSettings } from './group-tokens.ts';
import type { OpinionsDeps } from './opinions.ts';
import type { PoolSettings } from './pools.ts';

/** The configuration in our words: plain values, each part for the one object that needs it. */
export interface Settings {
  readonly servers: ServersSettings;
  /** Of this node and those that it agrees with. */
  readonly groupName: string;
  readonly seeds: readonly string[];
  readonly defaultPort: number;
  /** For how long the last good read of a server counts. */
  readonly freshForMs: number;
  readonly clusterNameToAlias: Readonly<Record<string, string>>;
  readonly observer: ObserverSettings;
  readonly hostnames: HostnameSettings;
  readonly ignore: {
    readonly any: readonly string[];
    readonly replicas: readonly string[];
    readonly sources: readonly string[];
  };
  readonly runner: RunnerSettings;
  readonly fence: FenceSettings;
  readonly book: BookSettings;
  readonly detector: DetectorSettings;
  readonly coordinator: CoordinatorSettings;
  readonly sentinel: SentinelSettings;
  readonly takeover: TakeoverSettings;
  readonly operations: OperationSettings;
  /** We write markers for Pseudo-GTID. */
  readonly writesMarkers: boolean;
  readonly opinions: OpinionsDeps['settings'];
  /** Expressions on the host names of servers that are never a finding. */
  readonly analysisIgnore: readonly string[];
  readonly analysis: Omit<AnalysisOptions, 'staleCoordinates'>;
  readonly lockedSemiSyncMs: number;
  readonly lostDowntimeMs: number;
  readonly pools: PoolSettings;
  readonly tokens: TokenSettings;
  /** Path below which the primary of each cluster is published; ends in a slash. */
  readonly kvPrefix: string;
}
