// What `RaftDiscovery` may hold, for each type of finder: a table of fields, and how they become plain values.

import { isIP, isIPv4, isIPv6 } from 'node:net';
import {
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
  );

export type FinderType = FinderSettings['type'];

const COMMON = {
  IntervalSeconds: optional(seconds(0.1, 10), 2000),
  TimeoutSeconds: optional(seconds(1, 60), 5000),
};

const NAME = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?$/i;
const LABEL = /^_?[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i;

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

interface Context {
  readonly defaultPort: number;
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
