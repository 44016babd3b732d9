// What a node has promised, beside its identity: `formation.json`, readable by people, replaced as a whole.

import { crc32c } from '@node-rs/crc32';
import { isConfiguration } from '../store/configuration-bytes.ts';
import { DamageFound } from '../store/failures.ts';
import { type Files, readWhole, replaceWhole } from '../store/files.ts';
import type { Formation, FormingRecord } from './types.ts';
import { NO_RECORD } from './types.ts';

const FORMAT = 1;

/** @param incarnation whose record it is: that of a former life binds nobody. */
export function writeRecord(files: Files, path: string, incarnation: string, record: FormingRecord): void {
  const { stampMs, promise, doubtful } = record;
  const body = { format: FORMAT, incarnation, stampMs, promise: promise ?? null, doubtful };
  const text = `${JSON.stringify({ ...body, crc: crcOf(body) }, null, 2)}\n`;
  replaceWhole(files, path, Buffer.from(text, 'utf8'));
}

/**
 * `NO_RECORD`: nothing was promised.
 *
 * @throws {DamageFound} what was promised cannot be told any more: the node must not promise anything else by itself
 */
export function readRecord(files: Files, path: string, incarnation: string): FormingRecord {
  const bytes = readWhole(files, path);
  if (bytes === undefined) return NO_RECORD;
  const { crc, ...body } = parsed(path, bytes);
  if (crc !== crcOf(body))
    throw new DamageFound('checksum', path, 'it is not as it was written: its checksum is wrong');
  if (body.format !== FORMAT)
    throw new DamageFound('schema', path, `layout ${body.format}, this release knows ${FORMAT}`);
  if (body.incarnation !== incarnation) return NO_RECORD;
  const { stampMs, promise, doubtful } = body;
  const formations = Array.isArray(doubtful) ? doubtful : [];
  if (typeof stampMs !== 'number' || ![...formations, ...(promise === null ? [] : [promise])].every(isFormation))
    throw new DamageFound('unreadable', path, 'it is no record of promises');
  return { stampMs, promise: isFormation(promise) ? promise : undefined, doubtful: formations };
}

function isFormation(value: unknown): value is Formation {
  if (typeof value !== 'object' || value === null) return false;
  const { id, proposer, stampMs, generation, members } = value as Record<string, unknown>;
  const texts = [id, proposer].every((one) => typeof one === 'string');
  const numbers = [stampMs, generation].every((one) => typeof one === 'number');
  return texts && numbers && isConfiguration({ members, voters: [], outgoing: [], learners: [], nextLearners: [] });
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
