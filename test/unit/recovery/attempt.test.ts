import assert from 'node:assert/strict';
import { type ForceOptions, RecoveryAttempt } from '../../../internal/recovery/attempt.ts';
import type { RecoveryRecord } from '../../../internal/recovery/book.ts';
import { FenceKeeper } from '../../../internal/recovery/fence.ts';
import { RecoveryRunner } from '../../../internal/recovery/runner.ts';
import { systemClock } from '../../../internal/runtime/clock.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import type { Instance } from '../../../internal/topology/instance.ts';
import { keyText } from '../../../internal/topology/instance-key.ts';
import { aSnapshot, PLAN_OPTIONS } from '../../support/a-cluster.ts';
import { FakeServers, type Saboteur } from '../../support/fake-servers.ts';
import { anOffice } from '../../support/office.ts';
import { anInstance, aReplica, mysqlGtid, PRIMARY_KEY, uuid } from '../topology/builders.ts';

const dead = anInstance(1, {
  key: PRIMARY_KEY,
  readOnly: false,
  superReadOnly: false,
  gtid: mysqlGtid(`${uuid(1)}:1-9`),
});
const best = aReplica(2, `${uuid(1)}:1-9`);
const behind = aReplica(3, `${uuid(1)}:1-8`);
const banned = aReplica(4, `${uuid(1)}:1-9`, '', { promotionRule: 'must_not' });

interface Run {
  readonly record: RecoveryRecord;
  readonly attempted: boolean;
  readonly servers: FakeServers;
  readonly fences: readonly string[];
  readonly journal: readonly string[];
}

async function attempt(
  replicas: readonly Instance[],
  more: { saboteur?: Saboteur; options?: ForceOptions; hooksAgree?: boolean; alive?: boolean } = {},
): Promise<Run> {
  const servers = new FakeServers([dead, ...replicas], more.saboteur);
  if (more.alive !== true) servers.kill(PRIMARY_KEY);
  const office = anOffice();
  const stored = new Set<string>();
  const journal: string[] = [];
  const base = { servers, clock: systemClock, log: silentLog };
  const fences = new FenceKeeper({
    ...base,
    office: () => office,
    settings: { attemptMs: 100, retryMs: 10_000 },
    onFenced: () => undefined,
  });
  const runner = new RecoveryRunner({
    ...base,
    journal: {
      stepStarted: async (_uid, number, text) => {
        journal.push(`${number} ${text}`);
      },
      stepEnded: async () => undefined,
      note: async () => undefined,
    },
    settings: {
      probeTimeoutMs: 1000,
      stepTimeoutMs: 1000,
      stepMaxMs: 2000,
      promoteOnDrainTimeout: false,
      attachLimitMs: 100,
      attachPollMs: 1,
    },
  });
  const one = new RecoveryAttempt({
    runner,
    fences,
    settings: { fenceReplacedPrimary: true, maxRounds: 3, catchUpMs: 1000, plan: PLAN_OPTIONS },
    preFailoverHooks: async () => more.hooksAgree ?? true,
    note: () => undefined,
    storeFence: async (failed) => void stored.add(keyText(failed)),
    dropFence: async (failed) => void stored.delete(keyText(failed)),
  });
  const opened: RecoveryRecord = {
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
  const snapshot = aSnapshot([dead, ...replicas], more.alive === true ? [] : [PRIMARY_KEY]);
  const verdict = {
    code: 'DeadMaster',
    description: '',
    kind: 'primary',
    key: PRIMARY_KEY,
    snapshot,
    suppressedBy: undefined,
    command: '',
  } as const;
  const done = await one.run(opened, verdict, more.options ?? {}, office);
  await office.tasks.stop();
  return { ...done, servers, fences: [...stored], journal };
}

/** Fails the first time it is about to be done, with whatever happened to the fleet meanwhile. */
function once(act: string, happens: (servers: FakeServers) => void): Saboteur {
  let done = false;
  return (about, servers) => {
    if (about !== act || done) return;
    done = true;
    happens(servers);
  };
}

const killing = (n: number) => (servers: FakeServers) => servers.kill({ hostname: `h${n}`, port: 3306 });
const follows = (servers: FakeServers, n: number) => {
  const { replication } = servers.get({ hostname: `h${n}`, port: 3306 });
  return `${replication?.source.hostname} ${replication?.receiver} ${replication?.applier}`;
};

describe('one recovery of a primary', () => {
  it('promotes the best replica and attaches the others', async () => {
    const { record, servers, fences, journal } = await attempt([best, behind]);
    assert.deepEqual(record.errors, []);
    assert.equal(record.successor?.hostname, 'h2');
    assert.equal(servers.get(best.key).readOnly, false);
    assert.equal(follows(servers, 3), 'h2 running running');
    assert.deepEqual(fences, ['primary:3306']);
    assert.deepEqual(journal, [
      '0 freeze h2:3306 h3:3306',
      '1 fence primary:3306',
      '2 drain h2:3306',
      '3 promote h2:3306',
      '4 forget h2:3306',
      '5 attach h3:3306 to h2:3306',
    ]);
  });

  it('starts over with another one when the candidate dies before the promotion', async () => {
    const { record, servers, fences } = await attempt([best, behind], { saboteur: once('h2 drain', killing(2)) });
    assert.equal(record.successor?.hostname, 'h3');
    assert.equal(servers.get(behind.key).readOnly, false);
    assert.deepEqual(
      record.lost.map(({ key }) => key.hostname),
      ['h2'],
    );
    assert.deepEqual(fences, ['primary:3306'], 'the dead candidate was never writable');
  });

  it('treats a candidate lost while it was made writable like an old primary', async () => {
    const { record, fences } = await attempt([best, behind], { saboteur: once('h2 setReadOnly false', killing(2)) });
    assert.equal(record.successor?.hostname, 'h3');
    assert.deepEqual(fences, ['primary:3306', 'h2:3306']);
  });

  it('takes a promotion whose answer got lost for what it is', async () => {
    const lostAnswer = once('h2 setReadOnly false done', () => {
      throw new Error('the connection broke');
    });
    const { record, servers } = await attempt([best, behind], { saboteur: lostAnswer });
    assert.deepEqual(record.errors, []);
    assert.equal(record.successor?.hostname, 'h2');
    assert.equal(follows(servers, 3), 'h2 running running');
  });

  it('feeds a server that may lead from a dying one, and goes on with what the others hold when it dies', async () => {
    const { record, servers } = await attempt([behind, banned], {
      saboteur: once('h3 pointTo h4', (fleet) => {
        killing(4)(fleet);
        throw new Error('the source went away');
      }),
    });
    assert.equal(record.successor?.hostname, 'h3');
    assert.equal(servers.get(behind.key).readOnly, false);
    assert.deepEqual(
      record.lost.map(({ key }) => key.hostname),
      ['h4'],
    );
  });

  it('lets the replicas go and the old primary unfenced when nobody is left to lead', async () => {
    const { record, servers, fences } = await attempt([best, banned], { saboteur: once('h2 drain', killing(2)) });
    assert.equal(record.successful, false);
    assert.equal(record.harmless, true);
    assert.equal(follows(servers, 4), 'primary running running');
    assert.deepEqual(fences, []);
  });

  it('does not try the same servers twice', async () => {
    let drains = 0;
    const { record, servers } = await attempt([best, behind], {
      saboteur: (act) => {
        if (act !== 'h2 drain') return;
        drains += 1;
        throw new Error('too slow');
      },
    });
    assert.equal(drains, 1);
    assert.equal(record.successful, false);
    assert.equal(follows(servers, 2), 'primary running running');
    assert.equal(follows(servers, 3), 'primary running running');
  });

  it('touches no server when a script says no', async () => {
    const { attempted, servers } = await attempt([best, behind], { hooksAgree: false });
    assert.equal(attempted, false);
    assert.deepEqual(servers.acts, []);
  });
});

describe('a failover of a primary that still answers', () => {
  const forced = { alive: true, options: { primaryAnswers: true } } as const;

  it('makes it read-only and lets the replicas catch up before anything is frozen', async () => {
    const { servers, record } = await attempt([best, behind], forced);
    assert.equal(record.successor?.hostname, 'h2');
    assert.equal(servers.get(PRIMARY_KEY).readOnly, true);
    const at = (act: string) => servers.acts.indexOf(act);
    assert.ok(at('primary setReadOnly true') < at('h2 waitApplied'));
    assert.ok(at('h2 waitApplied') < at('h2 stopReceiver'));
  });

  it('makes it writable again when nothing was promoted', async () => {
    const { servers, record } = await attempt([banned], forced);
    assert.equal(record.successful, false);
    assert.equal(servers.get(PRIMARY_KEY).readOnly, false);
    assert.equal(follows(servers, 4), 'primary running running');
  });

  it('touches nothing when it cannot be made read-only', async () => {
    const { servers, record } = await attempt([best], {
      ...forced,
      saboteur: once('primary setReadOnly true', () => {
        throw new Error('no right');
      }),
    });
    assert.equal(record.successful, false);
    assert.deepEqual(servers.acts, []);
  });
});
