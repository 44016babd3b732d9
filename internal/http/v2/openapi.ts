// The OpenAPI 3.1 document, made of the calls themselves. Its schemas are JSON Schema as zod writes it, which is what OpenAPI 3.1 takes.

import { z } from 'zod';
import { VERSION } from '../../runtime/version.ts';
import type { Answer, Area, Call } from './call.ts';
import { PROBLEM_KINDS, type ProblemCode } from './problem-codes.ts';
import { NAMED } from './schema.ts';

type Json = Readonly<Record<string, unknown>>;

/** Of every call. */
const COMMON: readonly ProblemCode[] = ['BAD_REQUEST', 'LOGIN_REQUIRED', 'INTERNAL'];
/** Of every call that another node may have to answer, or agree to. */
const RELAYED: readonly ProblemCode[] = [
  ...([
    'NOT_LEADER',
    'UNAVAILABLE',
    'LEADER_UNREACHABLE',
    'LEADER_TIMEOUT',
    'RELAYED_TWICE',
    'BACKEND_FAILED',
    'STOPPED',
  ] as const),
];
/** Of every call that changes something. */
const CHANGING: readonly ProblemCode[] = [
  ...(['UNAUTHORIZED', 'CROSS_SITE', 'BODY_TOO_LARGE', 'BODY_NOT_JSON', 'OUTCOME_UNKNOWN', 'CONFLICT'] as const),
];

const AREAS: Readonly<Record<Area, string>> = {
  clusters: 'Servers that replicate from one another, and what would become of them',
  instances: 'Single servers: finding, reading and forgetting them',
  operations: 'What is done to servers on request, and what would be done',
  recoveries: 'What heals, by itself or on request',
  wishes: 'What operators say of servers: downtimes, locks, rules, tags',
  history: 'What was done, and found',
  events: 'What happens, as it happens',
  group: 'The daemons themselves: who leads, who belongs to the group',
  node: 'The node that is asked',
  document: 'The API itself',
};

const ProblemForm = z
  .strictObject({
    type: z.string().describe('Path of the explanation of the code'),
    title: z.string(),
    status: z.int(),
    code: z
      .enum(Object.keys(PROBLEM_KINDS) as [string, ...string[]])
      .describe('Stable: tell failures apart by it alone'),
    message: z.string().describe('For a person; its words may change'),
    details: z.record(z.string(), z.unknown()),
  })
  .describe('Why there is no answer (RFC 9457)');

/** The document for these calls. @param server where they stand */
export function openApi(calls: readonly Call[], server: string) {
  const forms = new Forms();
  const problemForm = forms.refer('Problem', ProblemForm);
  const paths: Record<string, Record<string, unknown>> = {};
  for (const call of calls) {
    const item = paths[call.path] ?? {};
    paths[call.path] = item;
    item[call.method] = operation(call, forms, problemForm);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'orchestrator',
      version: VERSION,
      description:
        'High availability of MySQL and MariaDB replication topologies. Times are ISO 8601 in UTC; the unit of a number stands in its name.',
    },
    servers: [{ url: server }],
    tags: Object.entries(AREAS).map(([name, description]) => ({ name, description })),
    paths,
    components: { schemas: forms.all(), securitySchemes: { basic: { type: 'http', scheme: 'basic' } } },
    security: [{}, { basic: [] }], // as `AuthenticationMethod` says; a proxy or a cookie may say it, too
  };
}

function operation(call: Call, forms: Forms, problemForm: Json): Json {
  const { id, area, summary, description, body, acts } = call;
  return {
    operationId: id,
    tags: [area],
    summary,
    ...(description === undefined ? {} : { description }),
    parameters: [
      ...parameters('path', call.parameters, forms),
      ...parameters('query', call.query, forms),
      ...(acts && call.method !== 'get' ? [KEY_PARAMETER] : []),
    ],
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: !body.safeParse(undefined).success,
            content: { 'application/json': { schema: forms.of(body) } },
          },
        }),
    responses: { ...success(call.answer, forms), ...failures(call, problemForm) },
  };
}

const KEY_PARAMETER: Json = {
  name: 'Idempotency-Key',
  in: 'header',
  description:
    'Whoever asks again under the same key within ten minutes, through any node, is told what came of the first time; nothing is done twice',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
};

function parameters(where: 'path' | 'query', { shape }: z.ZodObject, forms: Forms): readonly Json[] {
  return Object.entries(shape).map(([name, schema]) => {
    const { description, ...form } = forms.of(schema as z.ZodType) as { description?: string };
    const required = where === 'path' || !(schema as z.ZodType).safeParse(undefined).success;
    return { name, in: where, required, ...(description === undefined ? {} : { description }), schema: form };
  });
}

function success(answer: Answer, forms: Forms): Json {
  const json = (schema: Json) => ({ content: { 'application/json': { schema } } });
  switch (answer.kind) {
    case 'value':
      return { [answer.status]: { description: 'Done', ...json(forms.of(answer.schema)) } };
    case 'nothing':
      return { 204: { description: 'Done' } };
    case 'list': {
      const properties = {
        items: { type: 'array', items: forms.of(answer.item) },
        nextCursor: { anyOf: [{ type: 'string' }, { type: 'null' }], description: 'Null: this is the last page' },
      };
      const page = { type: 'object', properties, required: ['items', 'nextCursor'], additionalProperties: false };
      return { 200: { description: 'One page', ...json(page) } };
    }
    case 'file':
      return { 200: { description: 'The file', content: { 'application/octet-stream': {} } } };
    case 'events':
      return {
        200: {
          description: 'Events, each with one object as data',
          content: { 'text/event-stream': { schema: forms.of(answer.event) } },
        },
      };
  }
}

/** By status, each with the codes that come with it. */
function failures({ problems = [], acts, local }: Call, form: Json): Json {
  const codes = [...COMMON, ...(local ? [] : RELAYED), ...(acts ? CHANGING : []), ...problems];
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of new Set(codes)) {
    const { status } = PROBLEM_KINDS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, known]) => [
      status,
      { description: known.join(', '), content: { 'application/problem+json': { schema: form } } },
    ]),
  );
}

/** Schemas of the document; those with a name of their own are told once. */
class Forms {
  readonly #named = new Map<string, Json>();

  of(schema: z.ZodType): Json {
    const { properties, $defs } = z.toJSONSchema(z.object({ root: schema }), { metadata: NAMED }) as unknown as {
      readonly properties: { readonly root: Json };
      readonly $defs?: Readonly<Record<string, Json>>;
    };
    for (const [name, form] of Object.entries($defs ?? {})) this.#named.set(name, placed(form));
    return placed(properties.root);
  }

  refer(name: string, schema: z.ZodType): Json {
    this.#named.set(name, this.of(schema));
    return { $ref: `#/components/schemas/${name}` };
  }

  all(): Json {
    return Object.fromEntries([...this.#named].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

/** Names point into the document, and are not told twice. */
function placed(form: Json): Json {
  const text = JSON.stringify(form, (key, value) => (key === 'id' && typeof value === 'string' ? undefined : value));
  return JSON.parse(text.replaceAll('"#/$defs/', '"#/components/schemas/')) as Json;
}
