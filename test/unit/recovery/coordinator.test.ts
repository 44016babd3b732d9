import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import type { RecoveryAttempt } from '../../../internal/recovery/attempt.ts';
import { RecoveryBook, type RecoveryRecord } from '../../../internal/recovery/book.ts';
import { type CoordinatorDeps, RecoveryCoordinator } from '../../../internal/recovery/coordinator.ts';
import type { Decision } from '../../../internal/recovery/decision.ts';
import { isLost, lost } from '../../../internal/recovery/mandate.ts';
import type { Opinion } from '../../../internal/recovery/second-opinion.ts';
import type { Verdict } from '../../../internal/recovery/verdict.ts';
import { OrchestratorError } from '../../../internal/runtime/errors.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import { aSnapshot, PLAN_OPTIONS } from '../../support/a-cluster.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { anOffice, WILLING_STORE } from '../../support/office.ts';
import { partial } from '../../support/partial.ts';
import { anInstance, aReplica, mysqlGtid, PRIMARY_KEY, uuid } from '../topology/builders.ts';

const primary = anInstance(1, { key: PRIMARY_KEY, readOnly: false, gtid: mysqlGtid(`${uuid(1)}:1-9`) });
const verdict: Verdict = {
  ...{ code: 'DeadMaster', description: '', kind: 'primary', key: PRIMARY_KEY, suppressedBy: undefined, command: '' },
  snapshot: aSnapshot([primary, aReplica(2, `${uuid(1)}:1-9`)], [PRIMARY_KEY]),
};
const replicating = aReplica(2, `${uuid(1)}:1-9`, '', { replication: { receiver: 'running' } });
const POLL_MS = 700;
const success = async (record: RecoveryRecord) => ({ record: { ...record, successful: true }, attempted: true });

const SETTINGS: CoordinatorDeps['settings'] = {
  ...{ primaryFilters: ['*'], intermediateFilters: ['*'], confirmFailures: 1, graceMs: 0, holdMs: {}, retryMs: 0 },
  ...{ reconnectSettleMs: 0, noop: false, confirmations: 0, vetoMs: POLL_MS },
  attempt: { fenceReplacedPrimary: true, maxRounds: 1, catchUpMs: 1, plan: PLAN_OPTIONS },
};

/** A coordinator that nothing stands in the way of; what it does is written down. */
function aCoordinator(
  more: Partial<CoordinatorDeps> & {
    run?: RecoveryAttempt['run'];
    store?: typeof WILLING_STORE;
    begins?: CoordinatorDeps['scripts']['begins'];
  } = {},
) {
  const { run = success, store = WILLING_STORE, begins = async () => undefined, ...deps } = more;
  const clock = new FakeClock(10_000);
  const events: string[] = [];
  const due: string[] = [];
  const office = anOffice();
  const book = new RecoveryBook(
    {
      ...store,
      closed: async (record, scripts) => {
        events.push(`closed ${record.errors.join()}`);
        due.push(...scripts);
        await store.closed(record, scripts);
      },
    },
    () => ({ blockMs: 60_000 }),
    clock,
  );
  const coordinator = new RecoveryCoordinator({
    attempt: partial<RecoveryAttempt>({ run }),
    detector: partial<CoordinatorDeps['detector']>({ register: async () => true }),
    book,
    fences: partial<CoordinatorDeps['fences']>({ isWatched: () => false }),
    clock,
    log: silentLog,
    settings: SETTINGS,
    newUid: () => 'u',
    evidence: () => ({ failures: 1, firstFailureMs: 0, refused: true }),
    current: (found) => found,
    isWatched: () => true,
    lastAttemptedMs: () => undefined,
    globallyDisabled: () => false,
    reconnectAskedMs: () => 0,
    scripts: {
      run: async (list, from, _record, _verdict, begins) => {
        await begins(from);
        events.push(list);
        return true;
      },
      begins,
      done: () => void events.push('scripts done'),
      note: () => undefined,
      log: silentLog,
    },
    note: (_uid, message) => events.push(message),
    audit: () => undefined,
    onChanged: () => undefined,
    blocked: () => undefined,
    draining: () => false,
    electedMs: () => 0,
    others: () => ({ kind: 'off', why: 'no other nodes' }),
    ask: async () => [],
    suspect: ({ hostname }) => void events.push(`read ${hostname}`),
    hurry: ({ hostname }) => void events.push(`hurry ${hostname}`),
    ...deps,
  });
  const consider = () => coordinator.consider(verdict, office);
  return { coordinator, book, clock, events, due, consider };
}

/** The server that fails here was promoted before, and a replica moved below it. */
const PROMOTION: RecoveryRecord = {
  ...{
    uid: 'before',
    kind: 'primary',
    code: 'DeadMaster',
    cluster: 'h9:3306',
    alias: '',
    successful: true,
    harmless: true,
  },
  ...{ failed: { hostname: 'h9', port: 3306 }, successor: PRIMARY_KEY, participants: [{ hostname: 'h3', port: 3306 }] },
  ...{ startedMs: 0, lost: [], errors: [] },
};

const outcomeOf = (decision: Decision) => (decision.kind === 'recovered' ? 'recovered' : decision.gate.name);

/** With two other nodes that say, one after the other, what they see. */
function withOthers(said: readonly Opinion[], more: Partial<CoordinatorDeps> = {}) {
  const left = [...said];
  let asked = 0;
  const one = aCoordinator({
    others: () => ({ kind: 'notYet', nodes: ['n2', 'n3'] }),
    ask: async () => {
      asked += 1;
      return [{ node: 'n2', opinion: left.shift() ?? 'cannotTell' }];
    },
    ...more,
  });
  return { ...one, asked: () => asked };
}

describe('a recovery that other nodes are asked about', () => {
  it('goes on when nobody sees the server, and says what was answered', async () => {
    const { consider, events, asked } = withOthers(['unseen']);
    assert.equal(outcomeOf(await consider()), 'recovered');
    assert.equal(asked(), 1);
    assert.ok(events.includes('other nodes were asked: n2 does not see it'), events.join('\n'));
  });

  it('waits for one poll where one sees it take writes, and asks again then', async () => {
    const { consider, clock, asked, book } = withOthers(['writable', 'writable', 'unseen']);
    assert.equal(outcomeOf(await consider()), 'second opinion');
    await clock.advance(POLL_MS - 1);
    assert.equal(outcomeOf(await consider()), 'second opinion');
    assert.equal(asked(), 1);
    await clock.advance(1);
    assert.equal(outcomeOf(await consider()), 'second opinion');
    assert.equal(asked(), 2);
    await clock.advance(POLL_MS);
    assert.deepEqual(book.list(), []);
    assert.equal(outcomeOf(await consider()), 'recovered');
  });

  it('asks nobody while something else is in the way', async () => {
    const { consider, asked } = withOthers([], { globallyDisabled: () => true });
    assert.equal(outcomeOf(await consider()), 'recoveries enabled');
    assert.equal(asked(), 0);
  });

  it('is judged anew when they have answered', async () => {
    let disabled = false;
    const { consider } = withOthers(['unseen'], {
      globallyDisabled: () => disabled,
      ask: async () => {
        disabled = true;
        return [];
      },
    });
    assert.equal(outcomeOf(await consider()), 'recoveries enabled');
  });

  it('keeps the cluster to itself meanwhile', async () => {
    let answer: () => void = () => undefined;
    const { consider, coordinator } = withOthers([], {
      ask: () => new Promise((resolve) => (answer = () => resolve([]))),
    });
    const first = consider();
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
    assert.ok(coordinator.isBusy(verdict.snapshot.name));
    assert.equal(outcomeOf(await consider()), 'none open');
    answer();
    assert.equal(outcomeOf(await first), 'recovered');
  });

  it('keeps all its servers to itself, also under the name that the cluster has after the promotion', async () => {
    let end: () => void = () => undefined;
    const { consider, coordinator } = aCoordinator({
      run: (record) => new Promise((resolve) => (end = () => resolve({ record, attempted: false }))),
    });
    const first = consider();
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    const successor = verdict.snapshot.members[1]?.instance.key ?? PRIMARY_KEY;
    const later = { ...verdict, key: successor, snapshot: { ...verdict.snapshot, name: 'h2:3306' } };
    assert.equal(outcomeOf(await coordinator.consider(later, anOffice())), 'none open');
    end();
    await first;
  });

  for (const [title, apartMs] of [
    ['', 0],
    [', whose leader had a clock an hour ahead', 3_600_000],
    [', whose leader had a clock an hour behind', -3_600_000],
  ] as const)
    it(`waits until everybody was read again whom the last recovery moved${title}; for nobody who is not read any more`, async () => {
      let watched = true;
      let readMs: number | undefined;
      const { book, coordinator, clock, events } = aCoordinator({
        lastAttemptedMs: () => readMs,
        isWatched: () => watched,
      });
      readMs = clock.nowMs() - 1;
      book.learn({ ...PROMOTION, endedMs: clock.nowMs() + apartMs });
      const decide = async () => outcomeOf(await coordinator.consider(verdict, anOffice()));
      assert.equal(await decide(), 'fresh evidence');
      assert.deepEqual(events, ['hurry h3']);
      watched = false;
      assert.equal(await decide(), 'recovered');
      watched = true;
      readMs = clock.nowMs();
      assert.equal(await decide(), 'recovered');
    });

  it('is not asked about by a node that is alone', async () => {
    const { consider } = aCoordinator({ ask: () => assert.fail('nobody is there') });
    assert.equal(outcomeOf(await consider()), 'recovered');
  });
});

describe('a coordinator whose detection scripts take their time', () => {
  it('does nothing where the problem is gone when they have ended', async () => {
    const { consider, book } = aCoordinator({ current: () => undefined });
    assert.equal(outcomeOf(await consider()), 'still there');
    assert.deepEqual(book.list(), []);
  });

  it('judges the cluster as it is by then', async () => {
    const alone = { ...verdict, snapshot: aSnapshot([primary], [PRIMARY_KEY]) };
    const { consider } = aCoordinator({ current: () => alone });
    assert.equal(outcomeOf(await consider()), 'candidate exists');
  });

  it('does not take another problem for one that has lasted', async () => {
    const living = { kind: 'readOnlyPrimary', lastedMs: 60_000 } as const;
    const settings = { ...SETTINGS, holdMs: { readOnlyPrimary: 30_000 } };
    const outcomes = [];
    for (const code of [verdict.code, 'NoWriteableMasterStructureWarning']) {
      const { consider } = aCoordinator({ settings, current: (found) => ({ ...found, ...living, code }) });
      outcomes.push(outcomeOf(await consider()));
    }
    assert.deepEqual(outcomes, ['candidate exists', 'lasted']); // it is writable, so that there is nothing to do
  });

  it('does not what an operator asks for where one of them says no, and holds nothing back afterwards', async () => {
    const detector = partial<CoordinatorDeps['detector']>({ register: async () => false });
    const { coordinator, book } = aCoordinator({ detector, run: () => assert.fail('a script said no') });
    await assert.rejects(coordinator.force(verdict, {}, anOffice()), { code: 'RECOVERY_REFUSED' });
    assert.deepEqual([book.list(), coordinator.isBusy(verdict.snapshot.name)], [[], false]);
  });
});

describe('a coordinator that was elected a moment ago', () => {
  it('has every server of the cluster read before it acts', async () => {
    const { consider, events } = aCoordinator({ electedMs: () => 1 });
    assert.equal(outcomeOf(await consider()), 'polled since elected');
    assert.deepEqual(events, ['read primary', 'read h2']);
  });
});

describe('a coordinator that is deposed', () => {
  it('leaves the recovery open, closes nothing and runs no script', async () => {
    const { consider, coordinator, book, events } = aCoordinator({
      run: async () => {
        assert.ok(coordinator.isRunning('u'));
        throw lost('as the test has it');
      },
    });
    await assert.rejects(consider(), isLost);
    assert.deepEqual(events, []);
    assert.equal(book.openOf(verdict.snapshot.name)?.uid, 'u');
    assert.equal(coordinator.isRunning('u'), false);
    assert.equal(coordinator.isBusy(verdict.snapshot.name), false);
  });

  it('runs no script behind a recovery whose end was not agreed on', async () => {
    const store = { ...WILLING_STORE, closed: () => Promise.reject(lost('as the test has it')) };
    const { consider, book, events } = aCoordinator({ store });
    await assert.rejects(consider(), isLost);
    assert.deepEqual(events, ['closed ']);
    assert.equal(book.openOf(verdict.snapshot.name)?.uid, 'u');
  });

  it('runs none of the scripts behind the one before which it was found out', async () => {
    const { consider, events, due } = aCoordinator({ begins: () => Promise.reject(lost('as the test has it')) });
    await assert.rejects(consider(), isLost);
    assert.deepEqual(due, ['postPrimary', 'postFailover'], 'whoever leads next knows of them');
    assert.ok(!events.includes('scripts done'), events.join());
  });

  it('is refused a claim, and does nothing', async () => {
    const refused = new OrchestratorError('RECOVERY_REFUSED', 'not granted: recovery a of this cluster is open');
    const store = { ...WILLING_STORE, opened: () => Promise.reject(refused) };
    const { consider, book, events } = aCoordinator({ store, run: () => assert.fail('it has no claim') });
    const decision = await consider();
    assert.equal(outcomeOf(decision), 'claim granted');
    assert.deepEqual(events, []);
    assert.deepEqual(book.list(), []);
  });
});

describe('a primary that was made read-only', () => {
  const readOnly: Verdict = {
    ...{ ...verdict, code: 'NoWriteableMasterStructureWarning', kind: 'readOnlyPrimary', lastedMs: 1 },
    snapshot: aSnapshot([anInstance(1, { key: PRIMARY_KEY }), replicating], []),
  };
  const successor = { ...readOnly.snapshot.members[1]!.instance.key };

  it('takes writes again when nothing speaks against it, and nobody else is asked', async () => {
    const { coordinator } = withOthers(['writable']);
    assert.equal(outcomeOf(await coordinator.consider(readOnly, anOffice())), 'recovered');
  });

  for (const [title, more] of [
    [
      'somebody who was lost while he was made writable is waited for',
      { isWatched: (key: unknown) => isDeepStrictEqual(key, successor) },
    ],
    ['it is waited for itself', { isWatched: (key: unknown) => isDeepStrictEqual(key, PRIMARY_KEY) }],
  ] as const)
    it(`stays so where ${title}`, async () => {
      const { coordinator } = aCoordinator({ fences: partial<CoordinatorDeps['fences']>(more) });
      assert.equal(outcomeOf(await coordinator.consider(readOnly, anOffice())), 'not replaced');
    });

  it('stays so where somebody took its place', async () => {
    const { coordinator, book } = aCoordinator();
    const past = {
      uid: 'r',
      kind: 'primary',
      code: 'DeadMaster',
      failed: PRIMARY_KEY,
      successor,
      successful: true,
    } as const;
    book.learn({
      ...past,
      cluster: 'c',
      alias: '',
      startedMs: 0,
      endedMs: 1,
      lost: [],
      participants: [],
      errors: [],
      harmless: false,
    });
    assert.equal(outcomeOf(await coordinator.consider(readOnly, anOffice())), 'not replaced');
  });
});

describe('a setting of recoveries', () => {
  const twice = { evidence: () => ({ failures: 2, firstFailureMs: 9_500, refused: false }) };
  const undecided = aReplica(2, `${uuid(1)}:1-9`, '', { replication: { receiver: 'other', receiverErrno: 0 } });
  const asked = { reconnectAskedMs: () => 9_800 };
  for (const [title, settings, deps, outcome] of [
    ['failed reads that confirm', { confirmFailures: 2 }, twice, 'recovered'],
    ['one more of them', { confirmFailures: 3 }, twice, 'confirmed'],
    ['no grace', { graceMs: 0 }, twice, 'recovered'],
    ['a grace that is not over', { graceMs: 501 }, twice, 'grace over'],
    ['a grace that is over', { graceMs: 500 }, twice, 'recovered'],
    ['nobody has to have missed it', { confirmations: 0 }, {}, 'recovered'],
    ['one has to, and cannot tell', { confirmations: 1 }, {}, 'second opinion'],
    ['replicas settle at once', { reconnectSettleMs: 0 }, asked, 'recovered'],
    ['replicas need longer to settle', { reconnectSettleMs: 500 }, asked, 'replicas had their say'],
  ] as readonly (readonly [string, Partial<CoordinatorDeps['settings']>, Partial<CoordinatorDeps>, string])[])
    it(`${title}: ${outcome}`, async () => {
      const { coordinator } = withOthers(['cannotTell'], { settings: { ...SETTINGS, ...settings }, ...deps });
      const read = { ...aSnapshot([primary, undecided], [PRIMARY_KEY]) };
      const members = read.members.map((member) => ({ ...member, lastSeenMs: 10_000 }));
      const decision = await coordinator.consider({ ...verdict, snapshot: { ...read, members } }, anOffice());
      assert.equal(outcomeOf(decision), outcome);
    });

  for (const [retryMs, outcome] of [
    [0, 'recovered'],
    [4_000, 'recovered'],
    [4_001, 'not just failed'],
  ] as const)
    it(`one that failed harmlessly is tried again after ${retryMs} ms: ${outcome} 4 s later`, async () => {
      const run: RecoveryAttempt['run'] = async (record) => ({
        record: { ...record, harmless: true },
        attempted: true,
      });
      const { consider, clock } = aCoordinator({ run, settings: { ...SETTINGS, retryMs } });
      await consider();
      await clock.advance(4_000);
      assert.equal(outcomeOf(await consider()), outcome);
    });

  for (const apartMs of [-3_600_000, 3_600_000])
    it(`one that failed harmlessly is tried again where the clock of who tried was ${apartMs} ms apart`, async () => {
      const { consider, clock, book } = aCoordinator({ settings: { ...SETTINGS, retryMs: 4_000 } });
      const { successor: _, ...tried } = PROMOTION;
      const endedMs = clock.nowMs() + apartMs;
      book.learn({ ...tried, cluster: verdict.snapshot.name, failed: PRIMARY_KEY, successful: false, endedMs });
      await clock.advance(4_000);
      assert.equal(outcomeOf(await consider()), 'recovered');
    });
});
