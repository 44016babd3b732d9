import assert from 'node:assert/strict';
import { RecoveryBook, type RecoveryRecord } from '../../../internal/recovery/book.ts';
import { FenceKeeper } from '../../../internal/recovery/fence.ts';
import type { FailoverPlan } from '../../../internal/recovery/plan.ts';
import { resumeRecovery } from '../../../internal/recovery/resume.ts';
import { RecoveryRunner } from '../../../internal/recovery/runner.ts';
import { systemClock } from '../../../internal/runtime/clock.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import type { Instance } from '../../../internal/topology/instance.ts';
import { sourceKey } from '../../../internal/topology/instance.ts';
import { sameKey } from '../../../internal/topology/instance-key.ts';
import { FakeServers } from '../../support/fake-servers.ts';
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

const frozen = (n: number) =>
  aReplica(n, `${uuid(1)}:1-9`, '', { replication: { receiver: 'stopped', applier: 'running' } });
const writable = (n: number) => ({ ...frozen(n), readOnly: false, superReadOnly: false });

async function resume(replicas: readonly Instance[], steps: readonly string[], noted = true) {
  const servers = new FakeServers([anInstance(1, { key: PRIMARY_KEY }), ...replicas]);
  servers.kill(PRIMARY_KEY);
  const office = anOffice();
  const base = { servers, clock: systemClock, log: silentLog };
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
  const book = new RecoveryBook(WILLING_STORE, () => ({ blockMs: 3_600_000 }), [open]);
  let intents = 1;
  await resumeRecovery(
    open,
    {
      ...base,
      runner,
      book,
      fences,
      probeTimeoutMs: 1000,
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
  );
  const watched = fences.isWatched(PRIMARY_KEY);
  await office.tasks.stop();
  const [record] = book.list();
  assert.ok(record);
  return { record, servers, journal, intents, watched };
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
    const { record, servers } = await resume([writable(2), frozen(3), frozen(4)], during, false);
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
