import { isIP, isIPv4, isIPv6 } from 'node:net';
import { OrchestratorError } from '../runtime/errors.ts';

/** Where a node listens or is dialled. Names are kept and resolved anew at each attempt, never when they are read (C-20). */
export interface Address {
  /** In lower case, IPv6 in its shortest form and without brackets. */
  readonly host: string;
  readonly port: number;
}

const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;

/**
 * Reads `host`, `host:port`, a bare IPv6 address or `[v6]:port`, blanks around it ignored.
 *
 * @param where named at the head of the error: key and position
 * @param defaultPort for an address without one; 0 appends none, and such an address is then refused
 * @throws {OrchestratorError} `CONFIG_INVALID`, saying what is wrong with which text and how to write it
 */
export function parseAddress(text: string, where: string, defaultPort: number): Address {
  const trimmed = text.trim();
  const refuse = (problem: string): never => {
    throw new OrchestratorError('CONFIG_INVALID', `${where}: ${problem}`, { context: { text } });
  };
  if (trimmed === '') return refuse('an address is empty: write host or host:port');
  const { host, port } = splitPort(trimmed) ?? refuse(unbracketed(trimmed));
  const known = canonicalHost(host);
  if (known === undefined)
    return refuse(`"${trimmed}" is neither a host name nor an IP address, with or without a port: write host:port`);
  if (port === undefined) {
    if (isPort(defaultPort)) return { host: known, port: defaultPort };
    return refuse(
      `"${trimmed}" has no port and DefaultRaftPort is ${defaultPort}: append :port, or set DefaultRaftPort`,
    );
  }
  const number = /^\d{1,5}$/.test(port) ? Number(port) : 0;
  if (!isPort(number)) return refuse(`the port of "${trimmed}" must be a number from 1 to 65535`);
  return { host: known, port: number };
}

/** The one spelling of an address: what node ids are made of and what is compared. */
export function formatAddress({ host, port }: Address): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

/** `0.0.0.0` and `::`: a listener may use them, nobody can dial them. */
export function isUnspecified(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

/** Reached from this host only. */
export function isLoopback(host: string): boolean {
  if (isIPv4(host)) return host.startsWith('127.');
  return host === '::1' || host === 'localhost' || host.endsWith('.localhost') || /^::ffff:7f/.test(host);
}

/** Undefined for something that has colons and is no IPv6 address. */
function splitPort(text: string): { readonly host: string; readonly port: string | undefined } | undefined {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(text);
  if (bracketed !== null) {
    const [, host = '', port] = bracketed;
    return isIPv6(host) ? { host, port } : undefined;
  }
  const colons = text.split(':').length - 1;
  if (colons === 0 || isIPv6(text)) return { host: text, port: undefined };
  const [host = '', port] = text.split(':');
  return colons === 1 ? { host, port } : undefined;
}

function unbracketed(text: string): string {
  if (text.startsWith('[')) return `"${text}" does not hold an IPv6 address in its brackets: write [address]:port`;
  return `"${text}" has several colons and is no IPv6 address: with a port, an IPv6 address stands in brackets, as in [::1]:10008`;
}

function canonicalHost(host: string): string | undefined {
  const lower = host.toLowerCase();
  if (isIPv6(lower)) {
    const [address = '', zone] = lower.split('%');
    const shortest = new URL(`http://[${address}]`).hostname.slice(1, -1);
    return zone === undefined ? shortest : `${shortest}%${zone}`;
  }
  if (isIP(lower) !== 0) return lower;
  const labels = lower.replace(/\.$/, '').split('.');
  const numeric = /^\d+$/.test(labels.at(-1) ?? ''); // no name ends in digits only: a mistyped IPv4 address
  if (numeric || lower.length > 253 || !labels.every((label) => LABEL.test(label))) return undefined;
  return lower;
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535;
}
