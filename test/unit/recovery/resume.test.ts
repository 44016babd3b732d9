import assert from 'node:assert/strict';
import { RecoveryBook, type RecoveryRecord, type RecoveryStore } from '../../../internal/recovery/book.ts';
import { FenceKeeper } from '../../../internal/recovery/fence.ts';
import { lost } from '../../../internal/recovery/mandate.ts';
import type { FailoverPlan } from '../../../internal/recovery/plan.ts';
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
import { anInstance, aReplica, PRIMARY_KEY, uuid } from '../topology/builders.ts';

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
  /** Of the group; 0: the node is alone. */
  readonly term?: number;
  readonly saboteur?: Saboteur;
  readonly clock?: Clock;
  readonly store?: RecoveryStore;
}

async function resume(replicas: readonly Instance[], steps: readonly string[], more: Circumstances = {}) {
  const { noted = true, term = 0, saboteur, clock = systemClock, store = WILLING_STORE } = more;
  const servers = new FakeServers([anInstance(1, { key: PRIMARY_KEY }), ...replicas], saboteur);
  servers.kill(PRIMARY_KEY);
  const office = { ...anOffice(), term };
  const scripts: string[] = [];
  const base = { servers, clock, log: silentLog };
  const fences = new FenceKeeper({
    ...base,
    office: () => office,
    settings: { attemptMs: 100, retryMs: 10_000 },
    onFenced: () => undefined,
  });
  fences.watch(PRIMARY_KEY);
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
  const book = new RecoveryBook(store, () => ({ blockMs: 3_600_000 }), [open]);
  let intents = 1;
  await resumeRecovery(
    open,
    {
      ...base,
      runner,
      book,
      fences,
      probeTimeoutMs: 1000,
      stepTimeoutMs: 1000,
      limitOf: () => LIMIT_MS,
      scripts: async ({ successor }) => void scripts.push(`${successor?.hostname} leads`),
      retryMs: 1,
      journalled: async () => steps,
      planOf: async () => (noted ? plan : undefined),
      surveyed: async () => undefined,
      replicasOf: (source) =>
        replicas.filter((one) => sameKey(sourceKey(servers.get(one.key)), source)).map((one) => one.key),
      fenceDropped: async () => {
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
  return { record, servers, journal, intents, watched, scripts };
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

describe('a recovery that a deposed leader left open', () => {
  const leading = [writable(2), frozen(3), frozen(4)];

  it('is not touched before its sessions are ended wherever it may be at work', async () => {
    const { servers, record, scripts } = await resume(leading, during, { term: 7 });
    assert.deepEqual(servers.acts.slice(0, 3), ['h2 expel', 'h3 expel', 'h4 expel']);
    assert.equal(servers.acts.filter((act) => act.endsWith('expel')).length, 3, 'the dead one has no sessions');
    assert.equal(record.successful, true);
    assert.deepEqual(scripts, ['h2 leads'], 'nobody else will run them');
  });

  it('is neither taken from anybody nor followed by scripts where a node is alone', async () => {
    const { servers, scripts } = await resume(leading, during);
    assert.equal(servers.acts.filter((act) => act.endsWith('expel')).length, 0);
    assert.deepEqual(scripts, []);
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
