import { OrchestratorError } from '../runtime/errors.ts';
import { type InstanceKey, keyText } from './instance-key.ts';

export interface Tag {
  readonly key: InstanceKey;
  readonly name: string;
  /** Empty: the tag is there, and says no more. */
  readonly value: string;
}

interface Term {
  readonly negated: boolean;
  readonly name: string;
  /** Undefined: any value. */
  readonly value: string | undefined;
}

/**
 * The servers that match every term of a comma list, as text, sorted. `a`: has the tag; `a=v`: with that value; `~a`: has other
 * tags, not this one; `~a=v`: has it with another value. `!` is the same as `~`. A server without any tag never matches.
 *
 * @throws {OrchestratorError} `BAD_REQUEST`: a term without a name
 */
export function taggedServers(tags: readonly Tag[], expression: string): readonly string[] {
  const terms = expression.split(',').map(parseTerm);
  const byServer = new Map<string, Tag[]>();
  for (const tag of tags) byServer.set(keyText(tag.key), [...(byServer.get(keyText(tag.key)) ?? []), tag]);
  return [...byServer]
    .filter(([, own]) => terms.every((term) => fits(own, term)))
    .map(([server]) => server)
    .sort();
}

/** Longest name, and longest value, that the backend keeps. */
const LONGEST = 128;

/**
 * One tag as somebody sets it or takes it away: `name`, or `name=value`.
 *
 * @throws {OrchestratorError} `BAD_REQUEST`: no name, negated, or too long
 */
export function parseTag(text: string): { readonly name: string; readonly value: string | undefined } {
  const { negated, name, value } = parseTerm(text);
  const refused = (why: string) => new OrchestratorError('BAD_REQUEST', `${why}: "${text.trim().slice(0, LONGEST)}"`);
  if (negated) throw refused('a negated tag cannot be set or removed');
  if (name.includes(',') || value?.includes(',')) throw refused('one tag at a time');
  if (Math.max(name.length, value?.length ?? 0) > LONGEST) throw refused(`longer than ${LONGEST} characters`);
  return { name, value };
}

function parseTerm(text: string): Term {
  const match = /^\s*([~!]?)\s*([^=\s~!]+)\s*(?:=(.*))?$/s.exec(text);
  if (match === null) throw new OrchestratorError('BAD_REQUEST', `not a tag: "${text.trim()}"`);
  return { negated: match[1] !== '', name: match[2] ?? '', value: match[3]?.trim() };
}

function fits(own: readonly Tag[], { negated, name, value }: Term): boolean {
  const found = own.find((tag) => tag.name === name);
  if (value === undefined) return (found !== undefined) !== negated;
  return found !== undefined && (found.value === value) !== negated;
}
