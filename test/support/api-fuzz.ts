// Requests that nobody in their right mind sends, over the table of routes, from one seed.

import { CONTRACT, EXAMPLES, exampleValue } from '../compat/routes.ts';
import type { SeededRandom } from '../sim/random.ts';

export interface FuzzRequest {
  readonly method: string;
  /** As it goes over the line. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What stands in no path by itself, percent-encoded as it is sent. */
const ENCODED = [
  '%00',
  '%0a',
  '%0d%0aX-Evil:%201',
  '%2F%2Fdb1.example',
  '%2e%2e%2f',
  '%',
  '%zz',
  '%FF%FE',
  '%E2%98%83',
];

export const HOSTILE = [
  ...['', ' ', '_', '//db1.example', '.', '..', '../../etc/passwd', '__proto__', 'constructor', 'toString', 'null'],
  ...[
    "' OR 1=1 --",
    '"; DROP TABLE database_instance; --',
    '%',
    '_%',
    '`id`',
    '$(id)',
    '{{7*7}}',
    '<script>alert(1)</script>',
  ],
  ...['0', '-1', '+3306', '65535', '65536', '1e3', '0x10', '3306.5', '9'.repeat(30), 'NaN', 'Infinity', '-0', '１２'],
  ...['a,b', 'a b', '[::1]', '[::1', '::1', 'fe80::1%eth0', 'db1.example:3306', ':3306', 'db1.example:', '10.0.0.1'],
  ...['\u0000', '\u0001\u007f', '\r\nSet-Cookie: a=b', '\u202e', 'é', '😀', 'ﬁ', 'İ', '\u2028'],
  ...['(', '[', '*', '+', '(a+)+$', '\\', '^(?:a|a)*$', '~', '!', '~role', 'role=backup', '=', 'a=b=c', ','],
  ...['1w', '0s', '-5m', '99999999999w', '10', 'm', 'prefer', 'must', 'latest', 'true', 'false', 'DEFAULT'],
  ...['x'.repeat(256), 'x'.repeat(4_000), 'é'.repeat(1_000), '('.repeat(500), '/'.repeat(50)],
];

const QUERY_KEYS = [
  ...['s', 'pattern', 'q', 'force', 'alias', 'instances', 'tag', 'comment', 'unacknowledged', 'skipProcesses'],
  ...[
    'publicToken',
    'compact',
    'wait',
    'stale',
    'sync',
    'exclude',
    'verbose',
    '__proto__',
    'toString',
    '',
    'comment[]',
  ],
];

const HEADERS: readonly (readonly [name: string, values: readonly string[]])[] = [
  ['Authorization', ['Basic', 'Basic ***', 'Basic Og==', 'Bearer x', `Basic ${'QQ'.repeat(2_000)}`, 'basic dTpw']],
  [
    'Cookie',
    ['access-token=', 'access-token=nocolon', 'access-token=a:b; x', '=;;=', `access-token=${'a:'.repeat(900)}`],
  ],
  ['Idempotency-Key', ['k', 'x'.repeat(300), 'a b', '__proto__', 'k']],
  ['Accept-Encoding', ['gzip', 'gzip;q=0', 'gzip;q=', ', ,gzip,', '*', 'identity;q=0']],
  ['X-Forwarded-User', ['root', 'a, b', '-Gn', '$(id)', "'"]],
  ['X-Orchestrator-Hops', ['1', '-1', 'NaN', '99999999999999999999']],
  ['Expect', ['100-continue']],
  ['Content-Type', ['application/json']],
];

/** Besides those of the table. */
const ELSEWHERE = [
  ...[
    'metrics',
    'livez',
    'readyz',
    'startupz',
    'debug/vars',
    'debug/metrics',
    'web/clusters',
    'web/search/:searchString',
  ],
  ...[
    'api/',
    'api/:host',
    'api/v2/:host',
    'api/v2/clusters/:clusterHint/failover-plan',
    ':host',
    'api/raft-scale-down/:to',
  ],
];

export function fuzzRequest(random: SeededRandom): FuzzRequest {
  const pattern = random.chance(0.9) ? `api/${random.pick(CONTRACT).path}` : random.pick(ELSEWHERE);
  const path = pattern
    .split('/')
    .map((segment) => (segment.startsWith(':') ? segmentFor(segment.slice(1), random) : segment))
    .join('/');
  const method = random.chance(0.85) ? 'GET' : random.pick(['HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']);
  const slash = random.chance(0.1) ? '/' : '';
  return { method, path: `/${path}${slash}${queryOf(random)}`, headers: headersOf(random) };
}

/** Mostly what belongs there, so that what is odd gets through to where it matters. */
function segmentFor(name: string, random: SeededRandom): string {
  if (random.chance(0.55)) return encodeURIComponent(exampleValue(name) ?? random.pick(Object.values(EXAMPLES)));
  return encoded(random);
}

function encoded(random: SeededRandom): string {
  if (random.chance(0.15)) return random.pick(ENCODED);
  const text = random.chance(0.7) ? random.pick(HOSTILE) : noise(random);
  return encodeURIComponent(text);
}

function noise(random: SeededRandom): string {
  const length = random.whole(1, random.chance(0.1) ? 1_000 : 20);
  const points = Array.from({ length }, () => random.whole(0, random.chance(0.7) ? 0x7f : 0xd7ff));
  return String.fromCodePoint(...points);
}

function queryOf(random: SeededRandom): string {
  const parts = Array.from({ length: random.whole(0, 3) }, () => {
    const key = encodeURIComponent(random.pick(QUERY_KEYS));
    return random.chance(0.1) ? key : `${key}=${random.chance(0.3) ? 'true' : encoded(random)}`;
  });
  return parts.length === 0 ? '' : `?${parts.join('&')}`;
}

function headersOf(random: SeededRandom): Readonly<Record<string, string>> {
  const some = Array.from({ length: random.whole(0, 2) }, () => random.pick(HEADERS));
  return Object.fromEntries(some.map(([name, values]) => [name, random.pick(values)]));
}
