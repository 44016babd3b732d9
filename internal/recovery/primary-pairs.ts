import { isIPv4, isIPv6 } from 'node:net';
import { type InstanceKey, keyText } from '../topology/instance-key.ts';

/**
 * Key-value pairs by which others find the primary of a cluster. Names are contract; addresses are those of a primary
 * that is known by its address, and blank otherwise.
 *
 * @param prefix ends in a slash
 */
export function primaryPairs(
  prefix: string,
  alias: string,
  primary: InstanceKey,
): readonly (readonly [string, string])[] {
  const { hostname, port } = primary;
  const name = `${prefix}${alias}`;
  return [
    [name, keyText(primary)],
    [`${name}/hostname`, hostname],
    [`${name}/port`, `${port}`],
    [`${name}/ipv4`, isIPv4(hostname) ? hostname : ''],
    [`${name}/ipv6`, isIPv6(hostname) ? hostname : ''],
  ];
}
