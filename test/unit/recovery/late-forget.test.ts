import assert from 'node:assert/strict';
import { RecoveryBook, type RecoveryRecord } from '../../../internal/recovery/book.ts';
import { LateForget } from '../../../internal/recovery/late-forget.ts';
import { lost } from '../../../internal/recovery/mandate.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import { TaskGroup } from '../../../internal/runtime/task-group.ts';
import type { ReplicationStatus } from '../../../internal/topology/instance.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { FakeServers, type Saboteur } from '../../support/fake-servers.ts';
import { WILLING_STORE } from '../../support/office.ts';
import { aReplica, PRIMARY_KEY } from '../topology/builders.ts';

const leaderWith = (replication: Partial<ReplicationStatus>) => ({
  ...aReplica(2, '', '', { replication }),
  readOnly: false,
});
const LEADER = leaderWith({ receiver: 'stopped' });
const { key } = LEADER;
const NOTED = 'h2:3306 is to forget its source primary:3306';
const SPARED = 'h2:3306 is a replica that somebody may need: left as it is for now';
const at = (hostname: string) => ({ source: { hostname, port: 3306 }, receiver: 'stopped' }) as const;

/** A promoted server that is a replica still, in an office that may end. */
function inOffice(saboteur: Saboteur = () => undefined, instance = LEADER) {
  const servers = new FakeServers([instance], saboteur);
  const clock = new FakeClock(0);
  const tasks = new TaskGroup(silentLog);
  const notes: string[] = [];
  let [leads, holds] = [true, true];
  const confirm = async () => {
    if (!leads) throw lost('another one was elected');
  };
  const office = { term: 1, tasks, signal: tasks.signal, confirm };
  const note = (uid: string, message: string) => void notes.push(`${uid}: ${message}`);
  const settings = { stepTimeoutMs: 100, probeTimeoutMs: 100 };
  const held = () => (holds ? office : assert.fail(lost('this process ends')));
  const late = new LateForget({ servers, clock, log: silentLog, office: held, note, settings });
  const depose = () => {
    leads = false;
  };
  const leave = () => {
    holds = false;
    return tasks.stop();
  };
  return { late, servers, clock, notes, depose, leave };
}

function begun(...from: Parameters<typeof inOffice>) {
  const one = inOffice(...from);
  one.late.begin('u1', key);
  return one;
}

const stuckUntil = (times: number): Saboteur => {
  let asked = 0;
  return (act) => {
    if (act !== 'h2 forgetSource') return;
    asked += 1;
    if (asked < times) throw new Error('another session has the lock');
  };
};

describe('a promoted server that could not forget its source at once', () => {
  it('does so as soon as it can', async () => {
    const { servers, clock, notes } = begun(stuckUntil(4));
    await clock.advance(3_500);
    assert.deepEqual([servers.get(key).replication?.source.hostname, notes], ['primary', [`u1: ${NOTED}`]]);
    await clock.advance(1_000);
    assert.equal(servers.get(key).replication, undefined);
    assert.deepEqual(notes, [`u1: ${NOTED}`, 'u1: h2:3306 has forgotten the source that it had']);
  });

  it('is named where it never can', async () => {
    const { servers, clock, notes } = begun(stuckUntil(Number.POSITIVE_INFINITY));
    await clock.advance(310_000);
    assert.ok(servers.get(key).replication);
    assert.deepEqual(notes, [`u1: ${NOTED}`, 'u1: h2:3306 keeps the source that it had: another session has the lock']);
  });

  it('is left alone once somebody has made it a replica', async () => {
    for (const change of ['another source', 'receiving', 'read-only']) {
      const { servers, clock, notes } = begun(stuckUntil(3));
      await clock.advance(1_500);
      if (change === 'read-only') await servers.fence(key);
      else servers.meddle(key, change === 'receiving' ? { receiver: 'running' } : at('h9'));
      await clock.advance(10_000);
      assert.ok(servers.get(key).replication);
      assert.deepEqual(notes, [`u1: ${NOTED}`, 'u1: h2:3306 was made a replica meanwhile: left as it is'], change);
    }
  });

  it('is left to whoever leads next', async () => {
    const { servers, clock, notes, depose } = begun();
    depose();
    await clock.advance(10_000);
    assert.ok(servers.get(key).replication);
    assert.deepEqual([servers.acts, notes], [[], []]);
  });

  it('is named where nobody is in office, and holds nothing up', async () => {
    const { late, notes, leave } = inOffice();
    await leave();
    late.begin('u1', key);
    assert.match(notes.join(), /^u1: h2:3306 keeps the source that it had for now: whoever leads next/);
  });

  it('is waited for by a process that ends, for a while', async () => {
    const { late, clock } = begun(stuckUntil(4));
    const short = late.settled(3_000);
    const long = late.settled(9_000);
    await clock.advance(3_200);
    assert.deepEqual(await short, [key]);
    await clock.advance(1_000);
    assert.deepEqual(await long, []);
    assert.deepEqual(await late.settled(0), []);
  });

  it('is not waited for by a process that was interrupted', async () => {
    const { late, leave } = begun(stuckUntil(4));
    await leave();
    assert.deepEqual(await late.settled(9_000), []);
  });
});

describe('a promoted server that an earlier office has not had forget its source', () => {
  const PLANNED = 'plan: promote h2:3306';
  const ofRecord: RecoveryRecord = {
    ...{ uid: 'u1', kind: 'primary', code: 'DeadMaster', failed: PRIMARY_KEY, cluster: 'primary:3306', alias: '' },
    ...{ startedMs: 0, endedMs: 1, successful: true, successor: key, lost: [], participants: [], harmless: false },
    errors: ['forget h2:3306: deadline passed'],
  };
  const later: RecoveryRecord = { ...ofRecord, uid: 'u2', failed: key, successor: PRIMARY_KEY, errors: [] };
  const CASES: readonly (readonly [
    title: string,
    what: {
      readonly records?: readonly RecoveryRecord[];
      readonly notes?: readonly string[];
      readonly instance?: typeof LEADER;
      readonly atMs?: number;
    },
    forgets: boolean,
  ])[] = [
    ['does so in the next one', {}, true],
    ['does so where that had no success', { notes: [PLANNED, 'h2:3306 keeps the source that it had: timeout'] }, true],
    ['is left where it had', { notes: [PLANNED, 'h2:3306 has forgotten the source that it had'] }, false],
    [
      'is left where somebody had need of it',
      { notes: [PLANNED, 'h2:3306 was made a replica meanwhile: left as it is'] },
      false,
    ],
    ['is left where nobody can tell', { notes: [] }, false],
    ['is left where its step had not failed', { records: [{ ...ofRecord, errors: ['attach h3:3306: gone'] }] }, false],
    ['is left where it did not come to lead', { records: [{ ...ofRecord, successful: false }] }, false],
    ['is left where it was replaced since', { records: [later, ofRecord] }, false],
    ['is left after an hour', { atMs: 3_600_002 }, false],
    ['is left where it is read-only', { instance: { ...LEADER, readOnly: true } }, false],
    ['does so whatever it calls it', { instance: leaderWith(at('10.0.0.1')) }, true],
    ['does so while it tries to connect there', { instance: leaderWith({ receiver: 'other' }) }, true],
    ['does so where it is the one noted', { notes: [PLANNED, NOTED] }, true],
    ['does so where it was left as it was for now', { notes: [PLANNED, NOTED, SPARED] }, true],
    ['is left while it receives', { instance: leaderWith({ receiver: 'running' }) }, false],
    ['is left below another than the one noted', { notes: [PLANNED, NOTED], instance: leaderWith(at('h9')) }, false],
  ];
  for (const [title, { records = [ofRecord], notes = [PLANNED], instance, atMs = 5_000 }, forgets] of CASES)
    it(title, async () => {
      const { late, servers, clock } = inOffice(undefined, instance);
      await clock.advance(atMs);
      await late.takeUp(new RecoveryBook(WILLING_STORE, () => ({ blockMs: 1 }), clock, records), async () => notes);
      await clock.advance(2_000);
      assert.equal(servers.get(key).replication === undefined, forgets);
    });

  it('is told by what the one before has noted, and spared for that office alone', async () => {
    const { late, servers, clock, notes } = inOffice(undefined, leaderWith({ receiver: 'running' }));
    const told = async () => [PLANNED, ...notes.map((note) => note.replace('u1: ', ''))];
    const nextOffice = async () => {
      await late.takeUp(new RecoveryBook(WILLING_STORE, () => ({ blockMs: 1 }), clock, [ofRecord]), told);
      await clock.advance(2_000);
    };
    await nextOffice();
    assert.deepEqual(notes, [`u1: ${SPARED}`]);
    servers.meddle(key, { receiver: 'stopped' });
    await nextOffice();
    assert.deepEqual(notes.slice(1), [`u1: ${NOTED}`, 'u1: h2:3306 has forgotten the source that it had']);
    await nextOffice();
    assert.equal(notes.length, 3);
  });
});
