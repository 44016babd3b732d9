import { isIPv4, isIPv6 } from 'node:net';
import type { HostAddresses } from '../recovery/primary-pairs.ts';
import type { Clock } from '../runtime/clock.ts';

export interface HostAddressBookDeps {
  /** All addresses of a host; rejects where the name service knows none. */
  readonly lookUp: (hostname: string) => Promise<readonly string[]>;
  readonly clock: Pick<Clock, 'monotonicMs'>;
}

const KEPT_MS = 600_000;
const NONE: HostAddresses = { ipv4: '', ipv6: '' };

/** Addresses of hosts, looked up ahead of time: a failover does not wait for the name service. */
export class HostAddressBook {
  readonly #deps: HostAddressBookDeps;
  readonly #known = new Map<string, HostAddresses & { readonly atMs: number }>();

  constructor(deps: HostAddressBookDeps) {
    this.#deps = deps;
  }

  of(hostname: string): HostAddresses {
    const { ipv4, ipv6 } = this.#known.get(hostname) ?? NONE;
    return { ipv4, ipv6 };
  }

  /** These and no others: whatever else is known is forgotten. */
  async keep(hostnames: ReadonlySet<string>, signal: AbortSignal): Promise<void> {
    for (const known of this.#known.keys()) if (!hostnames.has(known)) this.#known.delete(known);
    await this.learn(hostnames, signal);
  }

  /** Looks up those that were not lately, one after another, until the signal ends it. Whatever fails keeps its last answer. */
  async learn(hostnames: Iterable<string>, signal: AbortSignal): Promise<void> {
    const ended = new Promise<undefined>((resolve) => {
      signal.addEventListener('abort', () => resolve(undefined), { once: true });
    });
    for (const hostname of hostnames) {
      if (signal.aborted) return;
      const atMs = this.#deps.clock.monotonicMs();
      const last = this.#known.get(hostname);
      if (last !== undefined && atMs - last.atMs < KEPT_MS) continue;
      const found = await Promise.race([this.#deps.lookUp(hostname).catch(() => undefined), ended]);
      if (found === undefined) continue;
      this.#known.set(hostname, { ipv4: found.findLast(isIPv4) ?? '', ipv6: found.findLast(isIPv6) ?? '', atMs });
    }
  }
}
