import assert from 'node:assert/strict';
import { Operations, type OperationsDeps } from '../../../internal/operations/operations.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import { sameKey } from '../../../internal/topology/instance-key.ts';
import { aSnapshot } from '../../support/a-cluster.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { partial } from '../../support/partial.ts';
import { anInstance, aReplica, mysqlGtid, PRIMARY_KEY, uuid } from '../topology/builders.ts';

/** How many replicas of eight are being moved at the same time, at most; each move fails in the end. */
async function mostAtOnce(parallelMoves: number): Promise<number> {
  const all = `${uuid(1)}:1-9`;
  const primary = anInstance(1, { key: PRIMARY_KEY, readOnly: false, gtid: mysqlGtid(all) });
  const replicas = [2, 3, 4, 5, 6, 7, 8, 9].map((n) => aReplica(n, all));
  const members = [primary, ...replicas];
  let now = 0;
  let most = 0;
  const deps = partial<OperationsDeps>({
    servers: {
      operate: async () => {
        now += 1;
        most = Math.max(most, now);
        await new Promise(setImmediate);
        now -= 1;
        throw new Error('that is all');
      },
    },
    locks: { begin: async () => undefined, end: async () => undefined },
    equivalences: { of: async () => [], record: async () => undefined, forget: async () => undefined },
    clock: new FakeClock(0),
    log: silentLog,
    settings: {
      ...{ operationTimeoutMs: 1_000, stepTimeoutMs: 1_000, probeTimeoutMs: 1_000, startLimitMs: 100, startPollMs: 1 },
      ...{ parallelMoves, lowerVersionAllowed: false, verifyFilters: false, reasonableMaintenanceLagSeconds: 20 },
    },
    snapshots: () => [aSnapshot(members, [])],
    refresh: async (key) => {
      const found = members.find((member) => sameKey(member.key, key));
      assert.ok(found);
      return found;
    },
    audit: () => undefined,
    tookSource: async () => undefined,
  });
  const request = { operation: 'repointReplicas', target: PRIMARY_KEY } as const;
  await new Operations(deps).run(request, new AbortController().signal).catch(() => undefined);
  return most;
}

describe('moves of many replicas', () => {
  for (const most of [1, 2, 7])
    it(`are ${most} at the same time where MaxConcurrentReplicaOperations is that`, async () =>
      assert.equal(await mostAtOnce(most), most));
});
