import assert from 'node:assert/strict';
import { analyseCluster } from '../../../internal/analysis/analyse.ts';
import { RecoveryRoom, type RecoveryRoomDeps } from '../../../internal/app/recovery-room.ts';
import { Inventory } from '../../../internal/discovery/inventory.ts';
import type { Verdict } from '../../../internal/recovery/verdict.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import type { ClusterSnapshot } from '../../../internal/topology/cluster.ts';
import { aSnapshot } from '../../support/a-cluster.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { partial } from '../../support/partial.ts';
import { anInstance, aReplica, PRIMARY_KEY } from '../topology/builders.ts';

const middle = aReplica(2, '');
const lost = { replication: { source: middle.key, receiver: 'other', receiverErrno: 2003 } } as const;
const orphans = [aReplica(3, '', '', lost), aReplica(4, '', '', lost)];
const heir = anInstance(9);

describe('a recovery that an operator asks for', () => {
  it('of an intermediate primary that died with its source goes to whoever replaced that', async () => {
    const clock = new FakeClock();
    const inventory = new Inventory();
    const members = [anInstance(1, { key: PRIMARY_KEY }), middle, ...orphans, heir];
    inventory.restore(aSnapshot(members, [PRIMARY_KEY, middle.key]).members);
    const promotion = {
      kind: 'primary',
      failed: PRIMARY_KEY,
      successor: heir.key,
      successful: true,
      endedMs: 1,
    } as const;
    const room = new RecoveryRoom(
      partial<RecoveryRoomDeps>({
        ...{ clock, inventory, log: silentLog, node: 'n1', opinions: undefined },
        settings: { coordinator: { attempt: { plan: { applyPromotion: false } } }, lockedSemiSyncMs: 0 },
        restored: { recoveries: [promotion], openFences: [], scriptsLeft: [], detections: [] },
        agreement: () => ({ mayAct: true, term: 0 }),
        analyse: (snapshot: ClusterSnapshot) =>
          analyseCluster(snapshot, {
            ...{ reasonableLagSeconds: 10, enforceExactSemiSync: false, recoverNonWriteablePrimary: false },
            staleCoordinates: () => false,
          }),
      }),
    );
    room.takeOffice();
    const forced: Verdict[] = [];
    room.coordinator.force = async (verdict) => {
      forced.push(verdict);
      return { kind: 'refused', gate: { name: '', passed: false, value: '', source: '' }, gates: [] };
    };
    const snapshot = inventory.snapshot(inventory.clusterName(middle.key), clock.nowMs());
    await room.recoverNow(snapshot, middle.key, { command: 'recover' });
    assert.equal(forced[0]?.kind, 'intermediatePrimary');
    assert.deepEqual(forced[0]?.heir?.instance.key, heir.key);
  });
});
