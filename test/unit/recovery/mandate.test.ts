import assert from 'node:assert/strict';
import { type ForceOptions, RecoveryAttempt } from '../../../internal/recovery/attempt.ts';
import type { RecoveryRecord } from '../../../internal/recovery/book.ts';
import { FenceKeeper } from '../../../internal/recovery/fence.ts';
import { isLost, lost } from '../../../internal/recovery/mandate.ts';
import type { Servers } from '../../../internal/recovery/ports.ts';
import { RecoveryRunner } from '../../../internal/recovery/runner.ts';
import type { Verdict } from '../../../internal/recovery/verdict.ts';
import { systemClock } from '../../../internal/runtime/clock.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import { aSnapshot, PLAN_OPTIONS } from '../../support/a-cluster.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { FakeServers, type Saboteur } from '../../support/fake-servers.ts';
import { anOffice } from '../../support/office.ts';
import { partial } from '../../support/partial.ts';
import { anInstance, aReplica, mysqlGtid, PRIMARY_KEY, uuid } from '../topology/builders.ts';

const primary = anInstance(1, {
  key: PRIMARY_KEY,
  readOnly: false,
  superReadOnly: false,
  gtid: mysqlGtid(`${uuid(1)}:1-9`),
});
const replicas = [aReplica(2, `${uuid(1)}:1-9`), aReplica(3, `${uuid(1)}:1-8`), aReplica(4, `${uuid(1)}:1-8`)];
const opened: RecoveryRecord = {
  ...{ uid: 'u', kind: 'primary', code: 'DeadMaster', failed: PRIMARY_KEY, cluster: 'primary:3306', alias: '' },
  ...{ startedMs: 0, successful: false, lost: [], participants: [], errors: [], harmless: true },
};

interface Course {
  /** What was asked of the others, or done to a server, in order. */
  readonly events: readonly string[];
  readonly outcome: 'promoted' | 'failed' | 'lost';
}

/** One recovery in which the mandate is lost at the question with this number. */
async function recover(lostAt: number, saboteur: Saboteur, options: ForceOptions): Promise<Course> {
  const servers = new FakeServers([primary, ...replicas], saboteur);
  const alive = options.primaryAnswers === true;
  if (!alive) servers.kill(PRIMARY_KEY);
  const events: string[] = [];
  let asked = 0;
  const ask = async (question: string) => {
    events.push(...servers.acts.splice(0), `? ${question}`);
    asked += 1;
    if (asked > lostAt) throw lost('as the test has it');
  };
  const office = { ...anOffice(), confirm: () => ask('confirm') };
  const keeper = new FenceKeeper({
    servers: partial<Servers>({
      ...servers,
      fenceReady: () => servers.fenceReady(),
      fence: () => Promise.reject(new Error('down')),
    }),
    clock: systemClock,
    log: silentLog,
    office: () => ({ ...office, confirm: async () => undefined }),
    settings: { attemptMs: 100, retryMs: 10_000 },
    onFenced: () => undefined,
  });
  const runner = new RecoveryRunner({
    servers,
    clock: systemClock,
    log: silentLog,
    journal: {
      stepStarted: (_uid, _number, text) => ask(text),
      stepEnded: async () => undefined,
      note: async () => undefined,
    },
    settings: {
      ...{ probeTimeoutMs: 1000, stepTimeoutMs: 1000, stepMaxMs: 2000 },
      ...{ promoteOnDrainTimeout: false, attachLimitMs: 100, attachPollMs: 1 },
    },
  });
  const attempt = new RecoveryAttempt({
    runner,
    fences: keeper,
    standstill: {
      ...{ servers, clock: systemClock, log: silentLog },
      take: (uid, step, mandate) => runner.take(uid, step, mandate),
      settings: { probeTimeoutMs: 1000, stepTimeoutMs: 1000 },
    },
    settings: { fenceReplacedPrimary: true, maxRounds: 2, catchUpMs: 1000, plan: PLAN_OPTIONS },
    preFailoverHooks: async (_record, _verdict, mandate) => mandate.confirm().then(() => true),
    isCurrent: () => true,
    answers: () => alive,
    note: () => undefined,
    storeFence: () => ask('intend fence'),
    dropFence: () => ask('drop fence'),
  });
  const snapshot = aSnapshot([primary, ...replicas], alive ? [] : [PRIMARY_KEY]);
  const verdict: Verdict = {
    ...{ code: 'DeadMaster', description: '', kind: 'primary', key: PRIMARY_KEY, snapshot },
    ...{ suppressedBy: undefined, command: '' },
  };
  const outcome = await attempt.run(opened, verdict, options, office).then(
    ({ record }) => (record.successful ? ('promoted' as const) : ('failed' as const)),
    (err: unknown) => {
      if (!isLost(err)) throw err;
      return 'lost' as const;
    },
  );
  await new Promise(setImmediate);
  events.push(...servers.acts);
  await office.tasks.stop();
  return { events, outcome };
}

const refuse =
  (acts: RegExp): Saboteur =>
  (act) => {
    if (acts.test(act)) throw new Error('refused');
  };

describe('a recovery whose leader is deposed', () => {
  for (const [title, saboteur, options, outcome] of [
    ['on its way to a successor', () => undefined, {}, 'promoted'],
    ['while it gives up and puts things back', refuse(/ drain$/), {}, 'failed'],
    ['while a primary that answers is replaced', () => undefined, { primaryAnswers: true }, 'promoted'],
    ['while a primary that answers gets its place back', refuse(/^h. drain$/), { primaryAnswers: true }, 'failed'],
  ] as readonly (readonly [string, Saboteur, ForceOptions, Course['outcome']])[]) {
    it(`stops at the next step and touches nothing after it, ${title}`, async () => {
      const whole = await recover(Number.POSITIVE_INFINITY, saboteur, options);
      assert.equal(whole.outcome, outcome);
      const questions = whole.events.filter((event) => event.startsWith('?')).length;
      assert.ok(questions >= 5, whole.events.join('\n'));
      for (let lostAt = 0; lostAt < questions; lostAt += 1) {
        const cut = await recover(lostAt, saboteur, options);
        assert.equal(cut.outcome, 'lost', `lost at question ${lostAt}`);
        const first = nth(cut.events, lostAt);
        const alongside = grantedWith(cut.events, first);
        const late = cut.events.slice(first).filter((event) => !event.startsWith('?'));
        const ours = late.filter((act) => !alongside.some((question) => question.includes(act.split(' ')[0] ?? '')));
        assert.deepEqual(ours, [], `after ${cut.events[first]} was refused:\n${cut.events.join('\n')}`);
        assert.deepEqual(cut.events.slice(0, first), whole.events.slice(0, first));
      }
    });
  }

  it('has every change of a server behind a question', async () => {
    const { events } = await recover(Number.POSITIVE_INFINITY, () => undefined, {});
    assert.ok(events[0]?.startsWith('?'), events.join('\n'));
    for (const change of ['setReadOnly false', 'pointTo', 'forgetSource']) {
      const at = events.findIndex((event) => event.includes(change));
      assert.ok(at > 0, `${change} in ${events.join('\n')}`);
    }
  });
});

/** Where the question with this number stands. */
function nth(events: readonly string[], number: number): number {
  let left = number;
  return events.findIndex((event) => event.startsWith('?') && left-- === 0);
}

/** What goes together is asked for together: what was granted to one step is done, whatever the others were told. */
function grantedWith(events: readonly string[], refused: number): readonly string[] {
  const before = events.slice(0, refused).findLastIndex((event) => !event.startsWith('?'));
  return events
    .slice(before + 1, refused)
    .filter((event) => event.startsWith('? forget') || event.startsWith('? attach'));
}

describe('the door of a replaced primary', () => {
  it('is left alone while nobody says that this node leads, and tried when it is said again', async () => {
    const clock = new FakeClock();
    const servers = new FakeServers([primary]);
    let leads = false;
    const office = anOffice(() => leads);
    const fenced: string[] = [];
    const keeper = new FenceKeeper({
      servers,
      clock,
      log: silentLog,
      office: () => office,
      settings: { attemptMs: 100, retryMs: 10 },
      onFenced: ({ hostname }) => fenced.push(hostname),
    });
    keeper.watch(PRIMARY_KEY);
    await clock.advance(100);
    assert.deepEqual(servers.acts, []);
    leads = true;
    await clock.advance(10);
    assert.deepEqual(servers.acts, ['primary setReadOnly true']);
    assert.deepEqual(fenced, ['primary']);
    await office.tasks.stop();
  });

  for (const attemptMs of [100, 700])
    it(`is tried for ${attemptMs} ms at a time`, async () => {
      const limits: number[] = [];
      const office = anOffice();
      const keeper = new FenceKeeper({
        servers: Object.assign(new FakeServers([primary]), {
          fence: async (_key: unknown, ms: number) => void limits.push(ms),
        }),
        ...{ clock: new FakeClock(), log: silentLog, office: () => office },
        settings: { attemptMs, retryMs: 10 },
        onFenced: () => undefined,
      });
      keeper.watch(PRIMARY_KEY);
      await new Promise(setImmediate);
      assert.deepEqual(limits, [attemptMs]);
      await office.tasks.stop();
    });
});
