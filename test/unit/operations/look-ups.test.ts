import assert from 'node:assert/strict';
import { LookUps } from '../../../internal/operations/look-ups.ts';
import type { EventLog, OperationSettings } from '../../../internal/operations/ports.ts';
import { OrchestratorError } from '../../../internal/runtime/errors.ts';
import type { Instance } from '../../../internal/topology/instance.ts';
import { type InstanceKey, keyText } from '../../../internal/topology/instance-key.ts';
import { coordinatesText } from '../../../internal/topology/move-steps.ts';
import { ANONYMOUS, MARKER, marker, PSEUDO_GTID, rows, type Written, WrittenLog } from '../../support/event-log.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { partial } from '../../support/partial.ts';
import { anInstance, aReplication } from '../topology/builders.ts';

const HISTORY = [marker(1), rows('Write'), rows('Update'), marker(2), rows('Delete'), rows('Write')];
const ofOne = new WrittenLog(HISTORY.slice(0, 5), { serverId: 2, stride: 10, perFile: 2, number: 5 });
const ofOther = new WrittenLog(HISTORY, { serverId: 3, stride: 17, perFile: 4, number: 9 });
const replicates = (log: WrittenLog) => ({ ownCoordinates: log.end, replication: aReplication({ relay: log.end }) });
const one = anInstance(2, replicates(ofOne));
const other = anInstance(3, replicates(ofOther));
const primary = anInstance(4);
const end = (log: WrittenLog, transaction: number) => {
  const found = log.ends[transaction];
  assert.ok(found);
  return found;
};

/** @param eventMs how long a server takes over each event of its log */
function lookUps(
  instances: readonly Instance[] = [one, other, primary],
  clock = new FakeClock(),
  eventMs: (number: number) => number = () => 0,
  skipContaining: readonly string[] = [],
  [ofFirst, ofSecond] = [ofOne, ofOther],
) {
  const logs = new Map<string, WrittenLog>([
    [keyText(one.key), ofFirst],
    [keyText(other.key), ofSecond],
  ]);
  const look = new LookUps({
    servers: {
      readLogs: async (key: InstanceKey, signal, work) => {
        const log = logs.get(keyText(key));
        assert.ok(log);
        let number = 0;
        const slowly: EventLog = Object.assign(Object.create(log), {
          executes: async () => false,
          async *events(...of: Parameters<WrittenLog['events']>) {
            for await (const event of log.events(...of)) {
              const ms = eventMs(number++);
              if (ms > 0) await clock.sleep(ms, signal);
              yield event;
            }
          },
        });
        return work(slowly);
      },
    },
    settings: partial<OperationSettings>({
      pseudoGtid: { ...PSEUDO_GTID, skipContaining },
      operationTimeoutMs: 1_000,
      stepTimeoutMs: 100,
    }),
    clock,
    refresh: async (key) => {
      const found = instances.find((instance) => keyText(instance.key) === keyText(key));
      if (found === undefined) throw new OrchestratorError('NOT_FOUND', 'unknown');
      return found;
    },
  });
  return look;
}

describe('a look-up in the logs of servers', () => {
  const { signal } = new AbortController();
  const look = lookUps();

  it('finds the newest marker, and a marker by its text', async () => {
    const { at, text } = await look.lastMarker(one.key, signal);
    assert.equal(text, `${MARKER}00000002:00000001:abc\``);
    assert.deepEqual(await look.entry(one.key, text, false, signal), at);
    await assert.rejects(look.entry(one.key, `${text} `, true, signal), /no event of the binary logs of h2:3306 is/);
  });

  for (const [transaction, name] of [
    [1, 'between two markers'],
    [3, 'behind a marker'],
    [4, 'at the end of the log'],
  ] as const)
    it(`finds the same place in the log of another server: ${name}`, async () => {
      const at = end(ofOne, transaction);
      assert.deepEqual(await look.correlate(one.key, other.key, at, signal), end(ofOther, transaction));
      assert.deepEqual(await look.correlate(other.key, one.key, end(ofOther, transaction), signal), at);
    });

  it('compares without what SkipBinlogEventsContaining names', async () => {
    const beat = (from: string): Written => ({ serverId: 1, events: [ANONYMOUS, ['Query', `heartbeat of ${from}`]] });
    const [first, ...rest] = HISTORY;
    assert.ok(first);
    const log = (from: string, serverId: number) =>
      new WrittenLog([first, beat(from), ...rest], { serverId, stride: 17, perFile: 4, number: 9 });
    const [mine, theirs] = [log('one', 2), log('other', 3)];
    const correlate = (skip: readonly string[]) =>
      lookUps(undefined, undefined, undefined, skip, [mine, theirs]).correlate(
        one.key,
        other.key,
        end(mine, 2),
        signal,
      );
    assert.deepEqual(await correlate(['heartbeat']), end(theirs, 2));
    await assert.rejects(correlate([]), { code: 'OPERATION_FAILED' });
  });

  it('takes the present place of a server where none is named', async () => {
    assert.deepEqual(await look.correlate(one.key, other.key, undefined, signal), end(ofOther, 4));
  });

  it('refuses a place within a transaction, one before the first marker, and one that the other log does not have', async () => {
    const { file, position } = end(ofOne, 1);
    const correlate = (from: Instance, to: Instance, at?: { file: string; position: number }) =>
      look.correlate(from.key, to.key, at, signal);
    await assert.rejects(correlate(one, other, { file, position: position - 10 }), /lies within the transaction at/);
    await assert.rejects(correlate(one, other, { file: 'bin2.000001', position: 4 }), /no Pseudo-GTID entry/);
    await assert.rejects(correlate(other, one), /does not have what lies at/);
  });

  it('refuses to compare binary logs of two formats', async () => {
    const mixed = lookUps([one, { ...other, binlogFormat: 'MIXED' }]);
    await assert.rejects(mixed.correlate(one.key, other.key, undefined, signal), /does not tell what that of/);
  });

  it('finds a transaction in the relay logs of two replicas, and what follows it', async () => {
    const found = await look.correlateRelayed(one.key, other.key, undefined, signal);
    // the fifth one, behind the two events with which each file begins
    const places = ['bin2.000003:24', 'bin3.000002:38', coordinatesText(end(ofOther, 4))];
    assert.deepEqual([found.last, found.twin, found.next].map(coordinatesText), places);
    await assert.rejects(look.correlateRelayed(primary.key, other.key, undefined, signal), /not a replica: h4/);
  });

  it('finds the last event that a replica has applied', async () => {
    const { type, info, at } = await look.lastApplied(one.key, signal);
    assert.deepEqual([type, info], ['Xid', 'COMMIT /* xid=5 */']);
    assert.equal(at.file, ofOne.end.file);
  });

  it('fails where an applier stops before the place that is waited for', async () => {
    await assert.rejects(look.awaitApplied(one.key, end(ofOne, 1), signal), /did not reach bin2.000001/);
    await assert.rejects(look.awaitApplied(primary.key, end(ofOne, 1), signal), /not a replica/);
  });

  const LONG: readonly (readonly [string, (number: number) => number, RegExp])[] = [
    ['reads a long log for longer than its limit', () => 200, /^found$/],
    ['gives up a log of which nothing comes', (number) => (number === 3 ? 1_001 : 200), /no progress within 1000 ms/],
    ['does not read for ever', () => 900, /no end within 6000 ms/],
  ];
  for (const [title, eventMs, ends] of LONG)
    it(title, async () => {
      const clock = new FakeClock(0);
      const done = lookUps(undefined, clock, eventMs)
        .lastMarker(one.key, signal)
        .then(
          () => 'found',
          (err: unknown) => String(err),
        );
      const outcome = await clock.during(done);
      assert.match(outcome, ends);
      if (outcome === 'found') assert.ok(clock.monotonicMs() > 1_000);
    });
});
