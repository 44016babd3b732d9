import { resolveCname } from 'node:dns/promises';
import { isIP } from 'node:net';
import { OrchestratorError } from '../runtime/errors.ts';

/** Aliases of aliases: a chain longer than this is a ring. */
const CHAIN_MAX = 10;

/** The name behind all aliases that DNS knows; a name without any, and an address, stay as they are. */
export async function canonicalName(
  host: string,
  lookUp: (name: string) => Promise<readonly string[]> = resolveCname,
): Promise<string> {
  let name = host;
  if (isIP(host) !== 0) return host;
  for (let step = 0; step < CHAIN_MAX; step += 1) {
    const next = await aliasOf(name, lookUp);
    if (next === undefined) return name;
    name = next;
  }
  throw new OrchestratorError('NOT_FOUND', `the aliases of ${host} lead round in a ring`);
}

async function aliasOf(
  name: string,
  lookUp: (name: string) => Promise<readonly string[]>,
): Promise<string | undefined> {
  try {
    const [first] = await lookUp(name);
    return first?.replace(/\.+$/, '');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && ['ENODATA', 'ENOTFOUND'].includes(String(cause.code)))
      return undefined;
    throw new OrchestratorError('NOT_FOUND', `cannot resolve ${name}`, { cause });
  }
}
