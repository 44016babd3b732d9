// The daemon of this configuration, over its HTTP API.

import { readFileSync, realpathSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import type { Config } from '../config/keys.ts';
import { systemClock } from '../runtime/clock.ts';
import { withDeadline } from '../runtime/deadline.ts';
import { OrchestratorError } from '../runtime/errors.ts';
import { PASS_PHRASE } from '../runtime/pass-phrase.ts';
import { backendLabel, usesSqlite } from './own-backend.ts';
import { readPem } from './pem.ts';

export interface Envelope {
  readonly Code?: unknown;
  readonly Message?: unknown;
  readonly Details?: unknown;
}

interface Answer {
  readonly status: number;
  /** Undefined: something else than the API answers there. */
  readonly envelope: Envelope | undefined;
}

export class DaemonClient {
  readonly address: string;
  readonly #config: Config;
  readonly #options: RequestOptions;
  readonly #interrupted = new AbortController();

  private constructor(config: Config, address: string, options: RequestOptions) {
    this.#config = config;
    this.address = address;
    this.#options = options;
  }

  /**
   * The daemon that listens where the configuration says and works on the backend that it names; undefined where nothing
   * listens there, or something else does.
   *
   * @throws {OrchestratorError} `CONFLICT`: something listens and does not say what it is
   */
  static async find(config: Config): Promise<DaemonClient | undefined> {
    const place = placeOf(config);
    if (place === undefined) return undefined;
    const client = new DaemonClient(config, place.address, place.options);
    const doubt = (cause: unknown) =>
      new OrchestratorError(
        'CONFLICT',
        `a daemon may run at ${place.address} and does not say what it works on: use its API, or -ignore-raft-setup to act on the backend all the same`,
        { cause },
      );
    const answer = await client.#get('health', config.DaemonFindTimeoutMilliseconds).catch((cause: unknown) => {
      if (['ECONNREFUSED', 'ENOENT'].includes(codeOf(cause))) return undefined;
      throw doubt(cause);
    });
    if (answer === undefined) return undefined;
    const { status, envelope } = answer;
    if (backendsOf(envelope).some((backend) => isOurs(backend, config))) return client; // well or not: it keeps what it is told
    if (status === 401 || status === 403 || envelope?.Code === 'ERROR')
      throw doubt(new Error(`it answers ${envelope?.Message ?? status}`));
    return undefined;
  }

  /** `segments` are encoded and joined by `/`. @throws {OrchestratorError} `CONFLICT` with what the daemon says */
  async call(segments: readonly (string | number)[], query: Readonly<Record<string, string>> = {}): Promise<Envelope> {
    const answer = await this.attempt(segments, query);
    if (answer.Code !== 'OK') throw new OrchestratorError('CONFLICT', String(answer.Message ?? 'no answer'));
    return answer;
  }

  /** The envelope, whatever its code is. */
  async attempt(
    segments: readonly (string | number)[],
    query: Readonly<Record<string, string>> = {},
  ): Promise<Envelope> {
    const path = segments.map((segment) => encodeURIComponent(String(segment))).join('/');
    const search = new URLSearchParams(query).toString();
    const timeoutMs = this.#config.DaemonActTimeoutSeconds * 1000; // a recovery may drain relay logs for minutes
    const { status, envelope } = await this.#get(search === '' ? path : `${path}?${search}`, timeoutMs);
    if (envelope === undefined)
      throw new OrchestratorError('CONFLICT', `the daemon at ${this.address} answers with status ${status}`);
    return envelope;
  }

  /** Why the daemon cannot speak for its group now; undefined where it can. */
  async outOfGroup(): Promise<string | undefined> {
    const { status, envelope } = await this.#get('raft-health', this.#config.DaemonFindTimeoutMilliseconds);
    if (status === 200) return undefined;
    return `the daemon of this node is not well in its group (${String(envelope?.Message ?? status)})`;
  }

  /** Stops listening. What the daemon has begun it finishes. */
  interrupt(): void {
    this.#interrupted.abort(
      new OrchestratorError('STOPPED', `interrupted: the daemon at ${this.address} goes on with it`),
    );
  }

  async #get(path: string, timeoutMs: number): Promise<Answer> {
    const { UseSSL, URLPrefix, AuthenticationMethod, HTTPAuthUser, HTTPAuthPassword } = this.#config;
    const login = ['basic', 'multi'].includes(AuthenticationMethod.toLowerCase());
    const request = UseSSL ? (await import('node:https')).request : httpRequest;
    const options: RequestOptions = {
      ...this.#options,
      path: `${URLPrefix}/api/${path}`,
      agent: false,
      ...(login ? { auth: `${HTTPAuthUser}:${HTTPAuthPassword}` } : {}),
    };
    const ask = (signal: AbortSignal) =>
      new Promise<Answer>((resolve, reject) => {
        request({ ...options, signal }, (response) => void answerOf(response).then(resolve, reject))
          .on('error', (err) => reject(this.#interrupted.signal.aborted ? this.#interrupted.signal.reason : err))
          .end();
      });
    return withDeadline(systemClock, timeoutMs, this.#interrupted.signal, ask);
  }
}

async function answerOf(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const status = response.statusCode ?? 0;
  try {
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    return { status, envelope: typeof value === 'object' && value !== null ? value : undefined };
  } catch {
    return { status, envelope: undefined };
  }
}

/** Where the daemon listens, seen from this host. The certificate it serves is known: it is in the configuration. */
function placeOf(config: Config): { readonly address: string; readonly options: RequestOptions } | undefined {
  if (config.ListenSocket !== '')
    return { address: config.ListenSocket, options: { socketPath: config.ListenSocket, host: 'localhost' } };
  const match = /^(?:\[([^\]]*)\]|([^:]*)):(\d+)$/.exec(config.ListenAddress);
  if (match === null) return undefined;
  const named = match[1] ?? match[2] ?? '';
  const host = ['', '0.0.0.0'].includes(named) ? '127.0.0.1' : named === '::' ? '::1' : named;
  const options = { host, port: Number(match[3]) };
  if (!config.UseSSL) return { address: `${host}:${match[3]}`, options };
  const certificate = readFileSync(config.SSLCertFile);
  const pinned = { ca: certificate, checkServerIdentity: () => undefined };
  const own = config.UseMutualTLS ? { cert: certificate, key: ownKey(config) } : {};
  return { address: `${host}:${match[3]}`, options: { ...options, ...pinned, ...own } };
}

/** A command asks nobody: scripts run it. */
function ownKey({ SSLPrivateKeyFile }: Config): string {
  return readPem('SSLPrivateKeyFile', SSLPrivateKeyFile, process.env[PASS_PHRASE]);
}

/** Contract: `Details.AvailableNodes[].DBBackend` is the data file, or host and port. */
function backendsOf(health: Envelope | undefined): readonly string[] {
  const nodes = (health?.Details as { AvailableNodes?: unknown } | null | undefined)?.AvailableNodes;
  if (!Array.isArray(nodes)) return [];
  return nodes.map((node: { DBBackend?: unknown } | null) => String(node?.DBBackend ?? ''));
}

function isOurs(backend: string, config: Config): boolean {
  return usesSqlite(config) ? sameFile(backend, config.SQLite3DataFile) : backend === backendLabel(config);
}

function sameFile(a: string, b: string): boolean {
  try {
    return a !== '' && realpathSync(a) === realpathSync(b);
  } catch {
    return false;
  }
}

function codeOf(err: unknown): string {
  return err instanceof Error && 'code' in err ? String(err.code) : '';
}
