import type { SrvRecord } from 'node:dns';
import { type Address, parseAddress } from '../address.ts';
import { few } from './candidates.ts';
import type { Finder, Found } from './finder.ts';
import { askFor, type NameServiceSettings, withNameService } from './name-service.ts';

export interface DnsSrvFinderSettings extends NameServiceSettings {
  /** `_service._protocol.domain` */
  readonly name: string;
  readonly domain: string;
  /** The certificate of whoever is dialled is compared with the name of the target, so that it may lie in another domain. */
  readonly namesChecked: boolean;
}

/** SRV records with their ports; the targets stay names, and are looked up when they are dialled. */
export class DnsSrvFinder implements Finder {
  readonly #settings: DnsSrvFinderSettings;

  constructor(settings: DnsSrvFinderSettings) {
    this.#settings = settings;
  }

  async find(signal: AbortSignal): Promise<Found> {
    const { name } = this.#settings;
    const records = await withNameService(this.#settings, signal, (service) =>
      askFor(name, (fullName) => service.resolveSrv(fullName)),
    );
    const used = records.map((record) => this.#use(record));
    const refused = used.filter((one) => typeof one === 'string');
    return {
      addresses: used.filter((one) => typeof one !== 'string'),
      problems: [
        ...(records.length === 0 ? [`${name} has no SRV record`] : []),
        ...(refused.length > 0
          ? [`SRV records of ${name} that lead nowhere or out of the domain: ${few(refused)}`]
          : []),
      ],
    };
  }

  /** The text of the record where it is not to be followed. */
  #use({ name, port }: SrvRecord): Address | string {
    const { domain, namesChecked } = this.#settings;
    const text = `${name}:${port}`;
    if (!namesChecked && !liesIn(name, domain)) return text;
    try {
      return parseAddress(text, 'SRV record', 0);
    } catch {
      return text; // port 0, or the root as target: "there is no such service here" (RFC 2782)
    }
  }
}

/** In the domain itself, or below it. */
export function liesIn(name: string, domain: string): boolean {
  const [inner, outer] = [name, domain].map((text) => text.toLowerCase().replace(/\.$/, ''));
  return inner === outer || inner?.endsWith(`.${outer}`) === true;
}
