import type { Member } from '../../internal/raft/core/types.ts';
import { Forming } from '../../internal/raft/forming/forming.ts';
import { type FormingRecord, type FormingSettings, NO_RECORD } from '../../internal/raft/forming/types.ts';

export function aFounder(node: string, changes: Partial<Member> = {}): Member {
  return { id: `${node}/i1`, node, incarnation: 'i1', address: node, labels: {}, promote: true, ...changes };
}

/** Of node `a` in its first life, founding with `nodes`. */
export function formingSettings(self: Member, nodes: readonly string[], founders = nodes): FormingSettings {
  const { node, incarnation, address } = self;
  return {
    clusterName: 'orders',
    identity: { clusterId: undefined, nodeId: node, incarnation, generation: 0, address },
    self,
    finding: undefined,
    nodes,
    founders,
    hailMs: 500,
    timeoutMs: 120_000,
  };
}

export function aForming(settings: FormingSettings, record: FormingRecord = NO_RECORD, raftState = false): Forming {
  return new Forming(settings, { record, raftState }, { nowMs: 0, wallMs: 0 });
}
