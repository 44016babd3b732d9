import assert from 'node:assert/strict';
import { RecoveryBook, type RecoveryRecord, type RecoveryStore } from '../../../internal/recovery/book.ts';
import { FenceKeeper } from '../../../internal/recovery/fence.ts';
import { lost } from '../../../internal/recovery/mandate.ts';
import type { FailoverPlan, Step } from '../../../internal/recovery/plan.ts';
import { resumeRecovery } from '../../../internal/recovery/resume.ts';
import { RecoveryRunner } from '../../../internal/recovery/runner.ts';
import { type Clock, systemClock } from '../../../internal/runtime/clock.ts';
import { OrchestratorError } from '../../../internal/runtime/errors.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import type { Instance } from '../../../internal/topology/instance.ts';
import { sourceKey } from '../../../internal/topology/instance.ts';
import { sameKey } from '../../../internal/topology/instance-key.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { FakeServers, type Saboteur } from '../../support/fake-servers.ts';
import { anOffice, WILLING_STORE } from '../../support/office.ts';
import { anInstance, aReplica, aReplication, mysqlGtid, PRIMARY_KEY, uuid } from '../topology/builders.ts';

const key = (n: number) => ({ hostname: `h${n}`, port: 3306 });
const open: RecoveryRecord = {
  uid: 'u',
  kind: 'primary',
  code: 'DeadMaster',
  failed: PRIMARY_KEY,
  cluster: 'primary:3306',
  alias: '',
  startedMs: 0,
  successful: false,
  lost: [],
  participants: [],
  errors: [],
  harmless: true,
};
const plan: Extract<FailoverPlan, { kind: 'promote' }> = {
  kind: 'promote',
  cluster: 'primary:3306',
  failed: PRIMARY_KEY,
  successor: key(2),
  why: [],
  steps: [
    { kind: 'fence', target: PRIMARY_KEY, mustSucceed: false },
    { kind: 'drain', target: key(2), limitMs: 1000 },
    { kind: 'promote', target: key(2), semiSync: false },
    { kind: 'forget', target: key(2) },
    { kind: 'attach', target: key(3), source: key(2) },
    { kind: 'detach', target: key(4) },
  ],
  lost: [{ key: key(4), reason: 'diverged', reachable: true }],
  atRisk: '',
};

const LIMIT_MS = 20_000;

const frozen = (n: number) =>
  aReplica(n, `${uuid(1)}:1-9`, '', { replication: { receiver: 'stopped', applier: 'running' } });
const writable = (n: number) => ({ ...frozen(n), readOnly: false, superReadOnly: false });

interface Circumstances {
  /** The plan is known. */
  readonly noted?: boolean;
  /** The old primary answers, and is read-only. */
  readonly alive?: boolean;
  /** Of the group; 0: the node is alone. */
  readonly term?: number;
  readonly saboteur?: Saboteur;
  readonly clock?: Clock;
  readonly store?: RecoveryStore;
  readonly kind?: RecoveryRecord['kind'];
  readonly steps?: typeof plan.steps;
  readonly startedMs?: number;
  /** Why the wish to fence the old primary cannot be taken back. */
  readonly fenceStays?: string;
}

async function resume(replicas: readonly Instance[], steps: readonly string[], more: Circumstances = {}) {
  const left = { ...open, kind: more.kind ?? open.kind, startedMs: more.startedMs ?? open.startedMs };
  const { noted = true, alive = false, term = 0, saboteur, clock = systemClock, store = WILLING_STORE } = more;
  const primary = anInstance(1, { key: PRIMARY_KEY, readOnly: alive, superReadOnly: alive });
  const servers = new FakeServers([primary, ...replicas], saboteur);
  if (!alive) servers.kill(PRIMARY_KEY);
  const office = { ...anOffice(), term };
  const scripts: string[] = [];
  const base = { servers, clock, log: silentLog };
  const fences = new FenceKeeper({
    ...base,
    office: () => office,
    settings: { attemptMs: 100, retryMs: 10_000 },
    onFenced: () => undefined,
  });
  if (!alive) fences.watch(PRIMARY_KEY);
  const journal: string[] = [];
  const runner = new RecoveryRunner({
    ...base,
    settings: {
      probeTimeoutMs: 1000,
      stepTimeoutMs: 1000,
      stepMaxMs: 2000,
      promoteOnDrainTimeout: false,
      attachLimitMs: 100,
      attachPollMs: 1,
    },
    journal: {
      stepStarted: async (_uid, number, text) => void journal.push(`${number} ${text}`),
      stepEnded: async () => undefined,
      note: async () => undefined,
    },
  });
  const book = new RecoveryBook(store, () => ({ blockMs: 3_600_000 }), clock, [left]);
  let intents = 1;
  const audit: string[] = [];
  await resumeRecovery(
    left,
    {
      ...base,
      runner,
      standstill: {
        ...base,
        take: (uid, step, mandate) => runner.take(uid, step, mandate),
        settings: { probeTimeoutMs: 1000, stepTimeoutMs: 1000 },
      },
      audit: (_record, message) => void audit.push(message),
      book,
      fences,
      probeTimeoutMs: 1000,
      stepTimeoutMs: 1000,
      limitOf: () => LIMIT_MS,
      scripts: async ({ successor }) => void scripts.push(`${successor?.hostname} leads`),
      retryMs: 1,
      journalled: async () => steps,
      planOf: async () => (noted ? { ...plan, steps: more.steps ?? plan.steps } : undefined),
      surveyed: async () => undefined,
      replicasOf: (source) =>
        replicas.filter((one) => sameKey(sourceKey(servers.get(one.key)), source)).map((one) => one.key),
      dropFence: async () => {
        if (more.fenceStays !== undefined) throw new Error(more.fenceStays);
        intents -= 1;
      },
      onResumed: () => undefined,
    },
    office,
  ).catch(async (err: unknown) => {
    await office.tasks.stop();
    throw err;
  });
  const watched = fences.isWatched(PRIMARY_KEY);
  await office.tasks.stop();
  const [record] = book.list();
  assert.ok(record);
  return { record, servers, journal, intents, watched, scripts, audit };
}

const before = ['freeze h2:3306 h3:3306 h4:3306', 'fence primary:3306', 'drain h2:3306'];
const during = [...before, 'promote h2:3306'];
const follows = (servers: FakeServers, n: number) => {
  const { replication } = servers.get(key(n));
  return `${replication?.source.hostname} ${replication?.receiver}`;
};

describe('a recovery that a stopped process left open', () => {
  it('is finished as planned where the promotion took effect', async () => {
    const { record, servers, journal, watched } = await resume([writable(2), frozen(3), frozen(4)], during);
    assert.equal(record.successful, true);
    assert.equal(record.successor?.hostname, 'h2');
    assert.equal(servers.get(key(2)).replication, undefined);
    assert.equal(follows(servers, 3), 'h2 running');
    assert.equal(follows(servers, 4), '//primary stopped', 'the diverged one is kept aside, as planned');
    assert.deepEqual(
      record.lost.map((lost) => lost.key.hostname),
      ['h4'],
    );
    assert.deepEqual(journal, ['4 forget h2:3306', '5 attach h3:3306 to h2:3306', '6 detach h4:3306']);
    assert.equal(watched, true, 'the old primary is still waited for');
  });

  it('is let go without an act where it only set a living primary right', async () => {
    const steps = ['semiSyncReplica h2:3306 on', 'acknowledged primary:3306 by 1'];
    const { record, servers, intents } = await resume([frozen(2), frozen(3)], steps, {
      ...{ kind: 'lockedSemiSync', alive: true, term: 2 },
    });
    assert.deepEqual([record.successful, record.harmless, record.endedMs !== undefined], [false, true, true]);
    assert.deepEqual(
      servers.acts.filter((act) => !act.endsWith('expel')),
      [],
      'who had stopped replicating stays so',
    );
    assert.ok(servers.acts.includes('primary expel'), 'nothing of the former leader goes on there');
    assert.equal(intents, 1);
  });

  it('has the old primary of a takeover follow the new one', async () => {
    const demote = { kind: 'demote', target: PRIMARY_KEY, source: key(2), start: true } as const;
    const steps = plan.steps.flatMap((step): readonly Step[] => (step.kind === 'promote' ? [step, demote] : [step]));
    const { record, servers, journal } = await resume(
      [writable(2), frozen(3), frozen(4)],
      ['quiesce primary:3306', ...during],
      {
        ...{ alive: true, term: 2, steps },
      },
    );
    assert.deepEqual([record.successful, record.errors], [true, []]);
    assert.match(journal[0] ?? '', /demote primary:3306 below h2:3306$/);
    assert.ok(servers.acts.includes('primary startReplication'));
  });

  it('has replicas by file and position go on at the place that was written down, and sets them aside where none was', async () => {
    const at = (position: number) => ({ file: 'binlog.000001', position });
    const byPosition = (n: number): Instance => {
      const replication = aReplication({ gtid: 'none', read: at(900), executed: at(900) });
      return anInstance(n, { gtid: mysqlGtid('', { mode: 'OFF' }), replication });
    };
    const attach = { kind: 'attach', target: key(3), source: key(2), by: ['position'], otherwise: 'detach' } as const;
    const steps = plan.steps.map((step): Step => (step.kind === 'attach' ? { ...attach, limitMs: 100 } : step));
    const located = `locate h2:3306: log of primary:3306 (${uuid(1)}) ends at binlog.000001:900, here at binlog.000001:7`;
    const begun = [...before, located, 'promote h2:3306'];
    const leader = { ...byPosition(2), readOnly: false };
    const { servers, record } = await resume([leader, byPosition(3), byPosition(4)], begun, { steps });
    assert.ok(servers.acts.includes('h3 pointTo h2 at binlog.000001:7'));
    assert.deepEqual(record.errors, []);
    const without = await resume([leader, byPosition(3), byPosition(4)], during, { steps });
    assert.equal(follows(without.servers, 3), '//primary stopped');
    assert.match(without.record.errors.join(), /where the log of its next source stood is not known/);
  });

  it('is finished without its plan by attaching everyone', async () => {
    const { record, servers } = await resume([writable(2), frozen(3), frozen(4)], during, {
      noted: false,
    });
    assert.equal(record.successful, true);
    assert.equal(follows(servers, 3), 'h2 running');
    assert.equal(follows(servers, 4), 'h2 running');
  });

  it('is let go where the promotion had begun and had no effect', async () => {
    const { record, servers, intents, watched } = await resume([frozen(2), frozen(3), frozen(4)], during);
    assert.equal(record.successful, false);
    assert.equal(record.acknowledged?.comment, 'detected crashed recovery');
    for (const n of [2, 3, 4]) assert.equal(follows(servers, n), 'primary running');
    assert.equal(intents, 0);
    assert.equal(watched, false);
  });

  it('is let go although the fence cannot be taken back: no replica stays stopped for that', async () => {
    const { record, servers } = await resume([frozen(2), frozen(3)], during, { fenceStays: 'as the test has it' });
    for (const n of [2, 3]) assert.equal(follows(servers, n), 'primary running');
    assert.match(record.errors.join(), /primary:3306 may be made read-only .*: as the test has it/);
  });

  it('leaves whoever an earlier round may have made writable stopped, and says so', async () => {
    const rounds = [...before, 'promote h3:3306', 'promote h4:3306', 'promote h2:3306'];
    const { record, servers } = await resume([frozen(2), writable(3), frozen(4)], rounds);
    assert.deepEqual(
      [2, 3, 4].map((n) => follows(servers, n)),
      ['primary running', 'primary stopped', 'primary running'],
    );
    assert.ok(record.errors.some((text) => text.startsWith('h3:3306: replication was left stopped')));
  });

  it('is let go without an act where another product never closed it', async () => {
    const { record, servers } = await resume([frozen(2), frozen(3)], [], { noted: false });
    assert.deepEqual([record.successful, record.endedMs !== undefined], [false, true]);
    assert.deepEqual(servers.acts, [], 'who had stopped replicating stays so');
  });

  it('has whoever it may have stopped replicate where the backend did not take its steps', async () => {
    const { servers } = await resume([frozen(2)], [], { noted: false, startedMs: systemClock.nowMs() });
    assert.equal(follows(servers, 2), 'primary running');
  });

  it('is let go before the promotion, along with a server that was being fed', async () => {
    const fed = aReplica(3, `${uuid(1)}:1-9`, '', {
      replication: { source: key(2), receiver: 'stopped', applier: 'running' },
    });
    const { record, servers } = await resume([frozen(2), fed, frozen(4)], [...before, 'feed h3:3306 from h2:3306']);
    assert.equal(record.successful, false);
    assert.equal(follows(servers, 2), 'primary running');
    assert.equal(follows(servers, 3), 'h2 running');
  });
});

describe('a planned takeover that a stopped process left open', () => {
  const begun = ['quiesce primary:3306'];
  const primaryOf = (servers: FakeServers) => servers.get(PRIMARY_KEY);

  it('is undone before the promotion: the old primary takes writes again', async () => {
    const steps = [...begun, ...before];
    const { record, servers, journal, audit } = await resume([frozen(2), frozen(3)], steps, { alive: true });
    assert.equal(record.successful, false);
    assert.equal(primaryOf(servers).readOnly, false);
    assert.deepEqual(journal, ['4 reopen primary:3306']);
    assert.match(audit.join(), /^let go: .*primary:3306, which was read-only for it, takes writes again$/);
    assert.equal(follows(servers, 2), 'primary running');
  });

  it('is finished where the promotion took effect: the old primary stays read-only', async () => {
    const steps = [...begun, ...during];
    const { record, servers, audit } = await resume([writable(2), frozen(3)], steps, { alive: true });
    assert.equal(record.successful, true);
    assert.equal(primaryOf(servers).readOnly, true);
    assert.deepEqual(audit, ['finished: h2:3306 leads; lost h4:3306: diverged']);
  });

  it('leaves the old primary read-only where another server takes writes', async () => {
    const { servers, record } = await resume([writable(2), frozen(3)], [...begun, ...before], { alive: true });
    assert.equal(primaryOf(servers).readOnly, true);
    assert.match(record.errors.join(), /primary:3306 was left read-only: h2:3306 takes writes/);
  });

  it('is closed also where the old primary has died meanwhile', async () => {
    const { record } = await resume([frozen(2), frozen(3)], [...begun, ...before]);
    assert.match(record.errors.join(), /primary:3306 was left read-only: /);
    assert.equal(record.harmless, true, 'an automatic recovery may follow');
  });

  it('ends the session of the former leader on the old primary as well: its statement may still wait there', async () => {
    const { servers } = await resume([frozen(2), frozen(3)], begun, { alive: true, term: 7 });
    assert.equal(servers.acts[0], 'primary expel');
    assert.equal(primaryOf(servers).readOnly, false);
  });
});

describe('a recovery that a deposed leader left open', () => {
  const leading = [writable(2), frozen(3), frozen(4)];

  it('is not touched before its sessions are ended wherever it may be at work', async () => {
    const { servers, record, scripts } = await resume(leading, during, { term: 7 });
    assert.deepEqual(servers.acts.slice(0, 3), ['h2 expel', 'h3 expel', 'h4 expel']);
    assert.equal(servers.acts.filter((act) => act.endsWith('expel')).length, 3, 'the dead one has no sessions');
    assert.equal(record.successful, true);
    assert.deepEqual(scripts, ['h2 leads'], 'nobody else will run them');
  });

  it('is taken from nobody where a node is alone', async () => {
    const { servers, scripts } = await resume(leading, during);
    assert.equal(servers.acts.filter((act) => act.endsWith('expel')).length, 0);
    assert.deepEqual(scripts, ['h2 leads']);
  });

  it('waits until its last step has ended where its session could not be', async () => {
    const clock = new FakeClock();
    let over = false;
    const saboteur: Saboteur = (act) => {
      if (act === 'h3 expel') throw new Error('no answer');
    };
    const resumed = resume(leading, during, { term: 7, clock, saboteur }).finally(() => {
      over = true;
    });
    await clock.advance(LIMIT_MS - 1);
    assert.equal(over, false);
    await clock.advance(1_000);
    assert.equal((await resumed).record.successful, true);
  });

  it('does not wait for a server that is dead', async () => {
    const saboteur: Saboteur = (act) => {
      if (act === 'h4 expel') throw new OrchestratorError('CONNECT_FAILED', 'x', { context: { refused: true } });
    };
    const { record } = await resume(leading, during, { term: 7, saboteur, clock: new FakeClock() });
    assert.equal(record.successful, true);
  });

  it('is closed as failed, for a person to look at, where another server leads than it says', async () => {
    const stray = { ...frozen(3), readOnly: false, superReadOnly: false, replication: undefined };
    const { record, servers, scripts } = await resume([frozen(2), stray, frozen(4)], before, { term: 7 });
    assert.equal(record.successful, false);
    assert.equal(record.acknowledged, undefined);
    assert.equal(record.harmless, false, 'nothing automatic follows');
    assert.match(record.errors.join(), /h3:3306 takes writes and follows nobody/);
    assert.deepEqual(servers.acts, ['h2 expel', 'h3 expel', 'h4 expel']);
    assert.deepEqual(scripts, []);
  });

  for (const [title, err, code] of [
    ['is left to whoever has it already', new OrchestratorError('RECOVERY_REFUSED', 'x'), 'RECOVERY_REFUSED'],
    ['is left by one that is deposed too', lost('as the test has it'), 'NOT_LEADER'],
  ] as const) {
    it(title, async () => {
      const acts: string[] = [];
      const store = { ...WILLING_STORE, opened: () => Promise.reject(err) };
      const saboteur: Saboteur = (act) => void acts.push(act);
      await assert.rejects(
        resume(leading, during, { term: 7, store, saboteur }),
        (thrown: unknown) => thrown instanceof OrchestratorError && thrown.code === code,
      );
      assert.deepEqual(
        acts.filter((act) => !act.startsWith('primary')), // at its door somebody waits already
        [],
      );
    });
  }
});
