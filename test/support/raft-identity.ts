import { createHash } from 'node:crypto';
import type { Party } from '../../internal/raft/wire/handshake.ts';
import type { Identity } from '../../internal/raft/wire/hello.ts';

export function anIdentity(node: string, changes: Partial<Identity> = {}): Identity {
  return {
    clusterName: 'orders',
    clusterId: 'c1',
    generation: 1,
    node,
    incarnation: 'i1',
    member: `${node}/i1`,
    address: '127.0.0.1:1',
    release: '0.1.0',
    protocol: 1,
    ...changes,
  };
}

/** The same for the same text. */
export function aSecret(text: string): Uint8Array {
  return createHash('sha256').update(text).digest();
}

export function aParty(node: string, changes: Partial<Party> = {}): Party {
  return {
    identity: anIdentity(node),
    mode: 'secret',
    secrets: [aSecret('shared')],
    nonce: aSecret(`nonce of ${node}`),
    veto: () => undefined,
    ...changes,
  };
}
