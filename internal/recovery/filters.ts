import { isIP } from 'node:net';
import { compileGoRegexp } from '../runtime/go-regexp.ts';
import { type InstanceKey, keyText } from '../topology/instance-key.ts';

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

/** Unanchored match, in the syntax of Go; false for a blank or an invalid expression. */
export function matches(expression: string, text: string): boolean {
  return compileGoRegexp(expression)?.test(text) ?? false;
}

/** Whether a filter of `host:port` is about this server. One that is an address means exactly the host of that address. */
export function matchesServer(filter: string, { hostname, port }: InstanceKey): boolean {
  return isIP(filter) === 0 ? matches(filter, keyText({ hostname, port })) : filter === hostname;
}
