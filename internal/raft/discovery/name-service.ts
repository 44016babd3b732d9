// Questions to name servers whose answers tell "there is no such name" from "nobody knows at the moment".

import { Resolver } from 'node:dns/promises';
import { OrchestratorError } from '../../runtime/errors.ts';
import { readSystemFile, searchedNames } from '../wire/resolve.ts';

/** A server that lost a packet is asked once more within one look-up. */
const ATTEMPTS = 2;

export interface NameServiceSettings {
  /** Empty: those of the system, read anew for each look-up. */
  readonly servers: readonly string[];
  readonly timeoutMs: number;
}

/** Lets `ask` use name servers until it is done, or until the signal aborts. */
export async function withNameService<T>(
  { servers, timeoutMs }: NameServiceSettings,
  signal: AbortSignal,
  ask: (resolver: Resolver) => Promise<T>,
): Promise<T> {
  const known = servers.length > 0 ? servers : new Resolver().getServers();
  // c-ares asks one server after the other and then all of them again with twice the time: that has to fit into one look-up
  const timeout = Math.floor(timeoutMs / (4 * Math.max(1, known.length)));
  const resolver = new Resolver({ timeout, tries: ATTEMPTS });
  resolver.setServers(known);
  const cancel = () => resolver.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    return await ask(resolver);
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

/** The name servers are sure: the name is unknown, or has no record of that kind. */
export function saysNone(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOTFOUND' || code === 'ENODATA';
}

/**
 * Asks for a name as resolv.conf says, short names completed.
 *
 * @param ask rejects as `dns.promises` does
 * @returns the first answer that holds anything; empty where the name servers are sure that there is none
 * @throws {OrchestratorError} `UNAVAILABLE`: nobody knows at the moment
 */
export async function askFor<T>(name: string, ask: (fullName: string) => Promise<readonly T[]>): Promise<readonly T[]> {
  for (const fullName of searchedNames(name, readSystemFile('/etc/resolv.conf') ?? '')) {
    try {
      const answer = await ask(fullName);
      if (answer.length > 0) return answer;
    } catch (cause) {
      if (saysNone(cause)) continue;
      const code = (cause as NodeJS.ErrnoException).code ?? 'no answer';
      throw new OrchestratorError('UNAVAILABLE', `the name servers have no answer about ${fullName} (${code})`);
    }
  }
  return [];
}
