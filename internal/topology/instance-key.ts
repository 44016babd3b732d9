import { OrchestratorError } from '../runtime/errors.ts';

/** Address of a server as the contract spells it: a host name or address, and a TCP port. */
export interface InstanceKey {
  readonly hostname: string;
  readonly port: number;
}

/** `host:port`; an IPv6 address is put in brackets. Also the identity used in maps. */
export function keyText(key: InstanceKey): string {
  return key.hostname.includes(':') ? `[${key.hostname}]:${key.port}` : `${key.hostname}:${key.port}`;
}

export function sameKey(a: InstanceKey | undefined, b: InstanceKey | undefined): boolean {
  return a !== undefined && b !== undefined && a.port === b.port && a.hostname === b.hostname;
}

/** Host first, then port. */
export function compareKeys(a: InstanceKey, b: InstanceKey): number {
  if (a.hostname !== b.hostname) return a.hostname < b.hostname ? -1 : 1;
  return a.port - b.port;
}

/** A detached source is written as `//host`: a name that is never resolved, probed or discovered. */
export function isDetachedHost(hostname: string): boolean {
  return hostname.startsWith('//');
}

/** Whether the key can be connected to: host present, neither `_` nor detached, port 1 to 65535. */
export function isUsableKey(key: InstanceKey): boolean {
  const { hostname, port } = key;
  if (hostname === '' || hostname === '_' || isDetachedHost(hostname)) return false;
  return Number.isInteger(port) && port > 0 && port <= 65_535;
}

/**
 * Reads `host`, `host:port`, `[v6]:port` or a bare IPv6 address.
 *
 * @throws {OrchestratorError} `INSTANCE_KEY_INVALID`
 */
export function parseKey(text: string, defaultPort = 3306): InstanceKey {
  const trimmed = text.trim();
  const match = /^\[([^\]]+)\](?::(\d+))?$/.exec(trimmed) ?? /^([^:]+)(?::(\d+))?$/.exec(trimmed);
  const hostname = match?.[1] ?? (trimmed.split(':').length > 2 ? trimmed : '');
  const port = match?.[2] === undefined ? defaultPort : Number(match[2]);
  const key = { hostname, port };
  if (!isUsableKey(key) || /[\s,/]/.test(hostname)) {
    throw new OrchestratorError('INSTANCE_KEY_INVALID', `not a host:port: "${text}"`);
  }
  return key;
}
