// One request to the API, over TCP, TLS or a Unix socket. No redirect is followed, and an answer may take as long as it takes.

import { existsSync, readFileSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import type { RequestOptions as SecureOptions } from 'node:https';
import { ClientError } from './errors.ts';
import { type Access, basic } from './settings.ts';

export interface Response {
  readonly status: number;
  readonly text: string;
}

export interface Asked {
  /** Base of the API, ends in `/api`; may hold a login. */
  readonly api: string;
  /** Below it. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Until the answer is complete; undefined: as long as it takes. */
  readonly limitMs?: number;
}

/** @throws whatever the network says */
export type Transport = (asked: Asked) => Promise<Response>;

const CONNECT_MS = 10_000;
const ALIVE_MS = 30_000;
/** Where systems keep the authorities that their administrators trust. */
const SYSTEM_BUNDLES = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt', '/etc/ssl/cert.pem'];

/** `http://host:port/api`: one trailing slash is dropped, `/api` appended where it is missing. */
export function apiOf(given: string): string {
  const base = given.replace(/\/$/, '');
  return base.endsWith('/api') ? base : `${base}/api`;
}

/** Without what lets somebody in. */
export function shownApi(api: string): string {
  return api.replace(/^([a-z]+:\/\/)?.*@/, '$1');
}

export function transportOf({ headers, tls }: Pick<Access, 'headers' | 'tls'>): Transport {
  return async ({ api, path, headers: more = {}, limitMs }) => {
    const { options, secure } = placeOf(api, path);
    const signal = limitMs === undefined ? {} : { signal: AbortSignal.timeout(limitMs) };
    const all: RequestOptions = {
      ...options,
      ...signal,
      agent: false,
      headers: { ...options.headers, ...headers, ...more },
    };
    if (!secure) return sent(httpRequest(all));
    const { request } = await import('node:https');
    return sent(request({ ...all, ...(await trustOf(tls)) }));
  };
}

function sent(request: ReturnType<typeof httpRequest>): Promise<Response> {
  return new Promise((resolve, reject) => {
    request.on('socket', (socket) => {
      socket.setKeepAlive(true, ALIVE_MS);
      const late = () => socket.destroy(Object.assign(new Error('no connection within 10 s'), { code: 'ETIMEDOUT' }));
      if (!socket.connecting) return;
      socket.setTimeout(CONNECT_MS, late);
      socket.once('connect', () => socket.setTimeout(0));
    });
    request.on('response', (response) => void received(response).then(resolve, reject));
    request.on('error', reject);
    request.end();
  });
}

async function received(response: IncomingMessage): Promise<Response> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') };
}

/** @throws {ClientError} no address */
function placeOf(api: string, path: string): { readonly options: RequestOptions; readonly secure: boolean } {
  const socket = /^unix:(?:\/\/)?(\/.+)\/api$/.exec(api)?.[1];
  if (socket !== undefined) {
    const { pathname, search } = new URL(`http://localhost/api/${path}`);
    return { options: { socketPath: socket, host: 'localhost', path: `${pathname}${search}` }, secure: false };
  }
  const text = `${api.includes('://') ? api : `http://${api}`}/${path}`;
  if (!URL.canParse(text) || !/^https?:/.test(text))
    throw new ClientError(
      `${shownApi(api)} is no address of an API: give http://host:port, https://host:port or unix:/path`,
    );
  const { protocol, hostname, port, username, password, pathname, search } = new URL(text);
  const login = username === '' ? {} : { headers: { Authorization: basic(decoded(`${username}:${password}`)) } };
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  return {
    options: { host, ...(port === '' ? {} : { port }), path: `${pathname}${search}`, ...login },
    secure: protocol === 'https:',
  };
}

/** A percent sign that stands for itself is left alone. */
function decoded(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (bytes) => Buffer.from(bytes.replaceAll('%', ''), 'hex').toString('utf8'));
}

/** The authorities of the system count beside those of Node, as they do for any other program. */
async function trustOf({ ca, cert, key }: Access['tls']): Promise<SecureOptions> {
  const { rootCertificates } = await import('node:tls');
  const bundles = ca === '' ? SYSTEM_BUNDLES.filter((file) => existsSync(file)).slice(0, 1) : [ca];
  return {
    ca: [...rootCertificates, ...bundles.map(read)],
    ...(cert === '' ? {} : { cert: read(cert), key: read(key === '' ? cert : key) }),
  };
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ClientError(`cannot read ${file}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}
