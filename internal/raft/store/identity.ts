// Who this directory belongs to: one small file, readable by people, replaced as a whole.

import { crc32c } from '@node-rs/crc32';
import type { MemberId } from '../core/types.ts';
import { DamageFound } from './failures.ts';
import { type Files, readWhole, replaceWhole } from './files.ts';

export interface Identity {
  /** Undefined until the node belongs to a group. */
  readonly clusterId: string | undefined;
  /** Name of the node, the same over all its lives. */
  readonly nodeId: string;
  /** Drawn once for each fresh directory, so that a wiped node is not taken for what it was (C-124). */
  readonly incarnation: string;
  /** Rises with each membership that an operator forced (F-71). */
  readonly generation: number;
  /** As it stood in the configuration when the directory was last used: a change is to be noticed, not to be guessed. */
  readonly address: string;
}

const FORMAT = 1;

/** Names one life of one node. */
export function memberIdOf({ nodeId, incarnation }: Identity): MemberId {
  return `${nodeId}/${incarnation}`;
}

export function writeIdentity(files: Files, path: string, identity: Identity): void {
  const { clusterId, nodeId, incarnation, generation, address } = identity;
  const body = { format: FORMAT, clusterId: clusterId ?? null, nodeId, incarnation, generation, address };
  const text = `${JSON.stringify({ ...body, crc: crcOf(body) }, null, 2)}\n`;
  replaceWhole(files, path, Buffer.from(text, 'utf8'));
}

/**
 * Undefined: there is none.
 *
 * @throws {DamageFound} it was changed since it was written, or a release with another layout wrote it
 */
export function readIdentity(files: Files, path: string): Identity | undefined {
  const bytes = readWhole(files, path);
  if (bytes === undefined) return undefined;
  const { crc, ...body } = parsed(path, bytes);
  const { format, clusterId, nodeId, incarnation, generation, address } = body;
  if (crc !== crcOf(body))
    throw new DamageFound('checksum', path, 'it is not as it was written: its checksum is wrong');
  if (format !== FORMAT) throw new DamageFound('schema', path, `layout ${format}, this release knows ${FORMAT}`);
  return {
    clusterId: clusterId === null ? undefined : String(clusterId),
    nodeId: String(nodeId),
    incarnation: String(incarnation),
    generation: Number(generation),
    address: String(address),
  };
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
