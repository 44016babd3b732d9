// A client of `/api/v2` that holds both sides to the document which the server itself serves: what it sends, and what it gets.

import assert from 'node:assert/strict';
import type { Answer } from './http.ts';
import { violations } from './json-schema.ts';

type Json = Readonly<Record<string, unknown>>;

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly schema: Json;
}

export interface Operation {
  readonly operationId: string;
  readonly parameters: readonly Parameter[];
  readonly requestBody?: {
    readonly required: boolean;
    readonly content: Readonly<Record<string, { readonly schema: Json }>>;
  };
  readonly responses: Readonly<
    Record<
      string,
      { readonly description: string; readonly content?: Readonly<Record<string, { readonly schema?: Json }>> }
    >
  >;
}

export interface Document {
  readonly openapi: string;
  readonly servers: readonly { readonly url: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Json>> };
}

export type Send = (
  path: string,
  headers?: Readonly<Record<string, string>>,
  method?: string,
  body?: string,
) => Promise<Answer>;

export interface Wanted {
  readonly method?: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export class V2Client {
  readonly document: Document;
  readonly #send: Send;
  /** Operations that were answered as they should be. */
  readonly succeeded = new Set<string>();

  constructor(send: Send, document: Document) {
    this.#send = send;
    this.document = document;
  }

  static async of(send: Send): Promise<V2Client> {
    const { status, text } = await send('/api/v2/openapi.json');
    assert.equal(status, 200, text);
    return new V2Client(send, JSON.parse(text) as Document);
  }

  /** @param url of the server, scheme, host and port */
  static at(url: string): Promise<V2Client> {
    return V2Client.of(async (path, headers = {}, method = 'GET', body) => {
      const answer = await fetch(`${url}${path}`, { method, headers, ...(body === undefined ? {} : { body }) });
      const text = await answer.text();
      const json = text === '' ? undefined : (JSON.parse(text) as unknown);
      return { status: answer.status, headers: Object.fromEntries(answer.headers), text, json };
    });
  }

  /** @param path below `/api/v2`, with its query */
  async ask(path: string, { method = 'GET', body, headers = {} }: Wanted = {}): Promise<Answer> {
    const json = body === undefined ? {} : { 'Content-Type': 'application/json' };
    const text = body === undefined ? undefined : JSON.stringify(body);
    const answer = await this.#send(`/api/v2${path}`, { ...json, ...headers }, method, text);
    const operation = this.operationOf(path, method);
    if (operation !== undefined) {
      this.checkAnswer(operation, answer, `${method} ${path}`);
      if (answer.status < 300) {
        this.#checkRequest(operation, path, body);
        this.succeeded.add(operation.operationId);
      }
    } else if (method !== 'HEAD') assert.ok([404, 405].includes(answer.status), `${method} ${path}: ${answer.status}`);
    return answer;
  }

  /** The answer of one that has to succeed. */
  async done<T = Json>(path: string, wanted: Wanted = {}): Promise<T> {
    const { status, text, json } = await this.ask(path, wanted);
    assert.ok(status < 300, `${wanted.method ?? 'GET'} ${path}: ${status} ${text}`);
    return json as T;
  }

  /** The problem of one that has to fail. */
  async problem(
    path: string,
    wanted: Wanted = {},
  ): Promise<{ code: string; status: number; message: string; details: Json }> {
    const { status, text, json } = await this.ask(path, wanted);
    assert.ok(status >= 400, `${wanted.method ?? 'GET'} ${path}: ${status} ${text}`);
    return json as { code: string; status: number; message: string; details: Json };
  }

  /** Undefined: the document has none. */
  operationOf(path: string, method: string): Operation | undefined {
    const segments = (path.split('?')[0] ?? '').replace(/\/$/, '').split('/');
    const fits = (template: string) => {
      const wanted = template.split('/');
      return (
        wanted.length === segments.length &&
        wanted.every((segment, n) => (segment.startsWith('{') ? segments[n] !== '' : segment === segments[n]))
      );
    };
    const paths = Object.keys(this.document.paths).filter(fits);
    const literal = paths.sort((a, b) => a.split('{').length - b.split('{').length)[0];
    return literal === undefined ? undefined : this.document.paths[literal]?.[method.toLowerCase()];
  }

  checkAnswer({ operationId, responses }: Operation, { status, headers, json, text }: Answer, where: string): void {
    const what = `${where} (${operationId}) -> ${status} ${text.slice(0, 300)}`;
    const response = responses[status];
    assert.ok(response !== undefined, `the document knows no such status: ${what}`);
    const type = String(headers['content-type'] ?? '').split(';')[0] ?? '';
    if (response.content === undefined) {
      assert.equal(text, '', what);
      return;
    }
    const content = response.content[type];
    assert.ok(content !== undefined, `the document knows no such type, ${type}: ${what}`);
    if (content.schema === undefined || type === 'text/event-stream') return;
    assert.deepEqual(violations(json, content.schema, 'answer', this.#document), [], what);
    if (type !== 'application/problem+json') return;
    const { code } = json as { code: string };
    assert.ok(response.description.split(', ').includes(code), `the document does not foresee ${code}: ${what}`);
  }

  #checkRequest({ operationId, parameters, requestBody }: Operation, path: string, body: unknown): void {
    const query = new URLSearchParams(path.split('?')[1] ?? '');
    for (const [name, text] of query) {
      const parameter = parameters.find((one) => one.in === 'query' && one.name === name);
      assert.ok(parameter !== undefined, `${operationId} took ?${name}, which the document does not know`);
      assert.deepEqual(violations(typed(text, parameter.schema), parameter.schema, name, this.#document), []);
    }
    const schema = requestBody?.content['application/json']?.schema;
    if (body === undefined) assert.notEqual(requestBody?.required, true, `${operationId} took no body`);
    else assert.deepEqual(violations(body, schema ?? {}, `${operationId} body`, this.#document), []);
  }

  get #document(): Json {
    return this.document as unknown as Json;
  }
}

function typed(text: string, { type }: Json): unknown {
  if (type === 'integer') return Number(text);
  return type === 'boolean' ? text === 'true' : text;
}
