// Who this directory belongs to: one small file, readable by people, replaced as a whole.

import type { MemberId } from '../core/types.ts';
import { readDocument, writeDocument } from './document.ts';
import type { Files } from './files.ts';

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
  writeDocument(files, path, FORMAT, { clusterId: clusterId ?? null, nodeId, incarnation, generation, address });
}

/**
 * Undefined: there is none.
 *
 * @throws {DamageFound} it was changed since it was written, or a release with another layout wrote it
 */
export function readIdentity(files: Files, path: string): Identity | undefined {
  const body = readDocument(files, path, FORMAT);
  if (body === undefined) return undefined;
  const { clusterId, nodeId, incarnation, generation, address } = body;
  return {
    clusterId: clusterId === null ? undefined : String(clusterId),
    nodeId: String(nodeId),
    incarnation: String(incarnation),
    generation: Number(generation),
    address: String(address),
  };
}
