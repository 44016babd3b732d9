/**
 * Whether a cluster is opted in: any entry suffices. `*` all; the cluster name; the alias; `alias=X`; `alias~=RE`; any
 * other text as a regular expression on the cluster name. An invalid expression matches nothing.
 */
export function matchesClusterFilter(
  filters: readonly string[],
  cluster: { readonly name: string; readonly alias: string },
): boolean {
  return filters.some((filter) => {
    if (filter === '') return false;
    if (filter === '*' || filter === cluster.name || filter === cluster.alias) return true;
    if (filter.startsWith('alias=')) return filter.slice('alias='.length) === cluster.alias;
    if (filter.startsWith('alias~=')) return matches(filter.slice('alias~='.length), cluster.alias);
    return matches(filter, cluster.name);
  });
}

/** Unanchored match; false for an invalid expression. */
export function matches(expression: string, text: string): boolean {
  try {
    return new RegExp(expression).test(text);
  } catch {
    return false;
  }
}
