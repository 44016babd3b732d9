// As much of JSON Schema (2020-12) as the document of the API uses, checked without the library that wrote it. A keyword that is not known
// here fails: nothing of a schema is passed over in silence.

type Json = Readonly<Record<string, unknown>>;
type Check = (value: unknown, expected: unknown, schema: Json, at: string, document: Json) => readonly string[];

const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  integer: (value) => Number.isInteger(value),
  boolean: (value) => typeof value === 'boolean',
  null: (value) => value === null,
  array: Array.isArray,
  object: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
};

const unless = (holds: boolean, at: string, what: string) => (holds ? [] : [`${at}: ${what}`]);
const bound =
  (
    measure: (value: unknown) => number | undefined,
    fits: (size: number, limit: number) => boolean,
    word: string,
  ): Check =>
  (value, limit, _schema, at) => {
    const size = measure(value);
    return unless(size === undefined || fits(size, limit as number), at, `${size} is ${word} ${String(limit)}`);
  };
const ofNumber = (value: unknown) => (typeof value === 'number' ? value : undefined);
const ofText = (value: unknown) => (typeof value === 'string' ? value.length : undefined);
const ofList = (value: unknown) => (Array.isArray(value) ? value.length : undefined);
const isObject = (value: unknown): value is Json => TYPES.object?.(value) === true;

const nothing: Check = () => [];

const KEYWORDS: Readonly<Record<string, Check>> = {
  description: nothing,
  title: nothing,
  format: nothing,
  $ref: (value, name, _schema, at, document) => violations(value, pointed(document, name as string), at, document),
  type: (value, types, _schema, at) =>
    unless(
      [types].flat().some((type) => TYPES[type as string]?.(value) === true),
      at,
      `no ${String(types)}`,
    ),
  const: (value, wanted, _schema, at) => unless(value === wanted, at, `not ${String(wanted)}`),
  enum: (value, all, _schema, at) =>
    unless((all as unknown[]).includes(value), at, `${String(value)} is none of the values`),
  pattern: (value, text, _schema, at) =>
    unless(typeof value !== 'string' || new RegExp(text as string).test(value), at, `does not match ${String(text)}`),
  minimum: bound(ofNumber, (size, limit) => size >= limit, 'below'),
  maximum: bound(ofNumber, (size, limit) => size <= limit, 'above'),
  exclusiveMinimum: bound(ofNumber, (size, limit) => size > limit, 'not above'),
  minLength: bound(ofText, (size, limit) => size >= limit, 'shorter than'),
  maxLength: bound(ofText, (size, limit) => size <= limit, 'longer than'),
  minItems: bound(ofList, (size, limit) => size >= limit, 'fewer than'),
  maxItems: bound(ofList, (size, limit) => size <= limit, 'more than'),
  items: (value, each, _schema, at, document) =>
    Array.isArray(value) ? value.flatMap((item, n) => violations(item, each as Json, `${at}/${n}`, document)) : [],
  required: (value, names, _schema, at) =>
    isObject(value) ? (names as string[]).filter((name) => !(name in value)).map((name) => `${at}: lacks ${name}`) : [],
  properties: (value, forms, _schema, at, document) =>
    isObject(value)
      ? Object.entries(forms as Readonly<Record<string, Json>>).flatMap(([name, form]) =>
          name in value ? violations(value[name], form, `${at}/${name}`, document) : [],
        )
      : [],
  propertyNames: (value, form, _schema, at, document) =>
    isObject(value)
      ? Object.keys(value).flatMap((name) => violations(name, form as Json, `${at}/${name}`, document))
      : [],
  additionalProperties: (value, form, { properties = {} }, at, document) =>
    isObject(value)
      ? Object.keys(value)
          .filter((name) => !Object.hasOwn(properties as object, name))
          .flatMap((name) =>
            form === false
              ? [`${at}: ${name} is unknown`]
              : violations(value[name], form as Json, `${at}/${name}`, document),
          )
      : [],
  anyOf: (value, forms, _schema, at, document) => {
    const found = (forms as Json[]).map((form) => violations(value, form, at, document));
    return found.some(({ length }) => length === 0)
      ? []
      : [`${at}: fits none of these: ${found.map((one) => one[0]).join(' | ')}`];
  },
  oneOf: (value, forms, _schema, at, document) => {
    const fitting = (forms as Json[]).filter((form) => violations(value, form, at, document).length === 0);
    return unless(fitting.length === 1, at, `fits ${fitting.length} of ${(forms as Json[]).length}`);
  },
};

/** What is not as the schema says, each with its place; empty: all is. */
export function violations(value: unknown, schema: Json, at: string, document: Json): readonly string[] {
  return Object.entries(schema).flatMap(([keyword, expected]) => {
    const check = KEYWORDS[keyword];
    if (check === undefined) throw new Error(`${at}: no test knows the keyword ${keyword}`);
    return check(value, expected, schema, at, document);
  });
}

function pointed(document: Json, pointer: string): Json {
  const steps = pointer.replace(/^#\//, '').split('/');
  const found = steps.reduce<unknown>((at, step) => (at as Json | undefined)?.[step], document);
  if (!isObject(found)) throw new Error(`the document has nothing at ${pointer}`);
  return found;
}
