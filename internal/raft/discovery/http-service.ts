// Questions to a service that speaks JSON over HTTP: with a bounded answer, without redirects, which could carry a token elsewhere.

import { Resolver } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import type { LookupFunction } from 'node:net';
import { Agent, request } from 'undici';
import { errorText, OrchestratorError } from '../../runtime/errors.ts';
import { readSystemFile, resolveHost } from '../wire/resolve.ts';

/** PEM files; empty: none. They are read again for each request, so that exchanged ones count at once. */
export interface TlsFiles {
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

export const NO_TLS_FILES: TlsFiles = { caFile: '', certFile: '', keyFile: '' };

export interface HttpRequest {
  readonly method: 'GET' | 'PUT' | 'POST';
  /** With its query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** In the place of `body`: sent as it stands. */
  readonly text?: string;
}

export interface HttpAnswer {
  readonly status: number;
  /** Undefined: it was no JSON. */
  readonly json: unknown;
  /** The first line of it, as far as it can be shown. */
  readonly excerpt: string;
}

/** A list of some hundred pods. */
const MOST_BYTES = 8 * 2 ** 20;
/** One event of a stream. */
const MOST_LINE = 2 ** 20;

export class HttpService {
  readonly #what: string;
  readonly #tls: TlsFiles;
  readonly #anyCertificate: boolean;
  #agent: { readonly agent: Agent; readonly made: string } | undefined;

  /**
   * @param what names the service in errors
   * @param options.anyCertificate that of the service is taken as it comes
   */
  constructor(what: string, tls: TlsFiles, options: { readonly anyCertificate?: boolean } = {}) {
    this.#what = what;
    this.#tls = tls;
    this.#anyCertificate = options.anyCertificate ?? false;
  }

  /**
   * @param origin `scheme://host:port`
   * @throws {OrchestratorError} `UNAVAILABLE`: no answer, or one that is too large
   */
  async ask(
    origin: string,
    { method, path, headers = {}, body, text: raw }: HttpRequest,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    try {
      const { statusCode, body: answer } = await request(`${origin}${path}`, {
        method,
        headers: { accept: 'application/json', ...(body === undefined ? {} : JSON_BODY), ...headers },
        body: body === undefined ? (raw ?? null) : JSON.stringify(body),
        dispatcher: await this.#dispatcher(),
        signal,
      });
      const text = await bounded(answer);
      return { status: statusCode, json: parsed(text), excerpt: excerptOf(text) };
    } catch (cause) {
      throw this.#unavailable(origin, cause);
    }
  }

  /**
   * An answer that goes on: its lines, as they come, once it is accepted.
   *
   * @param silenceMs without a single byte for so long it is over
   * @throws {OrchestratorError} `UNAVAILABLE`; `CONFLICT` with `context.status` where it is refused
   */
  async lines(
    origin: string,
    { method, path, headers = {} }: HttpRequest,
    silenceMs: number,
    signal: AbortSignal,
  ): Promise<AsyncGenerator<string>> {
    const dispatcher = await this.#dispatcher();
    const timeouts = { headersTimeout: silenceMs, bodyTimeout: silenceMs };
    const options = { method, headers, dispatcher, signal, ...timeouts };
    try {
      const { statusCode, body } = await request(`${origin}${path}`, options);
      if (statusCode === 200) return this.#linesOf(origin, body);
      const answer = { status: statusCode, excerpt: excerptOf(await bounded(body)) };
      throw new OrchestratorError('CONFLICT', refusal(this.#what, answer), { context: { status: statusCode } });
    } catch (cause) {
      throw cause instanceof OrchestratorError ? cause : this.#unavailable(origin, cause);
    }
  }

  async *#linesOf(origin: string, body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
    try {
      yield* linesOf(body);
    } catch (cause) {
      throw this.#unavailable(origin, cause);
    }
  }

  async close(): Promise<void> {
    await this.#agent?.agent.destroy();
    this.#agent = undefined;
  }

  async #dispatcher(): Promise<Agent> {
    const { caFile, certFile, keyFile } = this.#tls;
    const [ca, cert, key] = await Promise.all([caFile, certFile, keyFile].map(readText));
    const made = JSON.stringify([ca, cert, key]);
    if (this.#agent?.made === made) return this.#agent.agent;
    const former = this.#agent?.agent;
    const given = Object.entries({ ca, cert, key }).filter(([, text]) => text !== undefined);
    const trust = this.#anyCertificate ? { rejectUnauthorized: false } : {};
    const connect = { ...Object.fromEntries(given), ...trust, lookup, timeout: 5000 };
    const agent = new Agent({ connect, connections: 4 });
    this.#agent = { agent, made };
    void former?.close().catch(() => undefined);
    return agent;
  }

  #unavailable(origin: string, cause: unknown): OrchestratorError {
    return new OrchestratorError('UNAVAILABLE', `${this.#what} at ${origin} does not answer: ${errorText(cause)}`);
  }
}

const JSON_BODY = { 'content-type': 'application/json' };

/** What a person reads of an answer that says no. */
export function refusal(what: string, { status, excerpt }: Pick<HttpAnswer, 'status' | 'excerpt'>): string {
  return `${what} answers ${status}${excerpt === '' ? '' : `: ${excerpt}`}`;
}

/** @throws {OrchestratorError} `UNAVAILABLE`: the answer says no */
export function expectOk(what: string, answer: HttpAnswer): HttpAnswer {
  if (answer.status >= 200 && answer.status < 300) return answer;
  throw new OrchestratorError('UNAVAILABLE', refusal(what, answer));
}

/** A file with a token or a password; without the line end. */
export async function readSecret(path: string): Promise<string> {
  const text = (await readText(path)) ?? '';
  return text.trim();
}

async function readText(path: string): Promise<string | undefined> {
  if (path === '') return undefined;
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new OrchestratorError('UNAVAILABLE', `${path} cannot be read`, { cause });
  }
}

async function bounded(body: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of body) {
    size += piece.length;
    if (size > MOST_BYTES) throw new Error(`an answer of more than ${MOST_BYTES} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

async function* linesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const piece of body) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MOST_LINE) throw new Error(`a line of more than ${MOST_LINE} characters`);
    for (const line of lines) if (line.trim() !== '') yield line;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function excerptOf(text: string): string {
  const [line = ''] = text.trim().split(/[\r\n]/);
  return line.length <= 200 ? line : `${line.slice(0, 200)}...`;
}

/** As `dns.lookup`, without the thread pool that it shares with everything else (R-03). */
const lookup: LookupFunction = (host, { all }, callback) => {
  const deps = { nameServers: () => new Resolver({ timeout: 1000, tries: 2 }), readFile: readSystemFile };
  resolveHost(host, deps, AbortSignal.timeout(5000)).then((ips) => {
    const found = ips.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    const [first] = found;
    if (first === undefined) callback(Object.assign(new Error(`${host} has no address`), { code: 'ENOTFOUND' }), '', 0);
    else if (all === true) callback(null, found);
    else callback(null, first.address, first.family);
  });
};
