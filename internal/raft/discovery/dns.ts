import type { Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import { errorText, OrchestratorError } from '../../runtime/errors.ts';
import { type Address, isUnspecified } from '../address.ts';
import { plainAddress } from '../wire/address-space.ts';
import type { Finder, Found } from './finder.ts';
import { askFor, type NameServiceSettings, saysNone, withNameService } from './name-service.ts';

export interface DnsFinderSettings extends NameServiceSettings {
  readonly names: readonly string[];
  readonly port: number;
}

/** All A and AAAA records of all names. This node registers nothing. */
export class DnsFinder implements Finder {
  readonly #settings: DnsFinderSettings;

  constructor(settings: DnsFinderSettings) {
    this.#settings = settings;
  }

  async find(signal: AbortSignal): Promise<Found> {
    const { names } = this.#settings;
    const answers = await withNameService(this.#settings, signal, (service) =>
      Promise.all(names.map((name) => this.#addressesOf(name, service))),
    );
    const addresses = answers.flatMap((answer) => answer.addresses);
    const problems = answers.flatMap((answer) => answer.problems);
    if (addresses.length === 0 && problems.length > 0) throw new OrchestratorError('UNAVAILABLE', problems.join('; '));
    return { addresses, problems };
  }

  /** What one family of addresses lacks does not hide the other; that it is lacking is told. */
  async #addressesOf(name: string, service: Resolver): Promise<Found> {
    const { port } = this.#settings;
    const problems: string[] = [];
    const both = async (fullName: string) => {
      const answers = await Promise.allSettled([service.resolve4(fullName), service.resolve6(fullName)]);
      const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
      const failed = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []));
      const unsure = failed.find((reason) => !saysNone(reason));
      if (unsure === undefined) return found;
      if (found.length === 0) throw unsure;
      problems.push(`${fullName}: only one of A and AAAA was answered (${unsure.code})`);
      return found;
    };
    try {
      const hosts = isIP(name) === 0 ? await askFor(name, both) : [name];
      if (hosts.length === 0) problems.push(`${name} has no address`);
      return {
        addresses: hosts.map((host) => addressOf(host, port)).filter(({ host }) => !isUnspecified(host)),
        problems,
      };
    } catch (error) {
      return { addresses: [], problems: [errorText(error)] };
    }
  }
}

function addressOf(host: string, port: number): Address {
  return { host: plainAddress(host.toLowerCase()), port };
}
