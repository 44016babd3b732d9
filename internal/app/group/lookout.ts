// How this node finds the others, from the keys of the configuration.

import type { Config } from '../../config/keys.ts';
import { parseAddress } from '../../raft/address.ts';
import { anchorFor } from '../../raft/discovery/anchor.ts';
import { finderFor } from '../../raft/discovery/finder-for.ts';
import { Lookout } from '../../raft/discovery/lookout.ts';
import { Search } from '../../raft/discovery/search.ts';
import { type FinderSettings, readFinderSettings } from '../../raft/discovery/settings.ts';
import type { NodeOptions } from '../../raft/node/thread-options.ts';
import { AddressSpace } from '../../raft/wire/address-space.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Log } from '../../runtime/log.ts';

/** Undefined: the nodes are listed. @throws {OrchestratorError} `CONFIG_INVALID` */
export function finderSettingsOf(config: Config): FinderSettings | undefined {
  return readFinderSettings(config.RaftDiscovery, { defaultPort: config.DefaultRaftPort, env: process.env });
}

/** @throws {OrchestratorError} `CONFIG_INVALID` */
export async function lookoutFor(
  config: Config,
  { bind, advertise }: Pick<NodeOptions, 'bind' | 'advertise'>,
  clock: Clock,
  log: Log,
): Promise<Lookout | undefined> {
  const settings = finderSettingsOf(config);
  if (settings === undefined) return undefined;
  const self = parseAddress(advertise, 'RaftAdvertise', 0);
  const finder = await finderFor(settings, { self, namesChecked: config.RaftTLSCertFile !== '', clock });
  const allowed = new AddressSpace(config.RaftAllowedAddressSpace);
  return new Lookout({
    search: (onFindings) =>
      new Search({ finder, settings, self, allowed, clock, random: Math.random, log, onFindings }),
    anchor: anchorFor(settings, config.RaftClusterName),
    own: [self, bind],
    timeoutMs: settings.timeoutMs,
    clock,
  });
}
