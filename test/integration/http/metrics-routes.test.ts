import assert from 'node:assert/strict';
import { NOW_MS, TestHttp } from '../../support/http.ts';

const key = (hostname: string) => ({ hostname, port: 3306 });
const seconds = (ms: number) => new Date(NOW_MS + ms).toISOString();

describe('metrics of the last seconds', () => {
  let http: TestHttp;
  before(async () => {
    http = await TestHttp.start({ queues: ['DEFAULT', 'DEADINSTANCES'] });
  });
  after(() => http.stop());
  const json = async (path: string) => (await http.get(`/api/${path}`)).json as never;

  it('discoveries: each of them, and their spread; the sum of successes counts failures too', async () => {
    http.house.discoveries = [
      { atMs: NOW_MS, key: key('a'), ok: true, ms: 10 },
      { atMs: NOW_MS + 1, key: key('a'), ok: true, ms: 20 },
      { atMs: NOW_MS + 2, key: key('b'), ok: false, ms: 120 },
    ];
    const raw: readonly unknown[] = await json('discovery-metrics-raw/60');
    assert.deepEqual(raw[2], {
      Timestamp: seconds(2),
      Hostname: 'b',
      Port: 3306,
      BackendLatencySeconds: 0,
      InstanceLatencySeconds: 0.12,
      TotalLatencySeconds: 0.12,
      Err: {},
    });
    assert.equal((raw[0] as { Err: unknown }).Err, null);
    const all: Record<string, unknown> = await json('discovery-metrics-aggregated/60');
    const expected = {
      ...{ FirstSeen: seconds(0), LastSeen: seconds(2), FailedDiscoveries: 1, SuccessfulDiscoveries: 3 },
      ...{ CountDistinctInstanceKeys: 2, CountDistinctOkInstanceKeys: 1, CountDistinctFailedInstanceKeys: 1 },
      ...{ MeanTotalSeconds: 0.05, MaxInstanceSeconds: 0.12, MedianTotalSeconds: 0.02, P95TotalSeconds: 0.12 },
      ...{ FailedMeanTotalSeconds: 0.12, FailedMaxBackendSeconds: 0, FailedP95InstanceSeconds: 0.12 },
    };
    for (const [name, value] of Object.entries(expected)) assert.equal(round(all[name]), value, name);
    assert.equal(Object.keys(all).length, 7 + 24);
  });

  it('without any: zeros, and times that never were', async () => {
    http.house.discoveries = [];
    assert.deepEqual(await json('discovery-metrics-raw/60'), []);
    const all: Record<string, unknown> = await json('discovery-metrics-aggregated/none');
    assert.deepEqual([all.FirstSeen, all.MeanTotalSeconds], ['0001-01-01T00:00:00Z', 0]);
    http.house.queue = [];
    const queue: Record<string, unknown> = await json('discovery-queue-metrics-aggregated/60');
    assert.deepEqual([queue.ActiveMinEntries, queue.QueuedMinEntries, queue.QueuedMaxEntries], [9e9, 9e9, 0]);
  });

  it('queues: by name, and no other', async () => {
    http.house.queue = [
      { active: 1, queued: 0 },
      { active: 4, queued: 6 },
    ];
    for (const queue of ['', 'DEFAULT/', 'DEADINSTANCES/']) {
      assert.deepEqual(await json(`discovery-queue-metrics-raw/${queue}60`), [
        { Active: 1, Queued: 0 },
        { Active: 4, Queued: 6 },
      ]);
      assert.deepEqual(await json(`discovery-queue-metrics-aggregated/${queue}60`), {
        ...{ ActiveMinEntries: 1, ActiveMeanEntries: 2.5, ActiveMedianEntries: 2.5, ActiveP95Entries: 4 },
        ...{ ActiveMaxEntries: 4, QueuedMinEntries: 0, QueuedMeanEntries: 3, QueuedMedianEntries: 3 },
        ...{ QueuedP95Entries: 6, QueuedMaxEntries: 6 },
      });
    }
    const { status, json: refused } = await http.get('/api/discovery-queue-metrics-raw/other/60');
    assert.deepEqual([status, (refused as { Message: string }).Message], [500, 'No such discovery queue: other']);
  });

  it('the backend: every transaction, and those of servers written behind', async () => {
    http.house.writes = [
      { atMs: NOW_MS, instances: 0, waitMs: 1, executeMs: 2, ok: true },
      { atMs: NOW_MS + 5, instances: 8, waitMs: 200, executeMs: 4, ok: false },
    ];
    assert.deepEqual(await json('backend-query-metrics-raw/60'), [
      { Timestamp: seconds(0), WaitLatency: 1e6, ExecuteLatency: 2e6, Err: null },
      { Timestamp: seconds(5), WaitLatency: 2e8, ExecuteLatency: 4e6, Err: {} },
    ]);
    const all: Record<string, unknown> = await json('backend-query-metrics-aggregated/60');
    assert.deepEqual([all.Count, all.MaxLatencySeconds, all.MaxWaitSeconds], [2, 0.004, 0.2]);
    assert.equal(Object.keys(all).length, 9);
    assert.deepEqual(await json('write-buffer-metrics-raw/60'), [
      { Timestamp: seconds(5), Instances: 8, WaitLatency: 2e8, WriteLatency: 4e6 },
    ]);
    const buffer: Record<string, unknown> = await json('write-buffer-metrics-aggregated/60');
    assert.deepEqual(
      ['InstanceWriteBufferSize', 'InstanceFlushIntervalMilliseconds', 'CountInstances', 'MaxWriteSeconds'].map(
        (name) => buffer[name],
      ),
      [100, 250, 8, 0.004],
    );
    assert.equal(Object.keys(buffer).length, 15);
  });

  for (const [path, message] of [
    ['discovery-metrics-raw/0', 'Unable to collect metrics of 0 seconds'],
    ['discovery-metrics-raw/-5', 'Not a number: -5'],
    ['discovery-queue-metrics-raw/-5', 'Not a number: -5'],
    ['backend-query-metrics-raw/1.5', 'Not a number: 1.5'],
    ['write-buffer-metrics-raw/x', 'Not a number: x'],
  ] as const)
    it(`${path}: ${message}`, async () => {
      const { status, json: envelope } = await http.get(`/api/${path}`);
      assert.deepEqual([status, envelope], [500, { Code: 'ERROR', Message: message, Details: null }]);
    });
});

function round(value: unknown): unknown {
  return typeof value === 'number' ? Math.round(value * 1e9) / 1e9 : value;
}
