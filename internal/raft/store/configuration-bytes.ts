// A membership as bytes of a log entry: JSON, which says what it is to whoever looks into the file.

import type { Configuration, Member } from '../core/types.ts';

export function configurationBytes(configuration: Configuration): Uint8Array {
  return Buffer.from(JSON.stringify(configuration), 'utf8');
}

/** Undefined: these bytes are no membership. */
export function configurationFrom(bytes: Uint8Array): Configuration | undefined {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    return configurationIn(parsed);
  } catch {
    return undefined;
  }
}

/** Of parsed JSON. One that was written before members were let go for being gone has no word on them. */
export function configurationIn(value: unknown): Configuration | undefined {
  const { reaped = [], ...rest } = fieldsOf(value);
  const { members, voters, outgoing, learners, nextLearners } = rest;
  if (!areMembers(members)) return undefined;
  if (![voters, outgoing, learners, nextLearners, reaped].every(areTexts)) return undefined;
  return { ...rest, reaped } as unknown as Configuration;
}

export function areMembers(value: unknown): value is readonly Member[] {
  return Array.isArray(value) && value.every(isMember);
}

function isMember(value: unknown): value is Member {
  const { id, node, incarnation, address, labels, promote } = fieldsOf(value);
  return (
    areTexts([id, node, incarnation, address]) && areTexts(Object.values(fieldsOf(labels))) && promote === !!promote
  );
}

function areTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
