import { compileGoRegexp } from '../runtime/go-regexp.ts';
import { sourceKey, type WatchedInstance } from '../topology/instance.ts';

/**
 * The alias that the members of a cluster propose. Where they disagree, the one that matters most has its way: it is valid,
 * writable and has the most replicas.
 */
export function suggestedAlias(members: readonly WatchedInstance[]): string | undefined {
  const weight = ({ valid, instance }: WatchedInstance) => [
    Number(valid),
    Number(!instance.readOnly),
    instance.replicaKeys.length,
  ];
  const heavier = (a: WatchedInstance, b: WatchedInstance) => {
    const [left, right] = [weight(a), weight(b)];
    const at = left.findIndex((value, index) => value !== right[index]);
    return at < 0 ? 0 : (right[at] ?? 0) - (left[at] ?? 0);
  };
  const [first] = members.filter(({ instance }) => instance.suggestedClusterAlias !== '').sort(heavier);
  return first?.instance.suggestedClusterAlias;
}

/** The domain is a property of the top; what others answer counts only where the top says nothing. */
export function clusterDomain(members: readonly WatchedInstance[]): string {
  const telling = members.filter(({ instance }) => instance.clusterDomain !== '');
  const top = telling.find(({ instance }) => sourceKey(instance) === undefined) ?? telling[0];
  return top?.instance.clusterDomain ?? '';
}

/** `ClusterNameToAlias`: patterns on the cluster name, the first match in the order of the file counts. */
export function aliasByName(patterns: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.entries(patterns).find(([pattern]) => compileGoRegexp(pattern)?.test(name))?.[1];
}
