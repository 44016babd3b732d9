import type { RecentSettings } from '../metrics/recent.ts';
import type { Current } from './live-config.ts';

/** How much of what happened lately is remembered for the API, by the configuration as it is now. */
export function recentSettings(current: () => Pick<Current, 'config'>): RecentSettings {
  return {
    get keptMs() {
      return current().config.DiscoveryCollectionRetentionSeconds * 1000;
    },
    get queueSamples() {
      return current().config.DiscoveryQueueMaxStatisticsSize;
    },
  };
}
