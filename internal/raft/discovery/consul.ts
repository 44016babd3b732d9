import { errorText, OrchestratorError } from '../../runtime/errors.ts';
import { type Address, formatAddress, parseAddress } from '../address.ts';
import { few } from './candidates.ts';
import type { Finder, Found } from './finder.ts';
import { expectOk, type HttpAnswer, type HttpRequest, HttpService, readSecret, type TlsFiles } from './http-service.ts';
import { numberAt, objectAt, textAt } from './json.ts';

export interface ConsulAccess extends TlsFiles {
  /** `scheme://host:port` of an agent. */
  readonly origin: string;
  /** Empty: no token is sent. */
  readonly tokenFile: string;
}

export interface ConsulFinderSettings extends ConsulAccess {
  readonly serviceName: string;
  /** Empty: that of the agent. */
  readonly dataCenters: readonly string[];
  readonly registerSelf: boolean;
  readonly checkIntervalMs: number;
  readonly deregisterAfterMs: number;
}

/** An agent of Consul, by its HTTP API: https://developer.hashicorp.com/consul/api-docs */
export class ConsulAgent {
  readonly #access: ConsulAccess;
  readonly #http: HttpService;

  constructor(access: ConsulAccess) {
    this.#access = access;
    this.#http = new HttpService('Consul', access);
  }

  async ask(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const { origin, tokenFile } = this.#access;
    const headers = tokenFile === '' ? {} : { 'x-consul-token': await readSecret(tokenFile) };
    return this.#http.ask(origin, { ...request, headers }, signal);
  }

  close(): Promise<void> {
    return this.#http.close();
  }
}

/** Instances of a service, whatever their health: a node that is not healthy yet is one that a group can be founded with. */
export class ConsulFinder implements Finder {
  readonly #settings: ConsulFinderSettings;
  readonly #agent: ConsulAgent;
  /** Under which id this node registered. */
  #registered: string | undefined;

  constructor(settings: ConsulFinderSettings) {
    this.#settings = settings;
    this.#agent = new ConsulAgent(settings);
  }

  async find(signal: AbortSignal): Promise<Found> {
    const { dataCenters } = this.#settings;
    const places = dataCenters.length === 0 ? [undefined] : dataCenters;
    const answers = await Promise.allSettled(places.map((place) => this.#instances(place, signal)));
    const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
    const failed = answers.flatMap((answer) => (answer.status === 'rejected' ? [errorText(answer.reason)] : []));
    if (found.length === 0) throw new OrchestratorError('UNAVAILABLE', failed.join('; '));
    return {
      addresses: found.flatMap(({ addresses }) => addresses),
      problems: [...found.flatMap(({ problems }) => problems), ...failed],
    };
  }

  /** Looks first: registering again would make the check start anew, as critical. */
  async register(self: Address, signal: AbortSignal): Promise<void> {
    const { serviceName, registerSelf, checkIntervalMs, deregisterAfterMs } = this.#settings;
    if (!registerSelf) return;
    const id = `${serviceName}@${formatAddress(self)}`;
    const known = await this.#agent.ask({ method: 'GET', path: `/v1/agent/service/${encodeURIComponent(id)}` }, signal);
    const same = textAt(known.json, 'Address') === self.host && numberAt(known.json, 'Port') === self.port;
    this.#registered = id;
    if (known.status === 200 && same) return;
    const body = {
      ID: id,
      Name: serviceName,
      Address: self.host,
      Port: self.port,
      Check: {
        TCP: formatAddress(self),
        Interval: `${checkIntervalMs}ms`,
        Timeout: '2s',
        DeregisterCriticalServiceAfter: `${deregisterAfterMs}ms`,
      },
    };
    const answer = await this.#agent.ask({ method: 'PUT', path: '/v1/agent/service/register', body }, signal);
    expectOk('registering this node in Consul', answer);
  }

  async release(signal: AbortSignal): Promise<void> {
    const id = this.#registered;
    try {
      if (id === undefined) return;
      const path = `/v1/agent/service/deregister/${encodeURIComponent(id)}`;
      expectOk('taking this node back from Consul', await this.#agent.ask({ method: 'PUT', path }, signal));
    } finally {
      await this.#agent.close();
    }
  }

  async #instances(dataCenter: string | undefined, signal: AbortSignal): Promise<Found> {
    const { serviceName } = this.#settings;
    const query = dataCenter === undefined ? '' : `?${new URLSearchParams({ dc: dataCenter })}`;
    const path = `/v1/health/service/${encodeURIComponent(serviceName)}${query}`;
    const { json } = expectOk(
      `Consul, asked for ${serviceName}${dataCenter === undefined ? '' : ` in ${dataCenter}`},`,
      await this.#agent.ask({ method: 'GET', path }, signal),
    );
    if (!Array.isArray(json))
      throw new OrchestratorError('UNAVAILABLE', `Consul answers with no list of ${serviceName}`);
    const read = json.map(instance);
    const unusable = read.filter((one) => typeof one === 'string');
    return {
      addresses: read.filter((one) => typeof one !== 'string'),
      problems: unusable.length === 0 ? [] : [`instances of ${serviceName} without a usable address: ${few(unusable)}`],
    };
  }
}

/** The address of the instance, or that of its host where it has none of its own; otherwise what it is called. */
function instance(entry: unknown): Address | string {
  const service = objectAt(entry, 'Service');
  const host = textAt(service, 'Address') ?? textAt(entry, 'Node', 'Address') ?? '';
  const port = numberAt(service, 'Port') ?? 0;
  try {
    return parseAddress(host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`, 'instance', 0);
  } catch {
    return textAt(service, 'ID') ?? 'one without id';
  }
}
