// What a node has promised, beside its identity: `formation.json`, readable by people, replaced as a whole.

import { areMembers } from '../store/configuration-bytes.ts';
import { readDocument, writeDocument } from '../store/document.ts';
import { DamageFound } from '../store/failures.ts';
import type { Files } from '../store/files.ts';
import type { Formation, FormingRecord } from './types.ts';
import { NO_RECORD } from './types.ts';

const FORMAT = 1;

/** @param incarnation whose record it is: that of a former life binds nobody. */
export function writeRecord(files: Files, path: string, incarnation: string, record: FormingRecord): void {
  const { stampMs, promise, doubtful } = record;
  writeDocument(files, path, FORMAT, { incarnation, stampMs, promise: promise ?? null, doubtful });
}

/**
 * `NO_RECORD`: nothing was promised.
 *
 * @throws {DamageFound} what was promised cannot be told any more: the node must not promise anything else by itself
 */
export function readRecord(files: Files, path: string, incarnation: string): FormingRecord {
  const body = readDocument(files, path, FORMAT);
  if (body === undefined || body.incarnation !== incarnation) return NO_RECORD;
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
  return texts && numbers && areMembers(members);
}
