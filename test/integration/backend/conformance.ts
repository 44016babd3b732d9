// What every adapter must do, told through the repositories: the same cases for each database.

import assert from 'node:assert/strict';
import type { Backend } from '../../../internal/backend/backend.ts';
import type { Value } from '../../../internal/backend/database.ts';
import type { RecoveryRecord } from '../../../internal/recovery/book.ts';
import type { DetectionRecord } from '../../../internal/recovery/detections.ts';
import type { WatchedInstance } from '../../../internal/topology/instance.ts';
import type { InstanceKey } from '../../../internal/topology/instance-key.ts';
import { aSnapshot } from '../../support/a-cluster.ts';
import { backendTime } from '../../support/backend-fixture.ts';
import type { ManualClock } from '../../support/manual-clock.ts';
import { aReplication } from '../../unit/topology/builders.ts';
import { aWatchedInstance } from './watched-instance.ts';

/** One database, empty at first. */
export interface AdapterUnderTest {
  readonly clock: ManualClock;
  /** A process that starts on it. The one before was closed. */
  open(): Promise<Backend>;
  /** Plain SQL beside it, as another program would. */
  sql(text: string, ...values: Value[]): Promise<readonly Record<string, Value>[]>;
  dispose(): Promise<void>;
}

const A = { hostname: 'db-a', port: 3306 };
const B = { hostname: 'db-b', port: 3307 };

export function backendConformance(name: string, make: () => Promise<AdapterUnderTest>): void {
  describe(`backend on ${name}`, () => {
    let adapter: AdapterUnderTest;
    let backend: Backend;

    /** A former process ends, a new one starts. */
    const restarted = async () => {
      await backend.close();
      backend = await adapter.open();
      return backend;
    };

    beforeEach(async () => {
      adapter = await make();
      backend = await adapter.open();
    });

    afterEach(async () => {
      await backend.close();
      await adapter.dispose();
    });

    it('knows after a restart the servers that were seen, as not valid', async () => {
      backend.instances.seen(aWatchedInstance({ key: A }), 'db-a:3306', 0);
      backend.instances.seen(aWatchedInstance({ key: B, readOnly: true }), 'db-a:3306', 1);
      const [a, b, ...more] = await (await restarted()).instances.load();
      assert.deepEqual([a?.instance.key, b?.instance.key, more.length], [A, B, 0]);
      assert.deepEqual([a?.valid, a?.instance.readOnly, b?.instance.readOnly], [false, false, true]);
    });

    it('writes a server again without touching what others keep in its row', async () => {
      backend.instances.seen(aWatchedInstance({ key: A }), 'db-a:3306', 0);
      await backend.settle(1000);
      await adapter.sql("UPDATE database_instance SET pseudo_gtid = 1, ancestry_uuid = 'kept'");
      backend.instances.seen(aWatchedInstance({ key: A, readOnly: true }), 'db-a:3306', 0);
      await backend.settle(1000);
      const rows = await adapter.sql('SELECT read_only, pseudo_gtid, ancestry_uuid FROM database_instance');
      assert.deepEqual(rows, [{ read_only: 1, pseudo_gtid: 0, ancestry_uuid: 'kept' }]);
    });

    it('forgets a server, also one that waits to be written', async () => {
      backend.instances.seen(aWatchedInstance({ key: A }), 'db-a:3306', 0);
      await backend.settle(1000);
      backend.instances.seen(aWatchedInstance({ key: A }), 'db-a:3306', 0);
      await backend.instances.forgotten(A);
      assert.deepEqual(await (await restarted()).instances.load(), []);
    });

    it('keeps a recovery from its opening to its acknowledgement', async () => {
      const open = aRecovery('one');
      await backend.recoveries.opened(open);
      assert.deepEqual((await (await restarted()).recoveries.load(10))[0]?.endedMs, undefined);
      const closed: RecoveryRecord = {
        ...open,
        endedMs: open.startedMs + 2000,
        successful: true,
        successor: B,
        successorAlias: 'b',
        participants: [B],
        lost: [{ key: A, reason: '', reachable: false }],
        errors: ['first', 'second'],
      };
      await backend.recoveries.closed(closed);
      assert.deepEqual(await (await restarted()).recoveries.load(10), [closed]);
      const acknowledged = { by: 'me', comment: 'seen', atMs: adapter.clock.nowMs() };
      await backend.acknowledged([{ ...closed, acknowledged }]);
      assert.deepEqual(await (await restarted()).recoveries.load(10), [{ ...closed, acknowledged }]);
    });

    it('tells a recovery that changed nothing from one that blocks', async () => {
      const open = aRecovery('one');
      await backend.recoveries.opened(open);
      await backend.recoveries.closed({ ...open, endedMs: open.startedMs, harmless: true });
      assert.deepEqual(
        (await backend.recoveries.load(10)).map(({ harmless }) => harmless),
        [true],
      );
    });

    it('takes several recoveries of one server within a second, of one process and of the next', async () => {
      for (const uid of ['one', 'two', 'three', 'four']) {
        const open = aRecovery(uid);
        await backend.recoveries.opened(open);
        await backend.recoveries.closed({ ...open, endedMs: open.startedMs, harmless: uid !== 'four' });
        if (uid === 'two') await restarted();
      }
      assert.deepEqual(
        (await (await restarted()).recoveries.load(10)).map(({ uid, endedMs, harmless }) => [uid, endedMs, harmless]),
        ['four', 'three', 'two', 'one'].map((uid) => [uid, aRecovery(uid).startedMs, uid !== 'four']),
      );
      assert.equal(backend.health().lost, 0);
    });

    it('takes recoveries of one server one after another, acknowledged or not', async () => {
      for (const uid of ['one', 'two', 'three']) {
        await backend.recoveries.opened(aRecovery(uid));
        await adapter.clock.advance(1000);
      }
      assert.deepEqual(
        (await (await restarted()).recoveries.load(10)).map(({ uid }) => uid),
        ['three', 'two', 'one'],
      );
      assert.deepEqual(await adapter.sql('SELECT uid FROM topology_recovery WHERE in_active_period = 1'), [
        { uid: 'three' },
      ]);
    });

    it('journals steps and notes in order', async () => {
      await backend.journal.stepStarted('uid', 1, 'stop a');
      await backend.journal.stepEnded('uid', 1, undefined, 'stop a: done');
      await backend.journal.stepStarted('uid', 2, 'promote db-b:3307');
      await backend.journal.note('uid', 'interrupted');
      await restarted();
      assert.deepEqual(await backend.journal.begun('uid'), ['stop a', 'promote db-b:3307']);
      assert.deepEqual(
        (await backend.journal.steps('uid')).map(({ message }) => message),
        ['stop a: done', 'interrupted'],
      );
    });

    it('keeps fences until they are set, and drops that of a server that is promoted', async () => {
      await backend.journal.fenceIntended(A, 'db-a:3306', B);
      assert.deepEqual(await (await restarted()).journal.openFences(), [A]);
      await backend.journal.fenceIntended(B, 'db-b:3307', A);
      assert.deepEqual(await backend.journal.openFences(), [B]);
      await backend.journal.fenced(B);
      assert.deepEqual(await backend.journal.openFences(), []);
    });

    it('pages detections, newest first, with the recovery that came of them', async () => {
      for (const code of ['UnreachableMaster', 'DeadMaster', 'DeadMasterAndReplicas']) {
        await backend.detections.detected(aDetection(code)); // within one second
      }
      await backend.recoveries.opened(aRecovery('one'));
      await backend.recoveries.closed({ ...aRecovery('one'), endedMs: adapter.clock.nowMs() });
      await restarted();
      const [newest, ...older] = await backend.detections.list({ limit: 20, offset: 0 });
      assert.deepEqual(
        [newest?.code, newest?.active, newest?.replicas, newest?.recoveryId],
        ['DeadMasterAndReplicas', true, [B], 1],
      );
      assert.deepEqual(
        older.map(({ code, active }) => [code, active]),
        [
          ['DeadMaster', false],
          ['UnreachableMaster', false],
        ],
      );
      assert.deepEqual(
        (await backend.detections.list({ limit: 1, offset: 1 })).map(({ code }) => code),
        ['DeadMaster'],
      );
      assert.deepEqual((await backend.detections.list({ limit: 1 }, { id: newest?.id ?? 0 }))[0], newest);
      assert.deepEqual(await backend.detections.list({ limit: 20 }, { before: newest?.id ?? 0 }), older);
      assert.deepEqual(await backend.detections.list({ limit: 1 }, { alias: 'another' }), []);
    });

    it('calls a detection after a restart what it was told of as', async () => {
      const detection = { ...aDetection('DeadMaster'), uid: '17:abc' };
      await backend.detections.detected(detection);
      assert.deepEqual(await (await restarted()).detections.active(0), [detection]);
      assert.equal((await backend.detections.list({ limit: 1 }))[0]?.uid, '17:abc');
      await adapter.sql('DELETE FROM detection_uid');
      assert.equal((await backend.detections.active(0))[0]?.uid, 'detection:1', 'of another program');
    });

    it('knows after a restart what callers were told', async () => {
      const open = { id: 'a', request: 'r1', attempt: 'x', beganMs: 1_700_000_000_123, index: 7, outcome: undefined };
      const ended = { ...open, id: 'b', outcome: { status: 200, json: '{"Message":"größer 🙂"}' } };
      for (const call of [open, { ...ended, outcome: undefined }, ended, { ...open, id: 'c' }])
        await backend.calls.keep(call);
      await backend.calls.forget('c');
      const known = [...(await (await restarted()).calls.all())].sort((a, b) => (a.id < b.id ? -1 : 1));
      assert.deepEqual(known, [open, ended]);
    });

    it('tells of a problem again after its recovery was acknowledged, in a new process too', async () => {
      await backend.detections.detected(aDetection('DeadMaster'));
      const told = async () => (await (await restarted()).detections.active(0)).map(({ code }) => code);
      assert.deepEqual(await told(), ['DeadMaster']);
      const acknowledged = { by: 'me', comment: '', atMs: adapter.clock.nowMs() };
      await backend.acknowledged([{ ...aRecovery('one'), acknowledged }]);
      assert.deepEqual(await told(), []);
    });

    it('shows what holds a recovery back until that is acknowledged', async () => {
      const blocking = aRecovery('one');
      await backend.recoveries.opened(blocking);
      const block = { failed: B, code: 'DeadMaster', cluster: 'db-b:3307', alias: 'b' };
      for (const atMs of [1000, 2000]) await backend.detections.blocked({ ...block, atMs, blockingUid: 'one' });
      const { alias: _alias, ...shown } = block;
      assert.deepEqual(await backend.detections.blocks(), [
        { ...shown, atMs: 2000, blockingUid: 'one', blockingId: 1 },
      ]);
      assert.deepEqual(await backend.detections.blocks('another'), []);
      await backend.acknowledged([{ ...blocking, acknowledged: { by: 'me', comment: '', atMs: 1 } }]);
      assert.deepEqual(await backend.detections.blocks(), []);
      await backend.detections.blocked({ ...block, atMs: 3000, blockingUid: 'unknown' });
      await backend.detections.endBlocks(3000);
      assert.equal((await backend.detections.blocks()).length, 1, 'said again in time');
      await backend.detections.endBlocks(3001);
      assert.deepEqual(await backend.detections.blocks(), []);
      await backend.detections.blocked({ ...block, atMs: 4000, blockingUid: 'one' });
      await backend.acknowledged([{ ...blocking, acknowledged: { by: 'me', comment: '', atMs: 1 } }]);
      assert.deepEqual(await backend.detections.blocks(), [], 'not written behind the acknowledgement');
      await backend.detections.blocked({ ...block, atMs: 5000, blockingUid: 'one' });
      await backend.detections.blocks(); // writes it
      await (await restarted()).detections.endAllBlocks();
      assert.deepEqual(await backend.detections.blocks(), [], 'of an earlier process');
    });

    it('pages the audit', async () => {
      for (let number = 1; number <= 3; number += 1) await backend.audits.add('test', A, 'db-a:3306', `${number}`);
      const messages = async (page: number) => (await backend.audits.page(page, 2)).map(({ message }) => message);
      assert.deepEqual([await messages(0), await messages(1)], [['3', '2'], ['1']]);
      const [, second] = await backend.audits.page(0, 2);
      const before = (await backend.audits.before(second?.id ?? 0, 2)).map(({ message }) => message);
      assert.deepEqual([before, await backend.audits.before(9, 2, B)], [['1'], []]);
    });

    it('keeps downtime, promotion rules and the global switch', async () => {
      const downtime = { owner: 'me', reason: "o'clock", beginMs: 1000, endMs: 2_000_000 };
      await backend.words.downtime(A, { ...downtime, reason: 'replaced' });
      await backend.words.downtime(A, downtime);
      await backend.words.downtime(B, downtime);
      await backend.words.downtime(B, undefined);
      await backend.words.promotionRule(A, 'prefer');
      await backend.words.promotionRule(A, 'must_not');
      await backend.words.recoveriesDisabled(true);
      await restarted();
      assert.deepEqual(await backend.words.downtimes(), [{ key: A, ...downtime }]);
      assert.deepEqual(await backend.words.promotionRules(), new Map([['db-a:3306', 'must_not']]));
      assert.equal(await backend.words.areRecoveriesDisabled(), true);
      await backend.words.recoveriesDisabled(false);
      assert.equal(await (await restarted()).words.areRecoveriesDisabled(), false);
    });

    it('keeps a downtime without an end, which can be told and written like any other', async () => {
      await backend.words.downtime(A, { owner: 'me', reason: 'broken', beginMs: 1000, endMs: 2_000_000 });
      await adapter.sql('UPDATE database_instance_downtime SET end_timestamp = NULL');
      const [endless] = await (await restarted()).words.downtimes();
      assert.ok(endless);
      assert.match(new Date(endless.endMs).toISOString(), /^9999-/);
      await backend.words.downtime(B, endless);
      assert.equal((await (await restarted()).words.downtimes()).length, 2);
    });

    it('numbers maintenance locks, one active per server, and keeps the past ones', async () => {
      const lock = { owner: 'me', reason: 'disk', beginMs: 1000, endMs: 2_000_000, bounded: true };
      const first = await backend.words.beginMaintenance(A, lock);
      await backend.words.endMaintenance(A);
      const second = await backend.words.beginMaintenance(A, lock);
      assert.ok(second > first && first > 0);
      assert.deepEqual(await (await restarted()).words.maintenances(), [
        { id: second, key: A, token: 'token', ...lock },
      ]);
      const rows = await adapter.sql('SELECT COUNT(*) AS n FROM database_instance_maintenance');
      assert.deepEqual(rows, [{ n: 2 }]);
    });

    it('keeps tags, one value to a name, until they are taken away', async () => {
      const { names } = backend;
      const [a, b] = [
        { hostname: 'tag-a', port: 3306 },
        { hostname: 'tag-b', port: 3306 },
      ];
      await names.tag(a, 'role', 'backup');
      await names.tag(a, 'role', 'batch');
      await names.tag(a, 'idle', '');
      await names.tag(b, 'role', 'batch');
      await names.untag([a, b], 'role', 'backup');
      await names.untag([a], 'idle', null);
      const listed = (await names.tags()).filter(({ key }) => key.hostname.startsWith('tag-'));
      assert.deepEqual(
        listed.map(({ key, name, value }) => `${key.hostname} ${name}=${value}`),
        ['tag-a role=batch', 'tag-b role=batch'],
      );
    });

    it('keeps virtual names until they are taken back', async () => {
      const { names } = backend;
      await names.virtualName('virt-a', 'old');
      await names.virtualName('virt-a', 'vip');
      assert.equal(await names.get('unresolved', 'virt-a'), 'vip');
      await names.virtualName('virt-a', '');
      assert.equal(await names.get('unresolved', 'virt-a'), undefined);
    });

    it('keeps which clusters have markers of ours, and since when', async () => {
      await backend.positions.marked('db-a:3306');
      await backend.positions.marked('db-b:3307');
      await backend.positions.marked('db-a:3306');
      const marks = await (await restarted()).positions.marks();
      assert.deepEqual([...marks.keys()], ['db-a:3306', 'db-b:3307']);
      assert.ok([...marks.values()].every((atMs) => Math.abs(atMs - adapter.clock.nowMs()) < 60_000));
    });

    it('keeps places in two logs that are the same, to be found from both sides, until a log is thrown away', async () => {
      const place = (server: InstanceKey, position: number) => ({ server, at: { file: 'bin.000001', position } });
      const third = { hostname: 'db-c', port: 3306 };
      await backend.positions.equivalent(place(A, 100), place(B, 4_000_000_000));
      await backend.positions.equivalent(place(A, 100), place(third, 7));
      await backend.positions.equivalent(place(A, 100), place(third, 70));
      const { positions } = await restarted();
      assert.deepEqual(await positions.equivalents(place(B, 4_000_000_000)), [place(A, 100)]);
      assert.deepEqual(await positions.equivalents(place(third, 7)), [], 'the newer one counts');
      const ofA = (await positions.equivalents(place(A, 100))).map(
        ({ server, at }) => `${server.hostname} ${at.position}`,
      );
      assert.deepEqual([...ofA].sort(), ['db-b 4000000000', 'db-c 70']);
      await positions.forgotten(third);
      assert.deepEqual(await positions.equivalents(place(A, 100)), [place(B, 4_000_000_000)]);
      assert.deepEqual(await positions.equivalents(place(A, 101)), []);
    });

    it('keeps names: aliases are of one cluster each', async () => {
      const { names } = backend;
      await names.put('alias', 'db-a:3306', 'main');
      await names.put('alias', 'db-b:3307', 'main');
      await names.put('aliasOverride', 'db-b:3307', 'mine');
      await names.put('domain', 'db-b:3307', 'main.example');
      await names.put('value', 'mysql/master/main', 'db-b:3307');
      await names.put('value', 'mysql/master/main', 'db-a:3306');
      await restarted();
      assert.deepEqual(await backend.names.all('alias'), new Map([['db-b:3307', 'main']]));
      assert.equal(await backend.names.get('aliasOverride', 'db-b:3307'), 'mine');
      assert.equal(await backend.names.get('domain', 'db-b:3307'), 'main.example');
      assert.equal(await backend.names.get('value', 'mysql/master/main'), 'db-a:3306');
      await backend.names.put('value', 'mysql/master/main', undefined);
      assert.equal(await backend.names.get('value', 'mysql/master/main'), undefined);
    });

    it('gives each recovery a number for good, and says which detection it came of', async () => {
      const [one, two] = [
        aRecovery('one'),
        { ...aRecovery('two'), failed: B, startedMs: adapter.clock.nowMs() + 1000 },
      ];
      assert.equal(await backend.recoveries.identity(one), undefined);
      await backend.recoveries.opened(one);
      assert.deepEqual(await backend.recoveries.identity(one), {
        id: 1,
        detectionId: 0,
        node: { hostname: 'here', token: 'token' },
      });
      await backend.detections.detected(aDetection('DeadMaster'));
      assert.equal((await backend.recoveries.identity(one))?.detectionId, 1);
      await backend.recoveries.closed({ ...one, endedMs: one.startedMs + 1 });
      await backend.recoveries.opened(two);
      await adapter.sql('DELETE FROM topology_recovery WHERE recovery_id = 1');
      await restarted();
      const [stored] = await backend.recoveries.load(10);
      assert.ok(stored);
      assert.deepEqual([stored.uid, (await backend.recoveries.identity(stored))?.id], ['two', 2]);
    });

    it('numbers a recovery that another program stored without a uid', async () => {
      await backend.recoveries.opened(aRecovery('one'));
      await adapter.sql('UPDATE topology_recovery SET recovery_id = 7, uid = ?', '');
      await restarted();
      const [stored] = await backend.recoveries.load(10);
      assert.ok(stored);
      assert.equal((await backend.recoveries.identity(stored))?.id, 7);
      await backend.recoveries.closed({ ...stored, endedMs: stored.startedMs + 2000 });
      assert.equal((await (await restarted()).recoveries.load(1))[0]?.endedMs, stored.startedMs + 2000);
      await backend.recoveries.acknowledged([{ ...stored, acknowledged: { by: 'me', comment: 'c', atMs: 1000 } }]);
      assert.equal((await (await restarted()).recoveries.load(1))[0]?.acknowledged?.by, 'me');
    });

    it('keeps of two names that stand for each other the newer one, and remembers both', async () => {
      await backend.names.resolved('db-a.old', 'db-a');
      await backend.names.resolved('db-a', 'db-a.old');
      assert.deepEqual(await backend.names.all('resolved'), new Map([['db-a', 'db-a.old']]));
      await backend.names.resolved('db-a', 'db-a');
      assert.deepEqual(await backend.names.all('resolved'), new Map([['db-a', 'db-a']]));
      await backend.names.clear('resolved');
    });

    it('forgets every resolved name on request', async () => {
      await backend.names.put('resolved', 'a', 'db-a');
      await backend.names.put('unresolved', 'a', 'db-a');
      await backend.names.clear('resolved');
      const { names } = await restarted();
      assert.deepEqual([(await names.all('resolved')).size, (await names.all('unresolved')).size], [0, 1]);
    });

    it('keeps how the analysis of a server changed; its first code, and the one before a restart, are no change', async () => {
      const listed = async () => (await backend.analyses.changes()).map(({ key, code }) => `${key.hostname} ${code}`);
      for (const code of ['NoProblem', 'DeadMaster', 'DeadMaster']) backend.analyses.seen(A, code);
      backend.analyses.seen(B, 'NoProblem');
      assert.deepEqual(await listed(), ['db-a DeadMaster']);
      await restarted();
      await backend.analyses.load();
      for (const code of ['DeadMaster', 'NoProblem']) backend.analyses.seen(A, code);
      const [first, second] = await backend.analyses.changes();
      assert.deepEqual([first?.code, second?.code, second?.atMs], ['DeadMaster', 'NoProblem', adapter.clock.nowMs()]);
      await backend.analyses.forgotten(A);
      backend.analyses.seen(A, 'DeadMaster');
      assert.deepEqual(await listed(), ['db-a DeadMaster', 'db-a NoProblem']);
    });

    it('moves an alias that was set by hand with its cluster', async () => {
      await backend.names.put('aliasOverride', 'db-a:3306', 'mine');
      await backend.names.moveOverride('db-a:3306', 'db-b:3307');
      await backend.names.moveOverride('unknown', 'db-a:3306');
      assert.deepEqual(await backend.names.all('aliasOverride'), new Map([['db-b:3307', 'mine']]));
    });

    it('keeps the last list of a pool, and the others', async () => {
      const { pools } = backend;
      await pools.submitted('pool-a', [A, B]);
      await pools.submitted('pool-b', [A]);
      const atMs = adapter.clock.nowMs();
      await adapter.clock.advance(60_000);
      await pools.submitted('pool-a', [B]);
      await pools.submitted('pool-c', [A]);
      await pools.submitted('pool-c', []);
      const listed = (await (await restarted()).pools.all()).filter(({ pool }) => pool.startsWith('pool-'));
      assert.deepEqual(
        listed.toSorted((a, b) => (a.pool < b.pool ? -1 : 1)),
        [
          { pool: 'pool-a', key: B, registeredMs: atMs + 60_000 },
          { pool: 'pool-b', key: A, registeredMs: atMs },
        ],
      );
    });

    it('keeps pictures of topologies, each with what was known then', async () => {
      const { topologyHistory } = backend;
      assert.equal(await topologyHistory.lastMs(), 0);
      const replica = { key: B, replication: aReplication({ source: A }) };
      const picture = (...members: WatchedInstance[]) => [
        { ...aSnapshot([], [], 'db-a:3306'), members },
        { ...aSnapshot([], [], 'other:1'), members: [aWatchedInstance({ key: { hostname: 'other', port: 1 } })] },
      ];
      await topologyHistory.record(picture(aWatchedInstance({ key: A }), aWatchedInstance(replica)));
      const firstMs = adapter.clock.nowMs();
      await adapter.clock.advance(60_000);
      await topologyHistory.record(picture(aWatchedInstance({ key: A })));
      await topologyHistory.record(picture(aWatchedInstance({ key: A }))); // in the same second
      await restarted();
      const history = backend.topologyHistory;
      assert.equal(await history.lastMs(), Math.floor((firstMs + 60_000) / 1000) * 1000);
      const seconds = String(Math.floor(firstMs / 1000));
      const then = await history.newest('db-a:3306', (text) => text === seconds);
      assert.deepEqual(
        then.map(({ instance: { key, replication } }) => [key, replication?.source]),
        [
          [A, undefined],
          [B, A],
        ],
      );
      assert.equal((await history.newest('db-a:3306', () => true)).length, 1);
      assert.deepEqual(await history.newest('db-a:3306', () => false), []);
      assert.deepEqual(await history.newest('nobody:1', () => true), []);
    });

    it('lists tags that others set', async () => {
      const insert = `INSERT INTO database_instance_tags (hostname, port, tag_name, tag_value) VALUES (?, ?, ?, ?)`;
      await adapter.sql(insert, 'db-b', 3307, 'role', 'backup');
      await adapter.sql(insert, 'db-a', 3306, 'zone', '');
      assert.deepEqual(
        (await backend.names.tags()).map(({ name }) => name),
        ['zone', 'role'],
      );
      assert.deepEqual(await backend.names.tags(B), [{ key: B, name: 'role', value: 'backup' }]);
    });

    it('gives a secret token for a public one, once, in time, and to one of two who ask together', async () => {
      const limits = { useMs: 60_000, lifeMs: 3_600_000 };
      const { tokens } = backend;
      const issued = await tokens.issue('ops', limits);
      assert.match(issued, /^[0-9a-f]{64}$/);
      const [row] = await adapter.sql('SELECT secret_token, generated_by, is_acquired FROM access_token');
      assert.deepEqual([row?.generated_by, row?.is_acquired], ['ops', 0]);
      const valid = (secret: Value | undefined) => tokens.isValid(issued, String(secret ?? ''), limits);
      const given = await Promise.all([tokens.redeem(issued, limits), tokens.redeem(issued, limits)]);
      const [secret, ...more] = given.filter((one) => one !== undefined);
      assert.deepEqual([typeof secret, more], ['string', []]);
      assert.deepEqual([await valid(secret), await valid(row?.secret_token), await valid('')], [true, false, false]);
      assert.equal(await tokens.redeem(issued, limits), undefined);
      assert.equal(await tokens.redeem('never issued', limits), undefined);
      const late = await tokens.issue('ops', limits);
      await adapter.sql('UPDATE access_token SET generated_at = ?', backendTime(adapter.clock.nowMs() - 61_000));
      assert.equal(await tokens.redeem(late, limits), undefined);
      assert.equal(await valid(secret), true);
      await adapter.sql('UPDATE access_token SET generated_at = ?', backendTime(adapter.clock.nowMs() - 3_601_000));
      assert.equal(await valid(secret), false);
    });

    it('takes a token that was marked as reentrant for good, and lets the others go when they ran out', async () => {
      const limits = { useMs: 60_000, lifeMs: 3_600_000 };
      const { tokens } = backend;
      const [shared, old] = [await tokens.issue('ops', limits), await tokens.issue('ops', limits)];
      await adapter.sql('UPDATE access_token SET is_reentrant = 1 WHERE public_token = ?', shared);
      const secret = await tokens.redeem(shared, limits);
      assert.equal(await tokens.redeem(shared, limits), secret);
      await adapter.sql('UPDATE access_token SET generated_at = ?', backendTime(adapter.clock.nowMs() - 9_000_000));
      assert.equal(await tokens.isValid(shared, secret ?? '', limits), true);
      const fresh = await tokens.issue('ops', limits);
      const left = await adapter.sql('SELECT public_token FROM access_token');
      assert.deepEqual(left.map((row) => row.public_token).sort(), [fresh, shared].sort());
      assert.ok(!left.some((row) => row.public_token === old));
    });

    it('beats: a process is there while it does, and gone when it stops', async () => {
      const details = {
        startedMs: adapter.clock.nowMs(),
        version: '1',
        command: 'http',
        mode: 'HttpMode',
        backend: 'x',
      };
      await backend.nodes.started(details);
      backend.nodes.beat(details);
      await adapter.clock.advance(1000);
      backend.nodes.beat(details);
      await backend.settle(1000);
      const [node] = await backend.nodes.seenSince(adapter.clock.nowMs() - 500);
      assert.deepEqual([node?.hostname, node?.version, node?.lastSeenMs], ['here', '1', adapter.clock.nowMs()]);
      assert.deepEqual(await adapter.sql('SELECT incrementing_indicator FROM node_health'), [
        { incrementing_indicator: 2 },
      ]);
      await backend.nodes.stopped();
      assert.deepEqual(await backend.nodes.seenSince(0), []);
    });

    it('says who leads, and tells a leader of another make from an earlier process of ours', async () => {
      assert.equal(await backend.nodes.leader(), undefined);
      await backend.nodes.lead();
      const startedMs = adapter.clock.nowMs() - 7_000;
      backend.nodes.beatAsLeader(startedMs);
      const lead = { firstSeenMs: startedMs, lastSeenMs: adapter.clock.nowMs() };
      const seconds = ({ firstSeenMs, lastSeenMs }: typeof lead) =>
        [firstSeenMs, lastSeenMs].map((ms) => Math.floor(ms / 1000));
      await restarted();
      const leader = await backend.nodes.leader();
      assert.ok(leader !== undefined);
      assert.deepEqual(seconds(leader), seconds(lead));
      assert.equal(await backend.nodes.otherLeader(), undefined, 'one of ours, and gone');
      await backend.nodes.stopped();
      assert.equal(await backend.nodes.leader(), undefined);
    });

    function aRecovery(uid: string): RecoveryRecord {
      return {
        uid,
        kind: 'primary',
        code: 'DeadMaster',
        failed: A,
        cluster: 'db-a:3306',
        alias: 'main',
        startedMs: adapter.clock.nowMs(),
        successful: false,
        successorAlias: '',
        lost: [],
        participants: [],
        errors: [],
        harmless: false,
      };
    }

    function aDetection(code: string): DetectionRecord {
      return {
        uid: code,
        code,
        failed: A,
        cluster: 'db-a:3306',
        alias: 'main',
        replicas: [B],
        actionable: true,
        detectedMs: adapter.clock.nowMs(),
      };
    }
  });
}
