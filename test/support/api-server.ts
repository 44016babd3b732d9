// As much of a Kubernetes API server as a client of pods and leases meets: list, watch with events and bookmarks, versions that are
// compacted away, tokens that are exchanged, rights that are missing.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface PodShape {
  readonly ip?: string;
  readonly port?: number;
  readonly portName?: string;
  readonly phase?: 'Pending' | 'Running' | 'Succeeded' | 'Failed';
  readonly ready?: boolean;
  readonly leaving?: boolean;
  readonly subdomain?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

interface Event {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: Json;
  readonly version: number;
}

type Json = Readonly<Record<string, unknown>>;
type Verb = 'list' | 'watch' | 'get' | 'create';

export class ApiServer {
  /** Tokens that are taken. */
  tokens = ['first'];
  /** Verbs that the account has no right to. */
  readonly forbidden = new Set<Verb>();
  /** `list pods 0 first`: verb, kind, version asked from, token. */
  readonly asked: string[] = [];
  readonly leases = new Map<string, Json>();
  readonly #server = createServer((request, response) => void this.#serve(request, response));
  readonly #pods = new Map<string, Json>();
  readonly #watches = new Set<ServerResponse>();
  #events: Event[] = [];
  #version = 100;
  #compacted = 0;

  static async start(): Promise<ApiServer> {
    const server = new ApiServer();
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get watches(): number {
    return this.#watches.size;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  set(name: string, shape: PodShape): void {
    const type = this.#pods.has(name) ? 'MODIFIED' : 'ADDED';
    this.#version += 1;
    const object = podOf(name, shape, this.#version);
    this.#pods.set(name, object);
    this.#tell({ type, object, version: this.#version });
  }

  remove(name: string): void {
    const object = this.#pods.get(name) ?? {};
    this.#pods.delete(name);
    this.#version += 1;
    const metadata = { ...(object.metadata as Json), resourceVersion: String(this.#version) };
    this.#tell({ type: 'DELETED', object: { ...object, metadata }, version: this.#version });
  }

  /** A version that no pod has, told to those who watch. */
  bookmark(): void {
    this.#version += 10;
    const metadata = { resourceVersion: String(this.#version), creationTimestamp: null };
    this.#write({ type: 'BOOKMARK', object: { kind: 'Pod', apiVersion: 'v1', metadata } });
  }

  /** Nobody can go on from a version before this one; those who watch are told so in the stream where `aloud`. */
  compact(aloud: boolean): void {
    this.#compacted = this.#version;
    this.#events = [];
    if (aloud)
      this.#write({ type: 'ERROR', object: { kind: 'Status', status: 'Failure', reason: 'Expired', code: 410 } });
  }

  /** As at the end of `timeoutSeconds`. */
  endWatches(): void {
    for (const watch of this.#taken()) watch.end();
  }

  breakWatches(): void {
    for (const watch of this.#taken()) watch.destroy();
  }

  /** Bytes into the streams as they are. */
  babble(text: string): void {
    for (const watch of this.#watches) watch.write(text);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', 'http://api');
    const token = /^Bearer (.*)$/.exec(request.headers.authorization ?? '')?.[1] ?? '-';
    const kind = url.pathname.includes('/leases') ? 'leases' : 'pods';
    const version = url.searchParams.get('resourceVersion') ?? '0';
    const verb = verbOf(request.method ?? '', url);
    this.asked.push(`${verb} ${kind} ${version} ${token}`);
    if (!this.tokens.includes(token)) status(response, 401, 'Unauthorized');
    else if (this.forbidden.has(verb)) status(response, 403, `${kind} is forbidden: User "x" cannot ${verb} resource`);
    else if (kind === 'leases') await this.#serveLease(request, response, url);
    else if (url.pathname !== '/api/v1/namespaces/db/pods') status(response, 404, 'the server could not find it');
    else if (verb === 'watch') this.#serveWatch(response, Number(version), url);
    else this.#serveList(response, url);
  }

  #serveList(response: ServerResponse, url: URL): void {
    const items = [...this.#pods.values()].filter((pod) => isSelected(pod, url));
    answer(response, 200, { kind: 'PodList', metadata: { resourceVersion: String(this.#version) }, items });
  }

  #serveWatch(response: ServerResponse, version: number, url: URL): void {
    if (version < this.#compacted) {
      status(response, 410, `too old resource version: ${version}`);
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json', 'transfer-encoding': 'chunked' });
    response.flushHeaders();
    this.#watches.add(response);
    response.on('close', () => this.#watches.delete(response));
    for (const { type, object } of this.#events.filter(
      (event) => event.version > version && isSelected(event.object, url),
    ))
      response.write(`${JSON.stringify({ type, object })}\n`);
  }

  async #serveLease(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const name = url.pathname.split('/')[7];
    if (request.method === 'GET') {
      const lease = this.leases.get(name ?? '');
      if (lease === undefined) status(response, 404, `leases "${name}" not found`);
      else answer(response, 200, lease);
      return;
    }
    const pieces: Uint8Array[] = [];
    for await (const piece of request) pieces.push(piece);
    const lease: Json = JSON.parse(Buffer.concat(pieces).toString());
    const wanted = String((lease.metadata as Json).name);
    if (this.leases.has(wanted)) status(response, 409, `leases "${wanted}" already exists`);
    else {
      this.leases.set(wanted, lease);
      answer(response, 201, lease);
    }
  }

  #taken(): readonly ServerResponse[] {
    const watches = [...this.#watches];
    this.#watches.clear();
    return watches;
  }

  #tell(event: Event): void {
    this.#events.push(event);
    this.#write({ type: event.type, object: event.object });
  }

  #write(event: Json): void {
    for (const watch of this.#watches) watch.write(`${JSON.stringify(event)}\n`);
  }
}

function verbOf(method: string, url: URL): Verb {
  if (method === 'POST') return 'create';
  if (url.searchParams.get('watch') === '1') return 'watch';
  return url.pathname.endsWith('/pods') ? 'list' : 'get';
}

function isSelected(pod: Json, url: URL): boolean {
  const [key = '', value] = (url.searchParams.get('labelSelector') ?? '').split('=');
  return ((pod.metadata as Json).labels as Json)[key] === value;
}

function podOf(name: string, shape: PodShape, version: number): Json {
  const { ip, port = 10_008, portName = 'raft', phase = 'Running', ready = true, leaving, subdomain, labels } = shape;
  const deletion = leaving === true ? { deletionTimestamp: '2026-01-31T10:00:00Z' } : {};
  return {
    metadata: {
      name,
      namespace: 'db',
      resourceVersion: String(version),
      labels: labels ?? { app: 'manager' },
      ...deletion,
    },
    spec: {
      ...(subdomain === undefined ? {} : { hostname: name, subdomain }),
      containers: [
        { name: 'sidecar' },
        {
          name: 'manager',
          ports: [
            { name: 'http', containerPort: 3000 },
            { name: portName, containerPort: port },
          ],
        },
      ],
    },
    status: {
      phase,
      ...(ip === undefined ? {} : { podIP: ip }),
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    },
  };
}

function answer(response: ServerResponse, code: number, body: Json): void {
  response.writeHead(code, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

function status(response: ServerResponse, code: number, message: string): void {
  answer(response, code, { kind: 'Status', status: 'Failure', message, code });
}
