import { type InstanceKey, sameKey } from './instance-key.ts';

/** What looks like an address is no part of a name. */
const IPV4 = /^\d+\.\d+\.\d+\.\d+$/;

/** The known server that is meant: the one of this name, else the only one at this port whose name holds this text; else what was given. */
export function fuzzyKey(key: InstanceKey, known: readonly InstanceKey[]): InstanceKey {
  if (known.some((one) => sameKey(one, key)) || IPV4.test(key.hostname)) return key;
  const like = known.filter((one) => one.port === key.port && one.hostname.includes(key.hostname));
  return like.length === 1 && like[0] !== undefined ? like[0] : key;
}
