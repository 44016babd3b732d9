// Requests to `/api/v2` that nobody in their right mind sends, made of its own document, from one seed.

import type { SeededRandom } from '../sim/random.ts';
import { HOSTILE } from './api-fuzz.ts';
import type { Document, Operation } from './v2.ts';

type Json = Readonly<Record<string, unknown>>;

export interface V2FuzzRequest {
  readonly method: string;
  /** Below `/api/v2`, as it goes over the line. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined: none. */
  readonly body: string | undefined;
}

/** What belongs there, so that what is odd gets through to where it matters. */
const SENSIBLE: Readonly<Record<string, readonly string[]>> = {
  server: ['db1.example:3306', 'db2.example', 'alias.example:3306', 'nobody.example:3306'],
  cluster: ['shop', 'db1.example:3306', 'lone.example:3306'],
  uid: ['17:abc', 'nobody'],
  code: ['NOT_FOUND', 'INTERNAL'],
  name: ['role', 'in_service'],
  address: ['10.0.0.1:10008', '10.0.0.3'],
};
const TYPES = [
  'application/json',
  'application/json; charset=utf-8',
  'text/plain',
  'application/x-www-form-urlencoded',
  '',
];
const ODD_BODIES = [
  '',
  '{',
  '[]',
  'null',
  '"x"',
  '0',
  '{"__proto__":{}}',
  '{"a":1}',
  '[[[[[[',
  '\u0000',
  `{"x":"${'y'.repeat(70_000)}"}`,
];

export function v2FuzzRequest(random: SeededRandom, document: Document): V2FuzzRequest {
  const ending = Object.entries(document.paths).filter(([path]) => path !== '/events'); // that one has no end
  const [template, item] = random.pick(ending);
  const known = Object.keys(item);
  const method = (
    random.chance(0.9) ? random.pick(known) : random.pick(['get', 'post', 'put', 'patch', 'delete', 'options'])
  ).toUpperCase();
  const operation = item[method.toLowerCase()];
  const path = template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(textFor(name, random)));
  const body =
    operation?.requestBody === undefined && random.chance(0.8) ? undefined : bodyFor(operation, document, random);
  const type = random.chance(0.9) ? 'application/json' : random.pick(TYPES);
  return {
    ...{ method, path: `${path}${queryFor(operation, random)}`, body },
    headers: {
      ...(body === undefined || type === '' ? {} : { 'Content-Type': type }),
      ...(body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }),
      ...(random.chance(0.1)
        ? { 'Idempotency-Key': random.pick(['k', 'x'.repeat(300), 'a b', `k${random.whole(0, 5)}`]) }
        : {}),
      ...(random.chance(0.05) ? { 'Sec-Fetch-Site': random.pick(['cross-site', 'same-origin', 'none']) } : {}),
    },
  };
}

function textFor(name: string, random: SeededRandom): string {
  const known = SENSIBLE[name];
  const text = random.chance(0.7) && known !== undefined ? random.pick(known) : random.pick(HOSTILE);
  return text.replace(/^\.{1,2}$/, 'dots') || 'empty'; // whoever sends those asks for another path
}

function queryFor(operation: Operation | undefined, random: SeededRandom): string {
  const named = (operation?.parameters ?? []).filter((one) => one.in === 'query' && random.chance(0.3));
  const parts = named.map(({ name, schema }) => {
    const value = random.chance(0.7)
      ? String(valueFor(schema, name, { components: { schemas: {} } }, random))
      : random.pick(HOSTILE);
    return `${encodeURIComponent(name)}=${encodeURIComponent(value)}`;
  });
  if (random.chance(0.05)) parts.push(`${encodeURIComponent(random.pick(HOSTILE))}=1`);
  return parts.length === 0 ? '' : `?${parts.join('&')}`;
}

function bodyFor(operation: Operation | undefined, document: Document, random: SeededRandom): string | undefined {
  if (random.chance(0.1)) return random.pick(ODD_BODIES);
  const schema = operation?.requestBody?.content['application/json']?.schema;
  return schema === undefined ? '{}' : JSON.stringify(valueFor(schema, 'body', document, random));
}

/** Mostly something that the schema takes. */
function valueFor(schema: Json, name: string, document: Pick<Document, 'components'>, random: SeededRandom): unknown {
  if (random.chance(0.05)) return random.pick<unknown>([null, 0, -1, 1e300, true, [], {}, '', random.pick(HOSTILE)]);
  const { $ref, type, properties, required = [], anyOf, oneOf, enum: values, const: fixed, items } = schema;
  if ($ref !== undefined) {
    const form = document.components.schemas[String($ref).split('/').at(-1) ?? ''] ?? {};
    return valueFor(form, name, document, random);
  }
  if (fixed !== undefined) return fixed;
  if (values !== undefined) return random.pick(values as unknown[]);
  const among = (anyOf ?? oneOf) as readonly Json[] | undefined;
  if (among !== undefined) return valueFor(random.pick(among), name, document, random);
  if (type === 'object') {
    const members = Object.entries((properties ?? {}) as Readonly<Record<string, Json>>);
    const wanted = members.filter(([member]) =>
      (required as string[]).includes(member) ? random.chance(0.97) : random.chance(0.5),
    );
    return Object.fromEntries(wanted.map(([member, form]) => [member, valueFor(form, member, document, random)]));
  }
  if (type === 'array')
    return Array.from({ length: random.whole(0, 3) }, () => valueFor(items as Json, 'server', document, random));
  if (type === 'integer' || type === 'number') return random.pick([0, 1, 60, 2 ** 31, 2 ** 53]);
  if (type === 'boolean') return random.chance(0.5);
  return textFor(['server', 'below', 'sibling', 'successor', 'source'].includes(name) ? 'server' : name, random);
}
