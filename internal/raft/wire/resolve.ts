// Names to addresses without the thread pool that `dns.lookup` shares with everything else in the process: the hosts file is read
// here, the rest is asked of the name servers. What `dns.lookup` does besides, the search list, is done here too.

import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { plainAddress } from './address-space.ts';

/** Asks name servers; rejects where there is no such name. `dns.promises.Resolver` is one. */
export interface NameServers {
  resolve4(name: string): Promise<readonly string[]>;
  resolve6(name: string): Promise<readonly string[]>;
  cancel(): void;
}

export interface ResolveDeps {
  /** A new one for each look-up, so that a changed resolv.conf counts at once. */
  nameServers(): NameServers;
  /** Text of a small file; undefined where it cannot be read. */
  readFile(path: '/etc/hosts' | '/etc/resolv.conf'): string | undefined;
}

/** Nothing is remembered: each call looks anew. */
export function readSystemFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/**
 * All addresses of a host, IPv4 first; an address stands for itself. Empty where nobody knows the name before the signal aborts.
 */
export async function resolveHost(host: string, deps: ResolveDeps, signal: AbortSignal): Promise<readonly string[]> {
  if (isIP(host) !== 0) return [host];
  const name = host.toLowerCase();
  const fromFile = inHostsFile(name, deps.readFile('/etc/hosts') ?? '');
  if (fromFile.length > 0) return fromFile;
  if (name === 'localhost' || name.endsWith('.localhost')) return ['127.0.0.1', '::1'];
  const servers = deps.nameServers();
  const cancel = () => servers.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    for (const candidate of searchedNames(name, deps.readFile('/etc/resolv.conf') ?? '')) {
      if (signal.aborted) return [];
      const answers = await Promise.allSettled([servers.resolve4(candidate), servers.resolve6(candidate)]);
      const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
      if (found.length > 0) return [...new Set(found)];
    }
    return [];
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

function inHostsFile(name: string, text: string): readonly string[] {
  if (!text.toLowerCase().includes(name)) return [];
  const found = text.split('\n').flatMap((line) => {
    const [address = '', ...names] = line.replace(/#.*$/, '').trim().toLowerCase().split(/\s+/);
    return isIP(address) !== 0 && names.includes(name.replace(/\.$/, '')) ? [plainAddress(address)] : [];
  });
  return [...new Set(found)].sort((a, b) => isIP(a) - isIP(b));
}

/** The names to ask for, in order: with as many dots as `ndots` says the name itself comes first, otherwise last (resolv.conf(5)). */
export function searchedNames(name: string, resolvConf: string): readonly string[] {
  if (name.endsWith('.')) return [name.slice(0, -1)];
  const words = resolvConf.split('\n').map((line) => line.trim().split(/\s+/));
  const search = words.filter(([key]) => key === 'search' || key === 'domain').at(-1) ?? [];
  const domains = search
    .slice(1)
    .map((domain) => domain.replace(/\.$/, ''))
    .filter((domain) => domain !== '');
  const option = words
    .filter(([key]) => key === 'options')
    .flatMap((line) => line.slice(1))
    .findLast((text) => /^ndots:\d+$/.test(text));
  const ndots = option === undefined ? 1 : Number(option.slice('ndots:'.length));
  const suffixed = domains.map((domain) => `${name}.${domain}`);
  return name.split('.').length - 1 >= ndots ? [name, ...suffixed] : [...suffixed, name];
}
