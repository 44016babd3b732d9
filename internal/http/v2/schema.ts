// Small forms that the resources are made of.

import { z } from 'zod';
import type { BinlogCoordinates } from '../../topology/instance.ts';
import { compareKeys, type InstanceKey, keyText } from '../../topology/instance-key.ts';

/** Forms that have a place of their own in the document, by name. */
export const NAMED = z.registry<{ readonly id: string }>();

export function named<S extends z.ZodType>(id: string, schema: S): S {
  NAMED.add(schema, { id });
  return schema;
}

export const Time = named(
  'Time',
  z
    .string()
    .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?Z$/)
    .describe('ISO 8601, in UTC'),
);
/** A century; more is a slip of the pen, and no date of the backend's. */
const LONGEST_SECONDS = 100 * 365 * 86_400;
export const DEFAULT_PERIOD_SECONDS = 600;
export const Period = z
  .int()
  .min(1)
  .max(LONGEST_SECONDS)
  .optional()
  .describe(`How long; ${DEFAULT_PERIOD_SECONDS} where it is not given`);
/** Who wants it, and what for. */
export const Owner = z
  .string()
  .trim()
  .min(1)
  .max(128)
  .optional()
  .describe('Who wants it; the caller where it is not given');
export const Reason = z.string().trim().min(1).max(1_000);

export const Milliseconds = z.number().min(0);
export const Count = z.int().min(0);

export const Server = named(
  'ServerAddress',
  z
    .string()
    .min(1)
    .max(300)
    .describe('`host:port`, an IPv6 address in brackets; the name of a server wherever one is meant'),
);
export const ServerList = z.array(Server);

export const Coordinates = named(
  'BinaryLogCoordinates',
  z.strictObject({ file: z.string(), position: z.int().min(0) }).describe('A place in a binary log'),
);

/** `null` for never. */
export const timeOf = (ms: number | undefined): string | null => (ms === undefined || ms === 0 ? null : momentOf(ms));
/** The last one that ISO 8601 writes with four digits for the year. */
const LAST_MOMENT_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
/** Of a moment that there was, or will be. */
export const momentOf = (ms: number): string => new Date(Math.min(Math.max(ms, 0), LAST_MOMENT_MS)).toISOString();
export const serverOf = (key: InstanceKey): string => keyText(key);
export const serverOrNull = (key: InstanceKey | undefined): string | null => (key === undefined ? null : keyText(key));
export const serversOf = (keys: readonly InstanceKey[]): string[] => [...keys].sort(compareKeys).map(keyText);
export const coordinatesOf = ({ file, position }: BinlogCoordinates) => ({ file, position });
/** As the backend writes times: UTC, with a blank or a `T`, with or without a zone. */
export const momentOfText = (text: string): string => {
  const iso = text.replace(' ', 'T');
  const ms = Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(iso) ? iso : `${iso}Z`);
  return momentOf(Number.isNaN(ms) ? 0 : ms);
};
/** Empty text says nothing. */
export const textOrNull = (text: string): string | null => (text === '' ? null : text);
