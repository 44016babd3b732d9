import assert from 'node:assert/strict';
import { Markers } from '../../../internal/operations/markers.ts';
import { OrchestratorError } from '../../../internal/runtime/errors.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import type { ClusterSnapshot } from '../../../internal/topology/cluster.ts';
import type { Instance } from '../../../internal/topology/instance.ts';
import { type InstanceKey, keyText } from '../../../internal/topology/instance-key.ts';
import { markerName, markerTargets } from '../../../internal/topology/pseudo-gtid-marker.ts';
import { aSnapshot } from '../../support/a-cluster.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { anInstance, aReplication, PRIMARY_KEY } from '../topology/builders.ts';

const writable: Instance = anInstance(1, { key: PRIMARY_KEY, readOnly: false, superReadOnly: false });
const below = (n: number, source: InstanceKey, more: Partial<Instance> = {}) =>
  anInstance(n, { replication: aReplication({ source, receiver: 'running' }), ...more });
const replica = below(2, PRIMARY_KEY);
const silentReplica = anInstance(2, { replication: aReplication({ receiver: 'other' }) });
const semiSync = { ...writable.semiSync, sourceEnabled: true, sourceActive: true, waitForReplicaCount: 1 };

describe('markers for Pseudo-GTID', () => {
  const coPrimary = below(3, PRIMARY_KEY, { readOnly: false });
  const pair = [{ ...writable, replication: aReplication({ source: coPrimary.key, receiver: 'running' }) }, coPrimary];
  const cases: readonly [name: string, cluster: ClusterSnapshot, targets: readonly InstanceKey[]][] = [
    ['go to the primary that takes writes', aSnapshot([writable, replica], []), [PRIMARY_KEY]],
    ['go to both of a pair that take writes', aSnapshot(pair, []), [coPrimary.key, PRIMARY_KEY]],
    ['do not go to a read-only one', aSnapshot([{ ...writable, readOnly: true }, replica], []), []],
    ['do not go to one that is not seen', aSnapshot([writable, replica], [PRIMARY_KEY]), []],
    ['do not go to one that nobody follows', aSnapshot([writable], []), []],
    ['do not go to one whose replicas receive nothing', aSnapshot([writable, silentReplica], []), []],
    [
      'do not go to a writable replica',
      aSnapshot([below(2, PRIMARY_KEY, { readOnly: false }), below(4, replica.key)], []),
      [],
    ],
    ['do not go to one without a binary log', aSnapshot([{ ...writable, binlogEnabled: false }, replica], []), []],
    ['do not go where writes wait for nobody', aSnapshot([{ ...writable, semiSync }, replica], []), []],
    [
      'do not go to one that an operation has in hand',
      { ...aSnapshot([writable, replica], []), maintenance: new Set([keyText(PRIMARY_KEY)]) },
      [],
    ],
  ];
  for (const [name, cluster, targets] of cases)
    it(name, () =>
      assert.deepEqual(
        markerTargets(cluster)
          .map(({ key }) => key)
          .sort((a, b) => (keyText(a) < keyText(b) ? -1 : 1)),
        targets,
      ),
    );

  it('have names that grow with time and are told apart by server and chance', () => {
    const name = markerName(1_700_000_000_999, 257, '0123456789abcdef');
    assert.equal(name, '_asc:6553f100:00000101:0123456789abcdef');
    assert.ok(markerName(1_700_000_001_000, 1, '0000000000000000') > name);
  });
});

describe('a round of markers', () => {
  const setUp = (answers: ('written' | 'read-only' | 'no right' | Error)[] = []) => {
    const clock = new FakeClock(1_700_000_000_000);
    const [written, noted, told]: [string[], number[], string[]] = [[], [], []];
    const state = { leads: true, busy: '' };
    const markers = new Markers({
      servers: {
        writeMarker: async (key) => {
          const answer = answers.shift() ?? 'written';
          if (answer instanceof Error) throw answer;
          written.push(keyText(key));
          return answer;
        },
      },
      clock,
      log: {
        ...silentLog,
        warn: ({ trouble }: { trouble?: unknown }) => void told.push(String(trouble)),
        info: () => void told.push('again'),
      },
      random: () => '0123456789abcdef',
      snapshots: () => [aSnapshot([writable, replica], [], 'a'), aSnapshot([below(5, PRIMARY_KEY)], [], 'b')],
      mayWrite: () => state.leads,
      isBusy: (cluster) => cluster === state.busy,
      notedMs: () => noted.at(-1),
      note: async () => void noted.push(clock.nowMs()),
    });
    const round = () => markers.writeAll(new AbortController().signal);
    return { round, clock, written, noted, told, state };
  };

  it('is noted for all nodes once a minute', async () => {
    const { round, clock, written, noted } = setUp();
    for (let at = 0; at < 25; at += 1) {
      await round();
      await clock.advance(5_000);
    }
    assert.equal(written.length, 25);
    assert.deepEqual(noted, [1_700_000_000_000, 1_700_000_060_000, 1_700_000_120_000]);
  });

  it('is left out by a node that does not lead, and where the primary may be about to change', async () => {
    const { round, written, state } = setUp();
    state.leads = false;
    await round();
    state.leads = true;
    state.busy = 'a';
    await round();
    assert.deepEqual(written, []);
    state.busy = 'b';
    await round();
    assert.deepEqual(written, ['primary:3306']);
  });

  it('tells once why a server gets none, and notes nothing of it', async () => {
    const gone = () => new OrchestratorError('CONNECT_FAILED', 'gone');
    const { round, noted, told } = setUp(['no right', 'no right', gone(), gone(), 'read-only', 'written']);
    for (let at = 0; at < 5; at += 1) await round();
    assert.deepEqual(told, ['our account may not drop views of the schema _pseudo_gtid_', 'gone', 'again']);
    assert.deepEqual(noted, []);
    await round();
    assert.equal(noted.length, 1);
  });
});
