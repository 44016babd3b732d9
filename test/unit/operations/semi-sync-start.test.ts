import assert from 'node:assert/strict';
import type { OperationSettings, OperatorSession } from '../../../internal/operations/ports.ts';
import { startAsMeant } from '../../../internal/operations/semi-sync-start.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import type { Instance } from '../../../internal/topology/instance.ts';
import type { SemiSyncMode } from '../../../internal/topology/semi-sync.ts';
import { aSnapshot } from '../../support/a-cluster.ts';
import { partial } from '../../support/partial.ts';
import { anInstance, aReplication, PRIMARY_KEY } from '../topology/builders.ts';

const SET = { ...anInstance(1).semiSync, available: true };
const source = (waits: boolean) =>
  anInstance(1, {
    key: PRIMARY_KEY,
    readOnly: false,
    semiSync: { ...SET, sourceEnabled: true, sourceActive: waits, waitForReplicaCount: 1, sourceClients: 1 },
  });

function replica(n: number, priority: number, semiSync: Partial<typeof SET> = {}, runs = false): Instance {
  return anInstance(n, {
    semiSyncPriority: priority,
    semiSync: { ...SET, ...semiSync },
    replication: aReplication(runs ? { receiver: 'running' } : {}),
  });
}
const on = { replicaEnabled: true };
const acknowledging = { replicaEnabled: true, replicaActive: true };

/** What a session is asked for, where a replica is started that says nothing of its priority itself. */
async function asked(subject: Instance, mode: SemiSyncMode, others: readonly Instance[], refuses = false) {
  const calls: string[] = [];
  const session = partial<OperatorSession>({
    read: async () => ({ ...subject, semiSyncPriority: 0 }),
    startReplication: async () => void calls.push('start'),
    setSemiSyncSource: async (enabled: boolean) => void calls.push(`source ${enabled}`),
    setSemiSyncReplica: async (enabled: boolean) => {
      if (refuses) throw new Error('access denied');
      calls.push(`replica ${enabled}`);
    },
  });
  const snapshots = () => [aSnapshot([subject, ...others], [])];
  await startAsMeant({ log: silentLog, settings: { semiSync: mode } as OperationSettings, snapshots }, session);
  return calls;
}

describe('a replica that an operation starts', () => {
  const cases: readonly [string, Instance, SemiSyncMode, readonly Instance[], readonly string[]][] = [
    ['acknowledges by its priority', replica(2, 1), 'each', [source(true)], ['replica true', 'start']],
    [
      'is no source to others',
      replica(2, 1, { ...on, sourceEnabled: true }),
      'each',
      [source(true)],
      ['source false', 'start'],
    ],
    ['stays as it is without a priority', replica(2, 0, on), 'each', [source(true)], ['start']],
    [
      'ceases to acknowledge where others are meant to, and do',
      replica(2, 0, on),
      'exact',
      [source(true), replica(3, 1, acknowledging, true)],
      ['replica false', 'start'],
    ],
    [
      'goes on where writes would wait for ever without it',
      replica(2, 0, on),
      'exact',
      [source(true), replica(3, 1, {}, true)],
      ['start'],
    ],
    ['ceases where no write waits', replica(2, 0, on), 'exact', [source(false)], ['replica false', 'start']],
    ['stays as it is below a source that is not known', replica(2, 1), 'each', [], ['start']],
  ];
  for (const [title, subject, mode, others, expected] of cases)
    it(`${title} (${mode})`, async () => assert.deepEqual(await asked(subject, mode, others), expected));

  it('replicates also where semi-sync cannot be set', async () => {
    assert.deepEqual(await asked(replica(2, 1), 'each', [source(true)], true), ['start']);
  });
});
