import { DnsFinder } from './dns.ts';
import { DnsSrvFinder } from './dns-srv.ts';
import { FileFinder } from './file.ts';
import type { Finder } from './finder.ts';
import type { FinderSettings } from './settings.ts';

export interface FinderDeps {
  /** Nodes prove themselves by certificates for the names by which they are dialled. */
  readonly namesChecked: boolean;
}

export function finderFor(settings: FinderSettings, { namesChecked }: FinderDeps): Finder {
  switch (settings.type) {
    case 'file':
      return new FileFinder(settings);
    case 'dns':
      return new DnsFinder(settings);
    case 'dns-srv':
      return new DnsSrvFinder({ ...settings, namesChecked });
  }
}
