import assert from 'node:assert/strict';
import { type ForceOptions, RecoveryAttempt } from '../../../internal/recovery/attempt.ts';
import type { RecoveryRecord } from '../../../internal/recovery/book.ts';
import { FenceKeeper } from '../../../internal/recovery/fence.ts';
import type { RecoveryKind } from '../../../internal/recovery/kinds.ts';
import { lost as lostMandate } from '../../../internal/recovery/mandate.ts';
import type { PlanOptions } from '../../../internal/recovery/plan.ts';
import { RecoveryRunner } from '../../../internal/recovery/runner.ts';
import { type Clock, systemClock } from '../../../internal/runtime/clock.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import type { Instance } from '../../../internal/topology/instance.ts';
import { type InstanceKey, keyText, sameKey } from '../../../internal/topology/instance-key.ts';
import { aSnapshot, PLAN_OPTIONS } from '../../support/a-cluster.ts';
import { behind as behindRelay, deadPrimary, place, relay } from '../../support/behind-binlog-servers.ts';
import { FakeClock } from '../../support/fake-clock.ts';
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
  more: {
    saboteur?: Saboteur;
    options?: ForceOptions;
    hooksAgree?: boolean;
    alive?: boolean;
    primary?: Instance;
    kind?: RecoveryKind;
    plan?: Partial<PlanOptions>;
    storeFence?: (failed: InstanceKey) => Promise<void>;
    dropFence?: () => Promise<void>;
    /** What has become of the primary by the time that the scripts have ended. */
    since?: 'gone' | 'back';
    maxRounds?: number;
    /** Never answers. */
    hanging?: InstanceKey;
    clock?: Clock;
    attachLimitMs?: number;
    prepare?: (servers: FakeServers) => void;
    /** How servers call the failed one, which is filed under another name. */
    alias?: InstanceKey;
    /** Have not answered when they were read last. */
    silent?: readonly InstanceKey[];
  } = {},
): Promise<Run> {
  const primary = more.primary ?? dead;
  const { alias = PRIMARY_KEY } = more;
  const told = replicas.map((one) => renamed(one, PRIMARY_KEY, alias));
  const servers = new FakeServers([primary, ...told], more.saboteur);
  if (more.alive !== true) servers.kill(PRIMARY_KEY);
  const office = anOffice();
  const stored = new Set<string>();
  const journal: string[] = [];
  const base = { servers, clock: more.clock ?? systemClock, log: silentLog };
  const { hanging } = more;
  more.prepare?.(servers);
  if (hanging !== undefined) hang(servers, hanging);
  const fences = new FenceKeeper({
    ...base,
    office: () => office,
    settings: { attemptMs: 100, retryMs: 10_000 },
    onFenced: () => undefined,
  });
  const runner = new RecoveryRunner({
    ...base,
    named: (raw) => renamed(raw, alias, PRIMARY_KEY),
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
      attachLimitMs: more.attachLimitMs ?? 100,
      attachPollMs: 1,
    },
  });
  const one = new RecoveryAttempt({
    runner,
    fences,
    standstill: {
      ...base,
      take: (uid, step, mandate) => runner.take(uid, step, mandate),
      settings: { probeTimeoutMs: 1000, stepTimeoutMs: 1000 },
    },
    settings: {
      fenceReplacedPrimary: true,
      maxRounds: more.maxRounds ?? 3,
      catchUpMs: 1000,
      plan: { ...PLAN_OPTIONS, ...more.plan },
    },
    preFailoverHooks: async () => more.hooksAgree ?? true,
    isCurrent: () => more.since === undefined,
    answers: () => more.since === 'back',
    note: () => undefined,
    storeFence: more.storeFence ?? (async (failed) => void stored.add(keyText(failed))),
    dropFence: more.dropFence ?? (async (failed) => void stored.delete(keyText(failed))),
  });
  const kind = more.kind ?? 'primary';
  const opened: RecoveryRecord = {
    uid: 'u',
    kind,
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
  const snapshot = aSnapshot(
    [primary, ...replicas],
    [...(more.alive === true ? [] : [PRIMARY_KEY]), ...(more.silent ?? [])],
  );
  const verdict = {
    code: 'DeadMaster',
    description: '',
    kind,
    key: PRIMARY_KEY,
    snapshot,
    suppressedBy: undefined,
    command: '',
  } as const;
  const done = await one.run(opened, verdict, more.options ?? {}, office);
  await office.tasks.stop();
  return { ...done, servers, fences: [...stored], journal };
}

function renamed(one: Instance, from: InstanceKey, to: InstanceKey): Instance {
  if (one.replication === undefined || !sameKey(one.replication.source, from)) return one;
  return { ...one, replication: { ...one.replication, source: to } };
}

/** Whoever asks it to change anything waits until he gives up. */
function hang(servers: FakeServers, key: InstanceKey): void {
  const change = servers.change.bind(servers);
  servers.change = (target, timeoutMs, signal, work) => {
    if (!sameKey(target, key)) return change(target, timeoutMs, signal, work);
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('given up'))));
  };
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

  it('starts over only as often as it may', async () => {
    const { record } = await attempt([best, behind], { saboteur: once('h2 drain', killing(2)), maxRounds: 1 });
    assert.equal(record.successor, undefined);
  });

  it('gives up a replica that hangs after the longest time that a step may take', async () => {
    const clock = new FakeClock(0);
    const { record } = await clock.during(attempt([best, behind], { hanging: behind.key, clock }));
    assert.equal(record.successor?.hostname, 'h2');
    const ms = clock.monotonicMs();
    assert.ok(ms >= 2_000 && ms < 12_000, `${ms} ms`);
  });

  it('looks whether a replica follows as often, and for as long, as it may', async () => {
    let looks = 0;
    const clock = new FakeClock(0);
    const connecting = (servers: FakeServers) => {
      const change = servers.change.bind(servers);
      servers.change = (key, timeoutMs, signal, work) =>
        change(key, timeoutMs, signal, (session) =>
          work(sameKey(key, behind.key) ? { ...session, read: async () => neverThere(servers) } : session),
        );
    };
    const neverThere = (servers: FakeServers) => {
      looks += 1;
      const instance = servers.get(behind.key);
      return {
        ...instance,
        replication: instance.replication && { ...instance.replication, receiver: 'other' as const },
      };
    };
    await clock.during(attempt([best, behind], { clock, prepare: connecting, attachLimitMs: 300 }));
    assert.ok(looks > 300 && looks < 310, `${looks} looks, one each millisecond`);
  });

  it('treats a candidate lost while it was made writable like an old primary', async () => {
    const { record, fences } = await attempt([best, behind], { saboteur: once('h2 setReadOnly false', killing(2)) });
    assert.equal(record.successor?.hostname, 'h3');
    assert.deepEqual(fences, ['primary:3306', 'h2:3306']);
  });

  for (const [title, maxRounds] of [
    ['by the end', 1],
    ['in the next round', 2],
  ] as const)
    it(`does not let such a candidate replicate that answers again ${title}`, async () => {
      let fleet: FakeServers | undefined;
      const { record, servers } = await attempt([best, banned], {
        maxRounds,
        prepare: (all) => {
          fleet = all;
        },
        saboteur: once('h2 setReadOnly false', killing(2)),
        storeFence: async (failed) => {
          if (sameKey(failed, best.key)) fleet?.revive(best.key);
        },
      });
      assert.equal(record.successful, false);
      assert.ok(!servers.acts.includes('h2 startReplication'), servers.acts.join());
      assert.equal(follows(servers, 4), 'primary running running');
      assert.match(record.errors.join(), /h2:3306: replication was left stopped: it may have become writable/);
    });

  it('gives such a candidate no source either where another one leads', async () => {
    let fleet: FakeServers | undefined;
    const { record, servers } = await attempt([best, behind], {
      prepare: (all) => {
        fleet = all;
      },
      saboteur: once('h2 setReadOnly false', killing(2)),
      storeFence: async (failed) => {
        if (!sameKey(failed, best.key)) return;
        fleet?.revive(best.key);
        fleet?.set({ ...best, readOnly: false, superReadOnly: false });
      },
    });
    assert.equal(record.successor?.hostname, 'h3');
    assert.ok(!servers.acts.some((act) => /^h2 (pointTo|startReplication)/.test(act)), servers.acts.join());
    assert.ok(record.lost.some(({ key, reason }) => sameKey(key, best.key) && /become writable/.test(reason)));
  });

  it('lets a candidate replicate again that would not be promoted, and says itself that it is read-only', async () => {
    const { record, servers, fences } = await attempt([best, behind], {
      saboteur: (act) => {
        if (act === 'h2 setReadOnly false') throw new Error('a backup has locked it');
      },
    });
    assert.equal(record.successful, false);
    for (const n of [2, 3]) assert.equal(follows(servers, n), 'primary running running');
    assert.deepEqual([record.lost, fences], [[], []]);
    assert.match(record.errors.join(), /a backup has locked it/);
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

  it('lets a replica go as well that was stopped and could not be read afterwards', async () => {
    const unread = once('h3 stopReceiver done', () => {
      throw new Error('the connection broke');
    });
    const { record, servers } = await attempt([behind, banned], { saboteur: unread });
    assert.equal(record.successful, false);
    assert.equal(follows(servers, 3), 'primary running running');
    assert.equal(follows(servers, 4), 'primary running running');
  });

  it('says which replica was left stopped since it died on the way', async () => {
    const { record } = await attempt([best, banned], { saboteur: once('h2 drain', killing(2)) });
    assert.match(record.errors.join(), /h2:3306: replication was left stopped/);
  });

  it('lets the replicas go when something fails that nobody reckoned with', async () => {
    const { record, servers } = await attempt([best, behind], {
      storeFence: () => Promise.reject(new Error('no room')),
    });
    assert.deepEqual([record.successful, record.errors], [false, ['no room']]);
    for (const n of [2, 3]) assert.equal(follows(servers, n), 'primary running running');
  });

  it('lets the replicas go where the fence cannot be taken back, and says so', async () => {
    const { record, servers } = await attempt([best, behind], {
      dropFence: () => Promise.reject(new Error('no room')),
      saboteur: (act) => {
        if (act === 'h2 drain') throw new Error('too slow');
      },
    });
    for (const n of [2, 3]) assert.equal(follows(servers, n), 'primary running running');
    assert.match(record.errors.join('; '), /too slow; primary:3306 may be made read-only .* no room$/);
  });

  it('leaves everything as it is where nobody agrees any more that the fence is taken back', async () => {
    const acts: string[] = [];
    const deposed = attempt([best, behind], {
      dropFence: () => Promise.reject(lostMandate('as the test has it')),
      saboteur: (act) => {
        acts.push(act);
        if (act === 'h2 drain') throw new Error('too slow');
      },
    });
    await assert.rejects(deposed, { code: 'NOT_LEADER' });
    assert.ok(!acts.some((act) => act.includes('startReplication')), acts.join());
  });

  for (const act of ['h2 drain', 'h3 waitApplied'])
    it(`leaves nothing to the scripts that promote where ${act} failed`, async () => {
      const { record, servers, fences } = await attempt(act === 'h2 drain' ? [best, behind] : [behind, banned], {
        plan: { applyPromotion: false },
        saboteur: (about) => {
          if (about === act) throw new Error('too slow');
        },
      });
      assert.equal(record.successful, false);
      assert.equal(follows(servers, 3).replace(/^h4/, 'primary'), 'primary running running');
      assert.deepEqual(fences, []);
    });

  it('touches no server when the primary is back by the time that the scripts have ended', async () => {
    const { attempted, servers, record } = await attempt([best, behind], {
      ...{ alive: true, since: 'back', options: { unlessGone: true } },
    });
    assert.equal(attempted, false);
    assert.deepEqual(servers.acts, []);
    assert.match(record.errors.join(), /gone when PreFailoverProcesses had ended/);
  });

  it('makes such a primary read-only first where an operator insists', async () => {
    const { servers, record } = await attempt([best, behind], { alive: true, since: 'back' });
    assert.equal(record.successor?.hostname, 'h2');
    assert.equal(servers.acts[0], 'primary setReadOnly true');
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

  it('makes it writable again where it may have become read-only without our knowing', async () => {
    const { servers, record } = await attempt([best], {
      ...forced,
      saboteur: once('primary setReadOnly true', () => {
        throw new Error('no right');
      }),
    });
    assert.equal(record.successful, false);
    assert.deepEqual(servers.acts, ['primary setReadOnly false']);
  });

  it('leaves one read-only that was, whatever comes of it', async () => {
    const readOnly = { ...dead, readOnly: true };
    const { servers, journal } = await attempt([banned], { ...forced, primary: readOnly });
    assert.equal(servers.get(PRIMARY_KEY).readOnly, true);
    assert.ok(!journal.some((step) => /quiesce|reopen/.test(step)), journal.join());
  });

  it('leaves it read-only when a replica that was lost on the way may take writes', async () => {
    const { servers, record } = await attempt([best], {
      ...forced,
      saboteur: once('h2 setReadOnly false', killing(2)),
    });
    assert.equal(record.successful, false);
    assert.equal(servers.get(PRIMARY_KEY).readOnly, true);
    assert.match(record.errors.join(), /primary:3306 was left read-only: h2:3306, which may lead, does not answer/);
  });

  it('promotes nobody when the designated one has not applied the last write', async () => {
    const { servers, record } = await attempt([best, behind], {
      alive: true,
      options: { primaryAnswers: true, designated: best.key, mustCatchUp: true },
      saboteur: once('h2 waitApplied', () => {
        throw new Error('too slow');
      }),
    });
    assert.match(record.errors.join(), /h2:3306 did not catch up/);
    assert.equal(servers.get(PRIMARY_KEY).readOnly, false);
    assert.ok(!servers.acts.includes('h2 stopReceiver'), 'nothing was frozen');
  });
});

describe('a planned change of primary', () => {
  const planned = (start: boolean) =>
    ({
      alive: true,
      options: { primaryAnswers: true, mustCatchUp: true, designated: best.key, demote: { start } },
    }) as const;

  it('leaves the old primary below the new one, before that has forgotten its login', async () => {
    const { record, journal, servers } = await attempt([best, behind], planned(true));
    assert.deepEqual(record.errors, []);
    assert.deepEqual(journal.map((step) => step.replace(/^\d+ /, '')).slice(-4), [
      'promote h2:3306',
      'demote primary:3306 below h2:3306',
      'forget h2:3306',
      'attach h3:3306 to h2:3306',
    ]);
    assert.deepEqual(servers.acts.filter((act) => act.startsWith('primary')).slice(-2), [
      'primary pointTo h2',
      'primary startReplication',
    ]);
  });

  it('leaves it stopped where nobody asked for more', async () => {
    const { servers } = await attempt([best], planned(false));
    assert.equal(servers.acts.filter((act) => act.startsWith('primary')).at(-1), 'primary pointTo h2');
  });

  it('leaves it alone where it holds what the new one lacks, and says so', async () => {
    const ahead = { ...dead, gtid: mysqlGtid(`${uuid(1)}:1-10`) };
    const { record, servers } = await attempt([best], { ...planned(true), primary: ahead });
    assert.equal(record.successful, true);
    assert.match(record.errors.join(), /holds transactions that h2:3306 lacks: .*:10$/);
    assert.ok(!servers.acts.includes('primary pointTo h2'));
  });

  it('makes the new one writable though scripts would in a failover', async () => {
    const { record, servers } = await attempt([best], { ...planned(true), plan: { applyPromotion: false } });
    assert.deepEqual(record.errors, []);
    assert.equal(servers.get(best.key).readOnly, false);
  });
});

describe('a primary that answers and is set right where it is', () => {
  const SEMI_SYNC = { ...dead.semiSync, available: true };
  const locked = {
    ...dead,
    semiSync: { ...SEMI_SYNC, sourceEnabled: true, sourceActive: true, waitForReplicaCount: 1 },
  };
  const idle = (n: number) => ({
    ...aReplica(n, `${uuid(1)}:1-9`, '', { replication: { receiver: 'running' } }),
    ...{ semiSync: SEMI_SYNC, semiSyncPriority: 1 },
  });
  const helped = { alive: true, kind: 'lockedSemiSync', plan: { semiSync: 'enough' }, primary: locked } as const;

  it('gets an acknowledging replica, and a write that frees the others', async () => {
    const { record, servers, fences, journal } = await attempt([idle(2), idle(3)], { ...helped, hooksAgree: false });
    assert.deepEqual([record.successful, record.errors, record.successor], [true, [], PRIMARY_KEY]);
    assert.deepEqual(journal, [
      '0 semiSyncReplica h2:3306 on',
      '1 acknowledged primary:3306 by 1',
      '2 nudge primary:3306',
    ]);
    assert.deepEqual(servers.acts, ['h2 setSemiSyncReplica true', 'h2 restartReceiver', 'primary writeNothing']);
    assert.deepEqual(fences, []);
  });

  it('does no more where a replica does not begin to acknowledge, and the next attempt is not kept back', async () => {
    const { record, journal } = await attempt([idle(2)], {
      ...helped,
      saboteur: once('h2 restartReceiver', () => {
        throw new Error('no right');
      }),
    });
    assert.deepEqual([record.successful, record.harmless], [false, true]);
    assert.deepEqual(journal, ['0 semiSyncReplica h2:3306 on']);
  });

  it('is judged by what its cluster says now', async () => {
    const { record, servers } = await attempt([{ ...idle(2), readOnly: false }], {
      ...{ alive: true, kind: 'readOnlyPrimary', primary: { ...dead, readOnly: true } },
    });
    assert.deepEqual(record.errors, ['h2:3306 takes writes']);
    assert.deepEqual(servers.acts, []);
  });

  it('takes writes again, unless a script says no', async () => {
    const readOnly = { alive: true, kind: 'readOnlyPrimary', primary: { ...dead, readOnly: true } } as const;
    assert.equal((await attempt([idle(2)], { ...readOnly, hooksAgree: false })).attempted, false);
    const { record, servers } = await attempt([idle(2)], readOnly);
    assert.equal(record.successful, true);
    assert.deepEqual(servers.acts, ['primary setReadOnly false']);
  });
});

describe('a recovery of a server that its replicas call by another name than it is filed under', () => {
  const alias = { hostname: '192.0.2.1', port: 3306 };

  it('promotes a server behind binlog servers, as was planned before they were read anew', async () => {
    const { record } = await attempt([relay(2), behindRelay(4, 2)], { primary: deadPrimary, alias });
    assert.deepEqual([record.successful, record.errors, record.successor?.hostname], [true, [], 'h4']);
  });

  it('finds the replicas of an intermediate primary', async () => {
    const top = anInstance(9, { readOnly: false, gtid: mysqlGtid(`${uuid(1)}:1-9`) });
    const primary = aReplica(1, `${uuid(1)}:1-9`, '', { key: PRIMARY_KEY, replication: { source: top.key } });
    const { record, servers } = await attempt([top, best], { primary, alias, kind: 'intermediatePrimary' });
    assert.deepEqual([record.successful, record.errors], [true, []]);
    assert.equal(follows(servers, 2), 'h9 running running');
  });
});

describe('a recovery of a primary whose replicas are binlog servers', () => {
  it('leaves out one that does not take what it lacks, and whoever is behind it', async () => {
    const preferred = behindRelay(4, 2, place(7, 1), { promotionRule: 'prefer' });
    const { record } = await attempt([relay(2, place(7, 1)), relay(3), preferred, behindRelay(5, 3)], {
      primary: deadPrimary,
      saboteur: (act) => {
        if (act === 'h2 pointTo h3 at bin.000007:1') throw new Error('it is silent');
      },
    });
    assert.deepEqual([record.successful, record.successor?.hostname], [true, 'h5']);
    assert.match(record.errors.join(), /gather h2:3306 below h3:3306: it is silent/);
    assert.deepEqual(record.lost.map(({ key }) => key.hostname).sort(), ['h2', 'h4']);
  });

  it('reads who has lost its own binlog server anew: it may have received more than all others', async () => {
    const cutOff = relay(3);
    const { record } = await attempt([relay(2), cutOff, behindRelay(4, 3, place(7, 100)), behindRelay(5, 2)], {
      primary: deadPrimary,
      silent: [cutOff.key],
      prepare: (servers) => {
        servers.kill(cutOff.key);
        servers.meddle({ hostname: 'h4', port: 3306 }, { read: place(7, 950), executed: place(7, 950) });
      },
    });
    assert.deepEqual([record.successful, record.successor?.hostname], [true, 'h4']);
  });
});
