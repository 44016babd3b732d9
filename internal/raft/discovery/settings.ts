// What `RaftDiscovery` may hold, for each type of finder: a table of fields, and how they become plain values.

import { isIP, isIPv4, isIPv6 } from 'node:net';
import type { ConsulFinderSettings } from './consul.ts';
import type { EtcdFinderSettings } from './etcd.ts';
import {
  bool,
  choice,
  type Fields,
  invalid,
  listOf,
  optional,
  type Read,
  readFields,
  required,
  seconds,
  text,
  whole,
} from './fields.ts';
import type { TlsFiles } from './http-service.ts';
import type { KubernetesFinderSettings } from './kubernetes.ts';
import type { KubernetesAccess } from './kubernetes-api.ts';
import type { MdnsFinderSettings } from './mdns.ts';

interface Common {
  /** Between two look-ups, before jitter. */
  readonly intervalMs: number;
  /** For one look-up. */
  readonly timeoutMs: number;
}

/** `servers`: `ip` or `ip:port` of name servers; empty: those of the system. */
export type FinderSettings = Common &
  (
    | { readonly type: 'file'; readonly path: string; readonly defaultPort: number }
    | {
        readonly type: 'dns';
        readonly names: readonly string[];
        readonly port: number;
        readonly servers: readonly string[];
      }
    | {
        readonly type: 'dns-srv';
        /** `_service._protocol.domain` */
        readonly name: string;
        readonly domain: string;
        readonly servers: readonly string[];
      }
    | ({ readonly type: 'kubernetes' } & Omit<KubernetesFinderSettings, 'byName'>)
    | ({ readonly type: 'consul' } & ConsulFinderSettings)
    | ({ readonly type: 'etcd' } & EtcdFinderSettings)
    | ({ readonly type: 'mdns' } & MdnsFinderSettings)
  );

export type FinderType = FinderSettings['type'];

const COMMON = {
  IntervalSeconds: optional(seconds(0.1, 10), 2000),
  TimeoutSeconds: optional(seconds(1, 60), 5000),
};

const NAME = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?$/i;
const LABEL = /^_?[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i;

const AUTHORITY = /^(\[[0-9a-f:.]+\]|[a-z0-9_.-]+):\d{1,5}$/i;
const ORIGIN = /^https?:\/\/(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(:\d{1,5})?\/?$/i;

const path = text('the path of a file');
const hostName = text('a host name', NAME);
const port = whole(1, 65_535, 'a port');
const servers = optional(
  listOf(
    {
      form: 'an address',
      parse: (value) => (typeof value === 'string' && isServer(value.trim()) ? value.trim() : undefined),
    },
    'a list of addresses of name servers such as ["10.0.0.53", "[fd00::53]:5353"]',
  ),
  [],
);

const serviceName = text('the name of the service, the same on all nodes', /^[\w.-]{1,100}$/);
const optionalFile = optional(path, '');
const TLS = { CAFile: optionalFile, CertFile: optionalFile, PrivateKeyFile: optionalFile };

function tlsFiles({ CAFile, CertFile, PrivateKeyFile }: Read<typeof TLS>): TlsFiles {
  return { caFile: CAFile, certFile: CertFile, keyFile: PrivateKeyFile };
}

interface Context {
  readonly defaultPort: number;
  /** Of the process: a pod is told there where the API server is. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

type Given = Readonly<Record<string, unknown>>;
type Reader = (where: string, given: Given, context: Context) => FinderSettings;

/** One type: its fields without the common ones, and what they make. */
function row<F extends Fields>(
  fields: F,
  settings: (read: Read<F>, common: Common, context: Context) => FinderSettings,
): Reader {
  return (where, given, context) => {
    const own = readFields(where, given, fields, Object.keys(COMMON));
    const { IntervalSeconds, TimeoutSeconds } = readFields(where, given, COMMON, Object.keys(fields));
    return settings(own, { intervalMs: IntervalSeconds, timeoutMs: TimeoutSeconds }, context);
  };
}

const TYPES: Readonly<Record<FinderType, Reader>> = {
  file: row({ Path: required(path) }, ({ Path }, common, { defaultPort }) => ({
    type: 'file',
    ...common,
    path: Path,
    defaultPort,
  })),
  dns: row(
    {
      Names: required(listOf(hostName, 'a list of host names such as ["managers.example.com"]')),
      Port: optional(port, 0),
      Servers: servers,
    },
    ({ Names, Port, Servers }, common, { defaultPort }) => ({
      type: 'dns',
      ...common,
      names: Names,
      port: Port === 0 ? knownPort(defaultPort) : Port,
      servers: Servers,
    }),
  ),
  'dns-srv': row(
    {
      Service: required(text('the service of the SRV records such as "raft"', LABEL)),
      Protocol: optional(choice('tcp', '_tcp'), 'tcp'),
      Domain: required(text('the domain of the SRV records such as "managers.example.com"', NAME)),
      Servers: servers,
    },
    ({ Service, Protocol, Domain, Servers }, common) => ({
      type: 'dns-srv',
      ...common,
      name: `_${plainLabel(Service)}._${plainLabel(Protocol)}.${Domain}`,
      domain: Domain,
      servers: Servers,
    }),
  ),
  kubernetes: row(
    {
      Namespace: optional(text('the name of a namespace', LABEL), ''),
      LabelSelector: required(text('a selector of the pods such as "app=orchestrator"')),
      PortName: optional(text('the name of a container port', LABEL), 'raft'),
      ApiServer: optional(text('the API server such as "https://10.0.0.1:6443"', ORIGIN), ''),
      TokenFile: optionalFile,
      CAFile: optionalFile,
    },
    (read, common, { env }) => ({
      type: 'kubernetes',
      ...common,
      ...kubernetesAccess(read, env),
      labelSelector: read.LabelSelector,
      portName: read.PortName,
    }),
  ),
  consul: row(
    {
      Address: optional(text('host:port of an agent of Consul', AUTHORITY), '127.0.0.1:8500'),
      Scheme: optional(choice('http', 'https'), 'http'),
      TokenFile: optionalFile,
      ServiceName: required(serviceName),
      Datacenters: optional(listOf(serviceName, 'a list of data centres as Consul names them'), []),
      RegisterSelf: optional(bool, true),
      CheckIntervalSeconds: optional(seconds(1, 300), 10_000),
      DeregisterAfterSeconds: optional(seconds(60, 31_536_000), 3_600_000),
      ...TLS,
    },
    (read, common) => ({
      type: 'consul',
      ...common,
      ...tlsFiles(read),
      origin: `${read.Scheme}://${read.Address}`,
      tokenFile: read.TokenFile,
      serviceName: read.ServiceName,
      dataCenters: read.Datacenters,
      registerSelf: read.RegisterSelf,
      checkIntervalMs: read.CheckIntervalSeconds,
      deregisterAfterMs: read.DeregisterAfterSeconds,
    }),
  ),
  etcd: row(
    {
      Endpoints: optional(
        listOf(text('an endpoint', ORIGIN), 'a list of endpoints such as ["https://10.0.0.1:2379"]'),
        ['http://127.0.0.1:2379'],
      ),
      Prefix: optional(text('the beginning of all keys such as "/orchestrator"', /^\/[\w./-]*$/), '/orchestrator'),
      ServiceName: required(serviceName),
      LeaseTTLSeconds: optional(whole(30, 3600, 'a whole number of seconds'), 60),
      UserFile: optionalFile,
      ...TLS,
    },
    (read, common) => ({
      type: 'etcd',
      ...common,
      ...tlsFiles(read),
      endpoints: read.Endpoints.map((endpoint) => endpoint.replace(/\/$/, '')),
      prefix: read.Prefix,
      serviceName: read.ServiceName,
      leaseMs: read.LeaseTTLSeconds * 1000,
      userFile: read.UserFile,
    }),
  ),
  mdns: row(
    {
      Service: optional(
        text('a service of DNS-SD such as "_mysqlha._tcp"', /^_[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?\._tcp$/i),
        '_mysqlha._tcp',
      ),
      Domain: optional(choice('local'), 'local'),
      Interface: optional(text('the name or the IPv4 address of an interface'), ''),
    },
    (read, common) => ({
      type: 'mdns',
      ...common,
      service: read.Service.slice(1, -'._tcp'.length),
      interface: read.Interface,
    }),
  ),
};

export const FINDER_TYPES = Object.keys(TYPES) as readonly FinderType[];

/**
 * @param given the value of `RaftDiscovery`, empty where the key is not set
 * @returns undefined where the nodes are not found but listed
 * @throws {OrchestratorError} `CONFIG_INVALID`: key, value, what to do (F-01)
 */
export function readFinderSettings(given: Given, context: Context): FinderSettings | undefined {
  if (Object.keys(given).length === 0) return undefined;
  const { Type, ...rest } = given;
  const types = FINDER_TYPES.map((type) => `"${type}"`).join(', ');
  if (Type === undefined) throw invalid(`RaftDiscovery: Type is missing: set it to one of ${types}`);
  const type = FINDER_TYPES.find((one) => one === Type);
  if (type === undefined) throw invalid(`RaftDiscovery: Type is ${JSON.stringify(Type)}: set it to one of ${types}`);
  return TYPES[type](`RaftDiscovery of type ${type}`, rest, context);
}

/** What a service account has in each pod: https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/ */
const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

function kubernetesAccess(
  read: Readonly<Record<'Namespace' | 'ApiServer' | 'TokenFile' | 'CAFile', string>>,
  env: Context['env'],
): KubernetesAccess {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = env;
  const place = { namespace: read.Namespace, namespaceFile: `${ACCOUNT}/namespace` };
  if (read.ApiServer !== '')
    return { ...place, apiServer: read.ApiServer.replace(/\/$/, ''), tokenFile: read.TokenFile, caFile: read.CAFile };
  if (host === undefined)
    throw invalid(
      'RaftDiscovery of type kubernetes: ApiServer is missing and this is no pod: set it to https://host:port',
    );
  return {
    ...place,
    apiServer: `https://${isIPv6(host) ? `[${host}]` : host}:${port}`,
    tokenFile: read.TokenFile || `${ACCOUNT}/token`,
    caFile: read.CAFile || `${ACCOUNT}/ca.crt`,
  };
}

/** Whether there is a place for the record that says which group has the name (F-16). */
export function hasAnchor({ type }: FinderSettings): boolean {
  return type === 'kubernetes' || type === 'consul' || type === 'etcd';
}

function knownPort(defaultPort: number): number {
  if (defaultPort > 0) return defaultPort;
  throw invalid('RaftDiscovery of type dns: Port is missing and DefaultRaftPort is 0: set one of them');
}

function plainLabel(label: string): string {
  return label.replace(/^_/, '');
}

/** `ip`, `v4:port` or `[v6]:port`. */
function isServer(value: string): boolean {
  if (isIP(value) !== 0) return true;
  const [, v6 = '', v4 = '', digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(value) ?? [];
  const number = Number(digits);
  return (isIPv6(v6) || isIPv4(v4)) && number >= 1 && number <= 65_535;
}
