import { isIPv4, isIPv6 } from 'node:net';
import { type InstanceKey, keyText } from '../topology/instance-key.ts';

/** Of one host; blank: none is known. */
export interface HostAddresses {
  readonly ipv4: string;
  readonly ipv6: string;
}

/**
 * Key-value pairs by which others find the primary of a cluster. Names are contract.
 *
 * @param prefix ends in a slash
 * @param addresses as they were looked up; of a primary that is known by its address, that one
 */
export function primaryPairs(
  prefix: string,
  alias: string,
  primary: InstanceKey,
  addresses: HostAddresses = { ipv4: '', ipv6: '' },
): readonly (readonly [string, string])[] {
  const { hostname, port } = primary;
  const name = `${prefix}${alias}`;
  return [
    [name, keyText(primary)],
    [`${name}/hostname`, hostname],
    [`${name}/port`, `${port}`],
    [`${name}/ipv4`, isIPv4(hostname) ? hostname : addresses.ipv4],
    [`${name}/ipv6`, isIPv6(hostname) ? hostname : addresses.ipv6],
  ];
}
