import assert from 'node:assert/strict';
import type { RecoveryAttempt } from '../../../internal/recovery/attempt.ts';
import { RecoveryBook, type RecoveryRecord } from '../../../internal/recovery/book.ts';
import { type CoordinatorDeps, type Decision, RecoveryCoordinator } from '../../../internal/recovery/coordinator.ts';
import { isLost, lost } from '../../../internal/recovery/mandate.ts';
import type { Opinion } from '../../../internal/recovery/second-opinion.ts';
import type { Verdict } from '../../../internal/recovery/verdict.ts';
import { OrchestratorError } from '../../../internal/runtime/errors.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import { aSnapshot, PLAN_OPTIONS } from '../../support/a-cluster.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { anOffice, WILLING_STORE } from '../../support/office.ts';
import { anInstance, aReplica, mysqlGtid, PRIMARY_KEY, uuid } from '../topology/builders.ts';

const primary = anInstance(1, { key: PRIMARY_KEY, readOnly: false, gtid: mysqlGtid(`${uuid(1)}:1-9`) });
const verdict: Verdict = {
  ...{ code: 'DeadMaster', description: '', kind: 'primary', key: PRIMARY_KEY, suppressedBy: undefined, command: '' },
  snapshot: aSnapshot([primary, aReplica(2, `${uuid(1)}:1-9`)], [PRIMARY_KEY]),
};
const POLL_MS = 1_000;
const success = async (record: RecoveryRecord) => ({ record: { ...record, successful: true }, attempted: true });

/** A coordinator that nothing stands in the way of; what it does is written down. */
function aCoordinator(
  more: Partial<CoordinatorDeps> & { run?: RecoveryAttempt['run']; store?: typeof WILLING_STORE } = {},
) {
  const { run = success, store = WILLING_STORE, ...deps } = more;
  const clock = new FakeClock(10_000);
  const events: string[] = [];
  const office = anOffice();
  const book = new RecoveryBook(
    {
      ...store,
      closed: async (record) => {
        events.push(`closed ${record.errors.join()}`);
        await store.closed(record);
      },
    },
    () => ({ blockMs: 60_000 }),
  );
  const coordinator = new RecoveryCoordinator({
    attempt: { run } as unknown as RecoveryAttempt,
    detector: { register: async () => true } as unknown as CoordinatorDeps['detector'],
    book,
    fences: { isWatched: () => false } as unknown as CoordinatorDeps['fences'],
    clock,
    log: silentLog,
    settings: {
      ...{ primaryFilters: ['*'], intermediateFilters: ['*'], confirmFailures: 1, graceMs: 0, retryMs: 0 },
      ...{ reconnectSettleMs: 0, noop: false, confirmations: 0, vetoMs: POLL_MS },
      attempt: { fenceReplacedPrimary: true, maxRounds: 1, catchUpMs: 1, plan: PLAN_OPTIONS },
    },
    newUid: () => 'u',
    evidence: () => ({ failures: 1, firstFailureMs: 0, refused: true }),
    isWatched: () => true,
    globallyDisabled: () => false,
    reconnectAskedMs: () => 0,
    hooks: async (list) => {
      events.push(list);
      return true;
    },
    note: (_uid, message) => events.push(message),
    audit: () => undefined,
    onChanged: () => undefined,
    blocked: () => undefined,
    electedMs: () => 0,
    others: () => ({ kind: 'off', why: 'no other nodes' }),
    ask: async () => [],
    suspect: ({ hostname }) => void events.push(`read ${hostname}`),
    ...deps,
  });
  const consider = () => coordinator.consider(verdict, office);
  return { coordinator, book, clock, events, consider };
}

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

  it('is not asked about by a node that is alone', async () => {
    const { consider } = aCoordinator({ ask: () => assert.fail('nobody is there') });
    assert.equal(outcomeOf(await consider()), 'recovered');
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
    const { consider } = aCoordinator({ hooks: () => Promise.reject(lost('as the test has it')) });
    await assert.rejects(consider(), isLost);
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
