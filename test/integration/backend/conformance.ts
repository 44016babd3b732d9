// What every adapter must do, told through the repositories: the same cases for each database.

import assert from 'node:assert/strict';
import type { Backend } from '../../../internal/backend/backend.ts';
import type { Value } from '../../../internal/backend/database.ts';
import type { RecoveryRecord } from '../../../internal/recovery/book.ts';
import type { DetectionRecord } from '../../../internal/recovery/detections.ts';
import type { ManualClock } from '../../support/manual-clock.ts';
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
      assert.deepEqual(rows, [{ read_only: 1, pseudo_gtid: 1, ancestry_uuid: 'kept' }]);
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

    it('numbers maintenance locks, one active per server, and keeps the past ones', async () => {
      const lock = { owner: 'me', reason: 'disk', beginMs: 1000, endMs: 2_000_000, bounded: true };
      const first = await backend.words.beginMaintenance(A, lock);
      await backend.words.endMaintenance(A);
      const second = await backend.words.beginMaintenance(A, lock);
      assert.ok(second > first && first > 0);
      assert.deepEqual(await (await restarted()).words.maintenances(), [{ id: second, key: A, ...lock }]);
      const rows = await adapter.sql('SELECT COUNT(*) AS n FROM database_instance_maintenance');
      assert.deepEqual(rows, [{ n: 2 }]);
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
