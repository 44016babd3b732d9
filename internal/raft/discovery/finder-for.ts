import type { Clock } from '../../runtime/clock.ts';
import type { Address } from '../address.ts';
import type { Finder } from './finder.ts';
import type { FinderSettings } from './settings.ts';

export interface FinderDeps {
  /** What the others dial. */
  readonly self: Address;
  /** Nodes prove themselves by certificates for the names by which they are dialled. */
  readonly namesChecked: boolean;
  readonly clock: Clock;
}

/**
 * Loads no more than the finder of that type needs.
 *
 * @throws {OrchestratorError} `CONFIG_INVALID`: it cannot work for this node
 */
export async function finderFor(settings: FinderSettings, { self, namesChecked, clock }: FinderDeps): Promise<Finder> {
  switch (settings.type) {
    case 'file':
      return new (await import('./file.ts')).FileFinder(settings);
    case 'dns':
      return new (await import('./dns.ts')).DnsFinder(settings);
    case 'dns-srv':
      return new (await import('./dns-srv.ts')).DnsSrvFinder({ ...settings, namesChecked });
    case 'kubernetes':
      return new (await import('./kubernetes.ts')).KubernetesFinder({ ...settings, byName: namesChecked });
    case 'consul':
      return new (await import('./consul.ts')).ConsulFinder(settings);
    case 'etcd':
      return new (await import('./etcd.ts')).EtcdFinder(settings, clock);
    case 'mdns':
      return new (await import('./mdns.ts')).MdnsFinder(settings, self, clock);
  }
}
