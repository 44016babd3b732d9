// The name of this host with its domain, for `PrependMessagesWithOrcIdentity`.

import { lookup, lookupService } from 'node:dns/promises';
import type { Log } from '../runtime/log.ts';

/** Names of this host by all of its addresses, as the system has them (`/etc/hosts`, then the name service). */
async function systemNames(host: string): Promise<readonly string[]> {
  const addresses = await lookup(host, { all: true });
  const asked = await Promise.allSettled(addresses.map(({ address }) => lookupService(address, 0)));
  return asked.flatMap((one) => (one.status === 'fulfilled' ? [one.value.hostname] : []));
}

/**
 * Asked for when it is needed first, and once: nobody waits for a name service before being answered, so that the first messages may
 * carry the short name.
 */
export class FullName {
  readonly #host: string;
  readonly #log: Log;
  readonly #namesOf: typeof systemNames;
  #name: string;
  #asked: boolean;

  constructor(host: string, log: Log, namesOf: typeof systemNames = systemNames) {
    this.#host = host;
    this.#log = log;
    this.#namesOf = namesOf;
    this.#name = host;
    this.#asked = host.includes('.') || host === '';
  }

  /** The host name alone where no domain is known. */
  get(): string {
    if (!this.#asked) void this.#ask();
    return this.#name;
  }

  async #ask(): Promise<void> {
    this.#asked = true;
    const names = await this.#namesOf(this.#host).catch(() => []);
    const full = names.map((name) => name.replace(/\.+$/, '')).find((name) => name.startsWith(`${this.#host}.`));
    if (full === undefined)
      this.#log.warn({ host: this.#host }, 'no domain of this host is known: messages carry its name');
    else this.#name = full;
  }
}
