// Answers of the API: reading what a command prints, with an error that says where the form is another one.

import { ClientError } from './errors.ts';

/** One answer: its body, as text and as a value, and where it came from. */
export interface Answer {
  readonly text: string;
  readonly json: unknown;
  /** Without credentials, and without its query. */
  readonly url: string;
  /** Of HTTP. */
  readonly status: number;
}

/** Everything but a value of a bare answer: exactly one of these. */
export interface Envelope {
  readonly Code: string;
  readonly Message: string;
  readonly Details: unknown;
}

/** Undefined: the answer is a value by itself. */
export function envelopeOf({ json }: Pick<Answer, 'json'>): Envelope | undefined {
  if (typeof json !== 'object' || json === null || Array.isArray(json) || !('Code' in json)) return undefined;
  const { Code, Message, Details = null } = json as { Code: unknown; Message?: unknown; Details?: unknown };
  return { Code: String(Code), Message: String(Message ?? ''), Details };
}

/** A part of an answer, and the way to it. */
export class Part {
  readonly #value: unknown;
  readonly #where: string;

  constructor(value: unknown, where: string) {
    this.#value = value;
    this.#where = where;
  }

  get isNull(): boolean {
    return this.#value === null || this.#value === undefined;
  }

  get value(): unknown {
    return this.#value;
  }

  field(name: string): Part {
    const value = this.#value;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw this.#unexpected('an object');
    return new Part((value as Readonly<Record<string, unknown>>)[name], `${this.#where}.${name}`);
  }

  list(): readonly Part[] {
    if (!Array.isArray(this.#value)) throw this.#unexpected('a list');
    return this.#value.map((one, index) => new Part(one, `${this.#where}[${index}]`));
  }

  text(): string {
    const value = this.#value;
    if (typeof value !== 'string' && typeof value !== 'number') throw this.#unexpected('a text');
    return String(value);
  }

  /** `host:port`, an IPv6 address without brackets, as the API writes it in its messages. */
  key(): string {
    const port = this.field('Port').#value;
    if (typeof port !== 'number') throw this.#unexpected('a server');
    return `${this.field('Hostname').text()}:${port}`;
  }

  #unexpected(wanted: string): ClientError {
    const shown = JSON.stringify(this.#value)?.slice(0, 60) ?? 'nothing';
    return new ClientError(`the answer has ${shown} where ${wanted} is expected (${this.#where})`, { status: 5 });
  }
}

const TOKENS = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/** Valid JSON on one line, with a blank inside brackets and behind each mark; digits of numbers as they came. */
export function oneLine(json: string): string {
  const tokens = json.match(TOKENS) ?? [];
  return tokens
    .map((token, index) => {
      const empty = `${token}${tokens[index + 1]}`;
      if (empty === '{}' || empty === '[]') return token;
      if (token.startsWith('"')) return JSON.stringify(JSON.parse(token));
      if ('{[,:'.includes(token)) return `${token} `;
      if (token !== '}' && token !== ']') return token;
      return ['{', '['].includes(tokens[index - 1] ?? '') ? token : ` ${token}`;
    })
    .join('');
}
