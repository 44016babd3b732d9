import type { Log } from '../runtime/log.ts';
import { type InstanceKey, keyText } from '../topology/instance-key.ts';
import type { HeldConnectionDeps } from './held-connection.ts';

/** What the probes of one server find out about our account there, told in the log. */
export function probeNews(
  key: InstanceKey,
  log: Log,
  tellsIgnored: () => boolean,
): Pick<HeldConnectionDeps, 'onRefused' | 'onIgnored' | 'onRights'> {
  const instance = keyText(key);
  return {
    onRefused: ({ part, right }, message) =>
      log.warn({ instance, part, right, reason: message }, 'server refuses a part of the probe'),
    onIgnored: (replicas) => {
      if (!tellsIgnored()) return;
      log.info({ instance, replicas }, 'replicas left out for their user (DiscoveryIgnoreReplicationUsernameFilters)');
    },
    onRights: (missing) => {
      const fields = { instance, missing };
      if (missing.length > 0) log.warn(fields, 'our account lacks rights on this server: a failover would need them');
      else log.info(fields, 'our account has been granted what it lacked on this server');
    },
  };
}
