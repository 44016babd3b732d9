// Before the core starts: whether this node belongs to a group already. The one place where a group is formed, or joined, for the first time.

import { OrchestratorError } from '../../runtime/errors.ts';
import type { Recovered } from '../core/inputs.ts';
import type { Identity } from '../store/identity.ts';
import type { RaftStore } from '../store/raft-store.ts';
import type { Wire } from '../wire/wire.ts';

/** A store as it was opened, with its wire listening. */
export interface Newcomer {
  readonly store: RaftStore;
  readonly wire: Wire;
  readonly identity: Identity;
  readonly recovered: Omit<Recovered, 'applied'>;
}

export type Belonging = Pick<Newcomer, 'identity' | 'recovered'>;

/** @throws {OrchestratorError} `UNAVAILABLE`: there is no group yet */
export async function belong({ identity, recovered }: Newcomer): Promise<Belonging> {
  const blank = recovered.entries.length === 0 && recovered.snapshot.index === 0 && recovered.hardState.term === 0;
  if (blank && identity.clusterId === undefined)
    throw new OrchestratorError('UNAVAILABLE', `node ${identity.nodeId} belongs to no group yet`);
  return { identity, recovered };
}
