import assert from 'node:assert/strict';
import type { Agreement } from '../../../internal/app/agreement.ts';
import { isMarkCommand, MarkedClusters, type MarkedClustersDeps } from '../../../internal/app/marked-clusters.ts';
import { Inventory } from '../../../internal/discovery/inventory.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import { aSnapshot } from '../../support/a-cluster.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { partial } from '../../support/partial.ts';
import { anInstance, aReplication, PRIMARY_KEY } from '../topology/builders.ts';

const HOUR_MS = 3_600_000;
const CLUSTER = 'primary:3306';

function setUp({ writesMarkers = true, noop = false, open = false, restored = new Map<string, number>() } = {}) {
  const clock = new FakeClock();
  const inventory = new Inventory(
    () => ({}),
    () => HOUR_MS,
  );
  const primary = anInstance(1, { key: PRIMARY_KEY, readOnly: false });
  const replica = anInstance(2, { replication: aReplication({ receiver: 'running' }) });
  const seen = aSnapshot([primary, replica], []).members;
  inventory.restore(seen.map((one) => ({ ...one, lastSeenMs: clock.nowMs(), lastCheckedMs: clock.nowMs() })));
  const stored: string[] = [];
  const written: string[] = [];
  const agreement = {
    mayAct: true,
    decide: async (command) => {
      assert.ok(isMarkCommand(command));
      marked.apply(command, { atMs: clock.nowMs(), node: 'a', term: 1, index: 1 });
    },
  } as Agreement;
  const marked: MarkedClusters = new MarkedClusters({
    storage: { marked: (cluster) => void stored.push(cluster) },
    ...{ restored, inventory, clock, log: silentLog },
    settings: { writesMarkers, coordinator: { noop } } as MarkedClustersDeps['settings'],
    servers: () => ({
      writeMarker: async (_key, name) => {
        written.push(name);
        return 'written';
      },
    }),
    agreement: () => agreement,
    recovery: () =>
      partial<ReturnType<MarkedClustersDeps['recovery']>>({
        coordinator: { isBusy: () => false },
        book: { list: () => (open ? [{ cluster: CLUSTER }] : []) },
      }),
  });
  return { marked, clock, stored, written, round: () => marked.writeAll(new AbortController().signal) };
}

describe('clusters with markers of ours', () => {
  it('are known by their first marker, are stored, and are forgotten an hour after the last one', async () => {
    const { marked, clock, stored, written, round } = setUp();
    assert.equal(marked.isMarked(PRIMARY_KEY), false);
    await round();
    assert.equal(written.length, 1);
    assert.match(written[0] ?? '', /^_asc:[0-9a-f]{8}:00000001:[0-9a-f]{16}$/);
    assert.deepEqual(stored, [CLUSTER]);
    assert.equal(marked.isMarked({ hostname: 'h2', port: 3306 }), true);
    await clock.advance(HOUR_MS);
    assert.equal(marked.isMarked(PRIMARY_KEY), false);
  });

  it('are those that the backend still knows, or that another node has told of', () => {
    const { marked, clock } = setUp({ restored: new Map([[CLUSTER, 1_700_000_000_000 - HOUR_MS / 2]]) });
    assert.equal(marked.isMarked(PRIMARY_KEY), true);
    marked.reload(new Map());
    assert.equal(marked.isMarked(PRIMARY_KEY), false);
    marked.apply(
      { op: 'injected-pseudo-gtid', cluster: CLUSTER },
      { atMs: clock.nowMs(), node: 'b', term: 1, index: 2 },
    );
    assert.equal(marked.isMarked(PRIMARY_KEY), true);
  });

  it('get none where that is not asked for, nothing may be changed, or a recovery is open; others may write them', async () => {
    for (const options of [{ writesMarkers: false }, { noop: true }, { open: true }]) {
      const { round, written } = setUp(options);
      await round();
      assert.deepEqual(written, [], JSON.stringify(options));
    }
    assert.equal(setUp({ writesMarkers: false }).marked.isMarked(PRIMARY_KEY), undefined);
  });
});
