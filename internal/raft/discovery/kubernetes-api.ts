import { type HttpAnswer, type HttpRequest, HttpService, readSecret } from './http-service.ts';

/** Paths and addresses; empty ones: as a pod has them. */
export interface KubernetesAccess {
  /** `scheme://host:port` */
  readonly apiServer: string;
  /** Empty: that of the pod itself, from `namespaceFile`. */
  readonly namespace: string;
  readonly namespaceFile: string;
  /** Empty: no token is sent. Read for each request, since the server exchanges it from time to time. */
  readonly tokenFile: string;
  readonly caFile: string;
}

/** The API server with the rights of a service account. */
export class KubernetesApi {
  readonly #access: KubernetesAccess;
  readonly #http: HttpService;

  constructor(access: KubernetesAccess) {
    this.#access = access;
    this.#http = new HttpService('the Kubernetes API', { caFile: access.caFile, certFile: '', keyFile: '' });
  }

  async ask(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    return this.#http.ask(this.#access.apiServer, { ...request, headers: await this.#headers() }, signal);
  }

  async lines(request: HttpRequest, silenceMs: number, signal: AbortSignal): Promise<AsyncGenerator<string>> {
    return this.#http.lines(this.#access.apiServer, { ...request, headers: await this.#headers() }, silenceMs, signal);
  }

  async namespace(): Promise<string> {
    const { namespace, namespaceFile } = this.#access;
    return namespace === '' ? readSecret(namespaceFile) : namespace;
  }

  close(): Promise<void> {
    return this.#http.close();
  }

  async #headers(): Promise<Readonly<Record<string, string>>> {
    const { tokenFile } = this.#access;
    return tokenFile === '' ? {} : { authorization: `Bearer ${await readSecret(tokenFile)}` };
  }
}
