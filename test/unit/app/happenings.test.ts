import assert from 'node:assert/strict';
import { Happenings } from '../../../internal/app/happenings.ts';
import type { Restored, Storage } from '../../../internal/app/ports.ts';
import { FIRST_SCRIPTS_NUMBER } from '../../../internal/app/scripts-left.ts';
import { EVENT_TYPES, EventForm, eventOf } from '../../../internal/http/v2/events/event.ts';
import type { WatchedInstance } from '../../../internal/topology/instance.ts';
import { aMember, FakeGroup } from '../../support/fake-group.ts';
import { A_DETECTION, A_RECOVERY } from '../../support/http.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { partial } from '../../support/partial.ts';
import { anInstance } from '../topology/builders.ts';

const KEY = { hostname: 'db1', port: 3306 };
const OTHER = { hostname: 'db2', port: 3306 };
const lock = { owner: 'me', reason: 'why', beginMs: 1, endMs: 60_000, bounded: true };

/** Takes everything, and says what it was asked for. */
function quietStorage(asked: string[]): Storage {
  const names = [
    ...['instanceSeen', 'forgotten', 'analysed', 'detected', 'opened', 'takenOver', 'closed', 'acknowledged'],
    ...['stepStarted', 'stepEnded', 'downtime', 'maintenanceBegun', 'maintenanceEnded', 'recoveriesDisabled', 'audit'],
  ];
  return partial<Storage>(Object.fromEntries(names.map((name) => [name, async () => void asked.push(name)])));
}

function seen(key = KEY, changes: Partial<WatchedInstance['instance']> = {}, valid = true): WatchedInstance {
  const instance = anInstance(1, { key, ...changes });
  return { instance, valid } as WatchedInstance;
}

describe('what happens', () => {
  const clock = new ManualClock();
  const restored = partial<Restored>({
    instances: [seen(OTHER)],
    recoveries: [{ ...A_RECOVERY, uid: 'old' }],
    downtimes: [{ key: OTHER, ...lock }],
    maintenances: [],
  });
  let asked: string[];
  let happenings: Happenings;
  let storage: Storage;
  beforeEach(() => {
    asked = [];
    happenings = new Happenings(restored, clock, 'e');
    storage = happenings.around(quietStorage(asked));
  });

  /** As it goes out, each checked against its schema. */
  function told() {
    const { events } = happenings;
    return Array.from({ length: events.last }, (_, n) => {
      const one = events.at(n + 1);
      assert.ok(one !== undefined);
      return EventForm.parse(eventOf(one));
    });
  }

  it('to a server is told when it stands otherwise, and not when it was merely read once more', () => {
    storage.instanceSeen(seen(), 'db1:3306');
    storage.instanceSeen(seen(KEY, { uptimeSeconds: 99 }), 'db1:3306');
    storage.instanceSeen(seen(KEY, { readOnly: !seen().instance.readOnly }, false), 'db1:3306');
    storage.instanceSeen(seen(OTHER), 'db1:3306');
    storage.instanceSeen(seen(OTHER), 'db2:3306');
    storage.forgotten(KEY);
    storage.forgotten(KEY);
    assert.deepEqual(
      told().map((one) => (one.type === 'topology' ? [one.change, one.server, one.changed.join()] : one.type)),
      [
        ['added', 'db1:3306', ''],
        ['changed', 'db1:3306', 'readOnly,reachable'],
        ['changed', 'db2:3306', 'cluster'],
        ['forgotten', 'db1:3306', ''],
      ],
    );
    assert.equal(asked.length, 7);
  });

  it('to an analysis is told when it is news', () => {
    for (const code of ['NoProblem', 'DeadMaster', 'DeadMaster', 'NoProblem']) storage.analysed(KEY, code);
    assert.deepEqual(
      told().map((one) => (one.type === 'analysis' ? [one.before, one.code] : one.type)),
      [
        ['noProblem', 'deadPrimary'],
        ['deadPrimary', 'noProblem'],
      ],
    );
  });

  it('in a recovery is told from its detection to its acknowledgement, each end once, scripts left out', async () => {
    const { endedMs: _, ...open } = A_RECOVERY;
    storage.detected(A_DETECTION);
    await storage.opened(open);
    await storage.stepStarted(A_RECOVERY.uid, 0, 'promote db1:3306');
    await storage.stepEnded(A_RECOVERY.uid, 0, 'promote db1:3306', { statements: [], error: 'no' });
    await storage.stepStarted(A_RECOVERY.uid, FIRST_SCRIPTS_NUMBER, 'scripts');
    await storage.takenOver(open);
    for (const record of [A_RECOVERY, A_RECOVERY, { ...A_RECOVERY, uid: 'old' }]) await storage.closed(record);
    await storage.acknowledged([A_RECOVERY]);
    assert.deepEqual(
      told().map((one) => ('phase' in one ? `${one.type} ${one.phase} ${one.uid}` : one.type)),
      [
        'detection',
        'recovery began 17:abc',
        'recoveryStep began 17:abc',
        'recoveryStep ended 17:abc',
        'recovery takenOver 17:abc',
        'recovery ended 17:abc',
        'recovery acknowledged 17:abc',
      ],
    );
    assert.deepEqual(told()[5]?.type === 'recovery' && told()[5], {
      ...{ type: 'recovery', at: told()[5]?.at, phase: 'ended', uid: '17:abc', kind: 'primary', code: 'deadPrimary' },
      ...{ failed: 'old.example:3306', cluster: 'db1.example:3306', successful: true },
      ...{ successor: 'db1.example:3306', errors: [] },
    });
  });

  it('by the word of an operator is told, and not that it was prolonged', async () => {
    storage.downtime(KEY, lock);
    storage.downtime(KEY, { ...lock, endMs: 90_000 });
    storage.downtime(OTHER, { ...lock, endMs: 90_000 });
    storage.downtime(KEY, undefined);
    storage.downtime(KEY, undefined);
    await storage.maintenanceBegun(KEY, lock, 1);
    await storage.maintenanceEnded(KEY);
    storage.recoveriesDisabled(true);
    assert.deepEqual(
      told().map((one) => ('endsAt' in one ? `${one.type} ${one.server} ${one.endsAt !== null}` : one.type)),
      [
        'downtime db1:3306 true',
        'downtime db1:3306 false',
        'maintenance db1:3306 true',
        'maintenance db1:3306 false',
        'globalRecoveries',
      ],
    );
  });

  it('to the group is told when it looks otherwise', async () => {
    const group = new FakeGroup(1);
    const stop = happenings.watch(group);
    await clock.advance(1_000);
    group.is({ members: [aMember(1), aMember(2), aMember(3, { healthy: false })] });
    await clock.advance(1_000);
    group.lose(10);
    await clock.advance(1_000);
    stop();
    assert.deepEqual(
      told().map((one) =>
        one.type === 'group' ? [one.leads, one.leader, one.members.filter(({ healthy }) => healthy).length] : one.type,
      ),
      [
        [true, '10.0.0.1:10008', 3],
        [true, '10.0.0.1:10008', 2],
        [false, null, 2],
      ],
    );
  });

  it('when all of it was replaced is that it was, and what is seen then is news again', () => {
    storage.analysed(KEY, 'DeadMaster');
    happenings.replaced();
    storage.analysed(KEY, 'DeadMaster');
    assert.deepEqual(
      told().map(({ type }) => type),
      ['analysis', 'reset', 'analysis'],
    );
  });

  it('has a form for each type', () => {
    assert.equal(new Set(EVENT_TYPES).size, EVENT_TYPES.length);
  });
});
