// Small files of a node that people may read: one JSON object with a layout number and a checksum, replaced as a whole.

import { crc32c } from '@node-rs/crc32';
import { DamageFound } from './failures.ts';
import { type Files, readWhole, replaceWhole } from './files.ts';

/** Durable when it returns. @param body keeps its order, which the checksum covers */
export function writeDocument(files: Files, path: string, format: number, body: object): void {
  const whole = { format, ...body };
  const text = `${JSON.stringify({ ...whole, crc: crcOf(whole) }, null, 2)}\n`;
  replaceWhole(files, path, Buffer.from(text, 'utf8'));
}

/**
 * Undefined: there is none.
 *
 * @throws {DamageFound} it was changed since it was written, or a release with another layout wrote it
 */
export function readDocument(
  files: Files,
  path: string,
  format: number,
): Readonly<Record<string, unknown>> | undefined {
  const bytes = readWhole(files, path);
  if (bytes === undefined) return undefined;
  const { crc, ...whole } = parsed(path, bytes);
  if (crc !== crcOf(whole))
    throw new DamageFound('checksum', path, 'it is not as it was written: its checksum is wrong');
  if (whole.format !== format)
    throw new DamageFound('schema', path, `layout ${whole.format}, this release knows ${format}`);
  return whole;
}

function parsed(path: string, bytes: Uint8Array): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // told of below
  }
  throw new DamageFound('unreadable', path, 'it is no JSON object');
}

function crcOf(body: object): string {
  return crc32c(JSON.stringify(body)).toString(16).padStart(8, '0');
}
