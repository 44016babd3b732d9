import { errorText, OrchestratorError } from '../../runtime/errors.ts';
import { type HttpAnswer, HttpService, readSecret, refusal, type TlsFiles } from './http-service.ts';
import { textAt } from './json.ts';

export interface EtcdAccess extends TlsFiles {
  /** `scheme://host:port`, any members of the cluster. */
  readonly endpoints: readonly string[];
  /** A line `user:password`; empty: no login. */
  readonly userFile: string;
}

/** etcd by the JSON form of its API (v3): https://etcd.io/docs/v3.5/dev-guide/api_grpc_gateway/ */
export class EtcdClient {
  readonly #access: EtcdAccess;
  readonly #http: HttpService;
  /** The one that answered last. */
  #preferred = 0;
  #token: string | undefined;

  constructor(access: EtcdAccess) {
    this.#access = access;
    this.#http = new HttpService('etcd', access);
  }

  /**
   * Asks the endpoints in turn until one answers, the one that answered last time first. Logs in where that is configured, again once the
   * token has run out.
   *
   * @returns the answer's object
   * @throws {OrchestratorError} `UNAVAILABLE`
   */
  async call(path: string, body: object, signal: AbortSignal): Promise<unknown> {
    if (this.#access.userFile === '') return okOf(path, await this.#post(path, body, {}, signal));
    const answer = await this.#post(path, body, await this.#authorization(signal), signal);
    if (!tokenRanOut(answer)) return okOf(path, answer);
    this.#token = undefined;
    return okOf(path, await this.#post(path, body, await this.#authorization(signal), signal));
  }

  close(): Promise<void> {
    return this.#http.close();
  }

  async #post(
    path: string,
    body: object,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    const { endpoints } = this.#access;
    const problems: string[] = [];
    for (const [tried] of endpoints.entries()) {
      const at = (this.#preferred + tried) % endpoints.length;
      try {
        const answer = await this.#http.ask(endpoints[at] ?? '', { method: 'POST', path, headers, body }, signal);
        if (answer.status >= 500)
          throw new OrchestratorError('UNAVAILABLE', refusal(`etcd at ${endpoints[at]}`, answer));
        this.#preferred = at;
        return answer;
      } catch (error) {
        if (signal.aborted) this.#preferred = (at + 1) % endpoints.length; // it kept us waiting
        signal.throwIfAborted();
        problems.push(errorText(error));
      }
    }
    throw new OrchestratorError('UNAVAILABLE', problems.join('; '));
  }

  async #authorization(signal: AbortSignal): Promise<Readonly<Record<string, string>>> {
    this.#token ??= await this.#login(signal);
    return { authorization: this.#token };
  }

  async #login(signal: AbortSignal): Promise<string> {
    const { userFile } = this.#access;
    const [, name, password] = /^([^:]+):(.*)$/s.exec(await readSecret(userFile)) ?? [];
    if (name === undefined) throw new OrchestratorError('UNAVAILABLE', `${userFile} holds no line user:password`);
    const answer = await this.#post('/v3/auth/authenticate', { name, password }, {}, signal);
    const token = textAt(okOf(`login of ${name}`, answer), 'token');
    if (token === undefined) throw new OrchestratorError('UNAVAILABLE', `etcd gives ${name} no token`);
    return token;
  }
}

/** A token that etcd does not know any more: 401 in newer releases; older ones answer 400 or 500 with the same words. */
function tokenRanOut({ status, excerpt }: HttpAnswer): boolean {
  return status === 401 || excerpt.includes('invalid auth token');
}

function okOf(what: string, answer: HttpAnswer): unknown {
  if (answer.status === 200) return answer.json;
  throw new OrchestratorError('UNAVAILABLE', refusal(`etcd, asked for ${what},`, answer));
}

export function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}

export function fromBase64(text: string): string {
  return Buffer.from(text, 'base64').toString('utf8');
}

/** Keys from `prefix` up to but without this one are those that begin with it. */
export function endOfPrefix(prefix: string): string {
  const bytes = Buffer.from(prefix, 'utf8');
  const last = bytes.length - 1;
  bytes.writeUInt8(bytes.readUInt8(last) + 1, last); // no byte of UTF-8 is 255
  return bytes.toString('base64');
}
