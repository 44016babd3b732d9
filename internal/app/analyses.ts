import { type Analysis, analyseCluster } from '../analysis/analyse.ts';
import { matches } from '../recovery/filters.ts';
import type { ClusterSnapshot } from '../topology/cluster.ts';
import type { InstanceKey } from '../topology/instance-key.ts';
import type { Settings } from './settings.ts';

/** What is wrong with a cluster, without the servers that are never to be analysed: the same for the daemon and for one command. */
export function analysesOf(
  snapshot: ClusterSnapshot,
  { analysis, analysisIgnore }: Pick<Settings, 'analysis' | 'analysisIgnore'>,
  staleCoordinates: (key: InstanceKey) => boolean,
): readonly Analysis[] {
  return analyseCluster(snapshot, { ...analysis, staleCoordinates }).filter(
    ({ facts }) => !analysisIgnore.some((filter) => matches(filter, facts.instance.key.hostname)),
  );
}
