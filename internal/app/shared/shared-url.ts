import { isIP, isIPv6 } from 'node:net';
import type { Config } from '../../config/keys.ts';

const EVERYWHERE: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/**
 * Where other daemons on the same backend find the API of this one; undefined: nowhere, since it listens on loopback alone, or is told to
 * listen on a port that nobody knows.
 */
export function sharedUrl(
  config: Pick<Config, 'HTTPAdvertise' | 'UseSSL' | 'ListenAddress'>,
  hostname: string,
): string | undefined {
  if (config.HTTPAdvertise !== '') return config.HTTPAdvertise;
  const match = /^(?:\[([^\]]+)\]|([^:]*)):(\d+)$/.exec(config.ListenAddress);
  const listens = match?.[1] ?? match?.[2] ?? '';
  if (match === null || match[3] === '0' || listens === '' || isLoopback(listens)) return undefined;
  const host = EVERYWHERE.has(listens) ? hostname : listens;
  return `${config.UseSSL ? 'https' : 'http'}://${isIPv6(host) ? `[${host}]` : host}:${match[3]}`;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
