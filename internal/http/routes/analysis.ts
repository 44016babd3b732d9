import { type Analysis, NO_PROBLEM } from '../../analysis/analyse.ts';
import { matchesServer } from '../../recovery/filters.ts';
import type { ClusterSnapshot } from '../../topology/cluster.ts';
import { compareKeys, type InstanceKey, keyText, sameKey } from '../../topology/instance-key.ts';
import { listInstances } from '../../topology/listing.ts';
import { isLike } from '../like.ts';
import { Listing } from '../listing.ts';
import { bare, envelope, type HttpServerDeps, type Route, tell } from '../route.ts';
import { wireAnalysis } from '../wire/analysis.ts';
import { encodeProblem } from '../wire/instance-json.ts';
import { wireKey, wireTime } from '../wire/values.ts';

/** What is wrong, and what would be done about it. */
export function analysisRoutes({ services, settings, clock }: HttpServerDeps): readonly Route[] {
  const ignored = (filters: readonly string[], key: InstanceKey) =>
    filters.some((filter) => matchesServer(filter, key));
  return [
    tell('replication-analysis', () => envelope('OK', 'Analysis', analyses(services.snapshots()))),
    tell('replication-analysis/:clusterName', (request) =>
      envelope('OK', 'Analysis', analyses(named(request.text('clusterName')))),
    ),
    tell('replication-analysis/instance/:host/:port', (request) =>
      envelope('OK', 'Analysis', analyses(services.snapshots(), request.key())),
    ),
    bare('replication-analysis-changelog', changelog),
    bare('problems', () => problems(services.snapshots())),
    bare('problems/:clusterName', (request) => problems(like(request.text('clusterName')))),
    tell('automated-recovery-filters', () =>
      envelope('OK', 'Automated recovery configuration details', {
        RecoverMasterClusterFilters: settings.filters.primary,
        RecoverIntermediateMasterClusterFilters: settings.filters.intermediate,
        RecoveryIgnoreHostnameFilters: settings.filters.recoveryIgnore,
      }),
    ),
  ];

  /** Primaries first, then those their cluster is named after, then by number of replicas. */
  function analyses(snapshots: readonly ClusterSnapshot[], only?: InstanceKey) {
    return snapshots
      .flatMap((snapshot) => services.analyse(snapshot).map((analysis) => ({ analysis, snapshot })))
      .filter(({ analysis }) => analysis.code !== NO_PROBLEM || analysis.structureWarnings.length > 0)
      .filter(({ analysis }) => only === undefined || sameKey(analysis.facts.instance.key, only))
      .sort((a, b) => rank(a.analysis, a.snapshot) - rank(b.analysis, b.snapshot) || replicas(b) - replicas(a))
      .map(({ analysis, snapshot }) =>
        wireAnalysis(analysis, {
          cluster: snapshot,
          flags: services.clusterFlags(snapshot),
          node: settings.node,
          nowMs: clock.nowMs(),
        }),
      );
  }

  function problems(snapshots: readonly ClusterSnapshot[]) {
    const told = () =>
      listInstances(snapshots)
        .filter(({ snapshot, watched }) => !snapshot.downtimes.has(keyText(watched.instance.key)))
        .filter(({ watched }) => !ignored(settings.filters.problemIgnore, watched.instance.key));
    return new Listing(told, ({ snapshot, watched }, json) =>
      encodeProblem(watched, { ...settings, snapshot, nowMs: clock.nowMs() }, json),
    );
  }

  function named(name: string) {
    return services.snapshots().filter((snapshot) => snapshot.name === name || snapshot.alias === name);
  }

  /** The name as the `LIKE` pattern of SQL: `%` any text, `_` any character. An alias counts as well. */
  function like(pattern: string) {
    return services.snapshots().filter(({ name, alias }) => isLike(name, pattern) || isLike(alias, pattern));
  }

  /** One entry a server, its changes oldest first, each as `time;code,`. */
  async function changelog() {
    const byServer = new Map<string, { readonly key: InstanceKey; readonly lines: string[] }>();
    for (const { key, code, atMs } of await services.analysisChanges()) {
      const entry = byServer.get(keyText(key)) ?? { key, lines: [] };
      entry.lines.push(`${wireTime(atMs)};${code},`);
      byServer.set(keyText(key), entry);
    }
    return [...byServer.values()]
      .sort((a, b) => compareKeys(a.key, b.key))
      .map(({ key, lines }) => ({ AnalyzedInstanceKey: wireKey(key), Changelog: lines }));
  }
}

function rank({ facts }: Analysis, { name }: ClusterSnapshot): number {
  if (facts.isPrimary) return 0;
  return keyText(facts.instance.key) === name ? 1 : 2;
}

function replicas({ analysis }: { readonly analysis: Analysis }): number {
  return analysis.facts.replicas.total;
}
