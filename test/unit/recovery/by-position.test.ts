// What becomes of replicas that go by file and position, from the drained candidate on.

import assert from 'node:assert/strict';
import { lost as deposed } from '../../../internal/recovery/mandate.ts';
import { HALT_MS } from '../../../internal/recovery/plan/attachment.ts';
import type { FailoverPlan, Step } from '../../../internal/recovery/plan.ts';
import type { Match } from '../../../internal/recovery/ports.ts';
import { RecoveryRunner } from '../../../internal/recovery/runner.ts';
import type { Found } from '../../../internal/recovery/step-acts.ts';
import { type Clock, systemClock } from '../../../internal/runtime/clock.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import type { Instance, ReplicationStatus } from '../../../internal/topology/instance.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { FakeServers, type Saboteur } from '../../support/fake-servers.ts';
import { anOffice } from '../../support/office.ts';
import { anInstance, aReplication, mysqlGtid, PRIMARY_KEY, uuid } from '../topology/builders.ts';

const key = (n: number) => ({ hostname: `h${n}`, port: 3306 });
const at = (position: number) => ({ file: 'binlog.000001', position });
const LOCATED =
  'locate h2:3306: log of primary:3306 (00000000-0000-0000-0000-000000000001) ends at binlog.000001:900, here at binlog.000001:20';

function replica(n: number, more: Partial<ReplicationStatus> = {}, rest: Partial<Instance> = {}): Instance {
  const replication = aReplication({ gtid: 'none', read: at(900), executed: at(900), ...more });
  return anInstance(n, { gtid: mysqlGtid('', { mode: 'OFF' }), ownCoordinates: at(10 * n), replication, ...rest });
}

const attach = (n: number, more: Partial<Extract<Step, { kind: 'attach' }>>): Step => ({
  ...{ kind: 'attach', target: key(n), source: key(2), by: ['position'], limitMs: 100, otherwise: 'detach' },
  ...more,
});

interface Run {
  readonly match?: Match;
  readonly saboteur?: Saboteur;
  readonly found?: Found;
  readonly agrees?: (step: string) => void;
  readonly primary?: Partial<Instance>;
  readonly clock?: Clock;
  readonly leads?: () => boolean;
  /** What happens to the fleet before. */
  readonly prepare?: (servers: FakeServers) => void;
}

/** The candidate is located and promoted, and then comes what follows; says what happened to the servers behind that. */
async function run(replicas: readonly Instance[], behind: readonly Step[], more: Run = {}) {
  const primary = anInstance(1, { key: PRIMARY_KEY, gtid: mysqlGtid('', { mode: 'OFF' }), ...more.primary });
  const servers = new FakeServers([primary, ...replicas], more.saboteur);
  more.prepare?.(servers);
  const journal: string[] = [];
  const limits: number[] = [];
  const runner = new RecoveryRunner({
    ...{ servers, clock: more.clock ?? systemClock, log: silentLog },
    ...(more.match === undefined ? {} : { match: more.match }),
    settings: {
      ...{ probeTimeoutMs: 1000, stepTimeoutMs: 1000, stepMaxMs: 2000, promoteOnDrainTimeout: false },
      ...{ attachLimitMs: 100, attachPollMs: 1 },
    },
    journal: {
      stepStarted: async (_uid, _number, text, limitMs) => {
        more.agrees?.(text);
        journal.push(text);
        limits.push(limitMs);
      },
      stepEnded: async () => undefined,
      note: async () => undefined,
    },
  });
  const first: readonly Step[] =
    more.found === undefined
      ? [
          { kind: 'locate', target: key(2) },
          { kind: 'promote', target: key(2), semiSync: false },
        ]
      : [];
  const steps = [...first, ...behind];
  const base = { cluster: '', failed: PRIMARY_KEY, successor: key(2), why: [], lost: [], atRisk: '' } as const;
  const plan: Extract<FailoverPlan, { kind: 'promote' }> = { ...base, kind: 'promote', steps };
  const office = anOffice(more.leads);
  const outcome = await runner.run('u', plan, office, more.found).finally(() => office.tasks.stop());
  return { outcome, servers, journal, limits, acts: servers.acts.filter((act) => !act.startsWith('h2 ')) };
}

const attached = (n: number) => [
  `h${n} drain`,
  `h${n} stopReplication`,
  `h${n} pointTo h2 at binlog.000001:20`,
  `h${n} startReplication`,
];

describe('a replica by file and position', () => {
  it('goes on where the log of its next source stood when that one had applied the same', async () => {
    const { acts, journal, outcome } = await run([replica(2), replica(3, { executed: at(4) })], [attach(3, {})]);
    assert.deepEqual(acts, attached(3));
    assert.deepEqual(journal, [LOCATED, 'promote h2:3306', 'attach h3:3306 to h2:3306 by position']);
    assert.deepEqual([outcome.kind, outcome.errors], ['promoted', []]);
  });

  it('goes on where it stands in a log that a binlog server handed on to it', async () => {
    const relayed = replica(3, { source: key(9), sourceUuid: uuid(2), read: at(900), executed: at(850) });
    const step = attach(3, { by: ['sameLog'], otherwise: 'resume' });
    const { acts, outcome } = await run([replica(2), relayed], [step]);
    assert.deepEqual(acts, [
      'h3 drain',
      'h3 stopReplication',
      'h3 pointTo h2 at binlog.000001:900',
      'h3 startReplication',
    ]);
    assert.deepEqual([outcome.kind, outcome.errors], ['promoted', []]);
  });

  it('is set aside with its place where it turns out to hold something else, and the promotion stands', async () => {
    const { acts, outcome, servers } = await run([replica(2), replica(3, { read: at(950) })], [attach(3, {})]);
    assert.deepEqual(acts, ['h3 drain', 'h3 detachSource'], 'it is not halted for nothing');
    assert.match(outcome.errors.join(), /has applied binlog.000001:950 and received binlog.000001:950/);
    assert.deepEqual(outcome.kind === 'promoted' && outcome.lost.map((one) => one.key), [key(3)]);
    assert.equal(servers.get(key(2)).readOnly, false);
  });

  it('goes on where it was if that is what is wanted, and is left alone otherwise', async () => {
    const other = replica(3, { sourceUuid: uuid(7) });
    const resumed = await run([replica(2), other], [attach(3, { otherwise: 'resume' })]);
    assert.deepEqual(resumed.acts, ['h3 drain', 'h3 startReplication']);
    const { otherwise: _, ...alone } = attach(3, {}) as Extract<Step, { kind: 'attach' }>;
    assert.deepEqual((await run([replica(2), other], [alone])).acts, ['h3 drain']);
  });

  it('is set aside where the next source did not stand still, which holds up nothing', async () => {
    const noisy: Saboteur = (act, servers) => {
      if (act.startsWith('h3')) assert.equal(servers.get(key(2)).readOnly, false, 'promoted before');
    };
    const candidate = replica(2, {}, { readOnly: false });
    const { acts, journal, outcome } = await run([candidate, replica(3)], [attach(3, {})], { saboteur: noisy });
    assert.deepEqual(acts, ['h3 detachSource']);
    assert.deepEqual(journal.slice(0, 2), ['locate h2:3306', 'promote h2:3306']);
    assert.match(outcome.errors.join(), /locate h2:3306: h2:3306 is not read-only.*attach h3.*is not known/);
  });

  it('does not go on where somebody starts its replication meanwhile', async () => {
    const meddler: Saboteur = (act, servers) => {
      if (act === 'h3 stopReplication done') servers.meddle(key(3), { receiver: 'running' });
    };
    const { acts, outcome } = await run([replica(2), replica(3)], [attach(3, {})], { saboteur: meddler });
    assert.deepEqual(acts, ['h3 drain', 'h3 stopReplication', 'h3 detachSource']);
    assert.match(outcome.errors.join(), /somebody started its replication meanwhile/);
  });

  it('is not promoted where nobody agrees on the place: somebody else leads', async () => {
    const agrees = (step: string) => {
      if (step === LOCATED) throw deposed('as the test has it');
    };
    const acts: string[] = [];
    await assert.rejects(run([replica(2), replica(3)], [], { agrees, saboteur: (act) => void acts.push(act) }), {
      code: 'NOT_LEADER',
    });
    assert.deepEqual(acts, []);
  });

  it('is only started where it follows its next source already, whatever it has applied since', async () => {
    const there = replica(3, { source: key(2), read: at(77), executed: at(77) });
    const byAnotherName = replica(4, { source: { hostname: 'alias', port: 1 }, sourceUuid: uuid(2) });
    const { acts, outcome } = await run([replica(2), there, byAnotherName], [attach(3, {}), attach(4, {})]);
    assert.deepEqual(acts.sort(), ['h3 startReplication', 'h4 startReplication']);
    assert.deepEqual(outcome.errors, []);
  });

  it('is attached though its next source does not answer at once when it is asked who it is', async () => {
    let asked = 0;
    const prepare = (servers: FakeServers) => {
      const probe = servers.probe.bind(servers);
      servers.probe = (server) => {
        if (server.hostname === 'h2') asked += 1;
        return asked === 1 ? Promise.reject(new Error('no answer')) : probe(server);
      };
    };
    const { acts, outcome } = await run([replica(2), replica(3)], [attach(3, {})], { prepare });
    assert.deepEqual([acts, outcome.errors], [attached(3), []]);
  });

  it('is left as it is where nobody tells whether it is there already', async () => {
    const prepare = (servers: FakeServers) => {
      servers.probe = () => Promise.reject(new Error('no answer'));
    };
    const { acts, outcome } = await run([replica(2), replica(3)], [attach(3, {})], { prepare });
    assert.deepEqual(acts, []);
    assert.match(outcome.errors.join(), /attach h3.*no answer/);
  });

  const found: Match = async (halted, other) => {
    assert.equal(halted.replication?.applier, 'stopped', 'it stands still');
    assert.deepEqual(other.key, key(2));
    return at(55);
  };

  it('is matched where it received less, and goes on there', async () => {
    const less = replica(3, { read: at(800), executed: at(4) });
    const { acts } = await run([replica(2), less], [attach(3, { by: ['markers'] })], { match: found });
    assert.deepEqual(acts, [...attached(3).slice(0, 2), 'h3 pointTo h2 at binlog.000001:55', 'h3 startReplication']);
  });

  it('is matched where its place is not certain, and says why neither leads anywhere', async () => {
    const other = replica(3, { read: at(800) });
    const both = attach(3, { by: ['position', 'markers'] });
    assert.ok(
      (await run([replica(2), other], [both], { match: found })).acts.includes('h3 pointTo h2 at binlog.000001:55'),
    );
    const match: Match = () => Promise.reject(new Error('mismatching entries'));
    const { outcome, acts } = await run([replica(2), other], [both], { match });
    assert.match(outcome.errors.join(), /has applied binlog.000001:800 .*; mismatching entries/);
    assert.equal(acts.at(-1), 'h3 detachSource');
  });

  it('goes by GTID where both know them, whatever it received', async () => {
    const less = replica(3, { read: at(800) });
    const { acts, outcome } = await run([replica(2), less], [attach(3, { by: ['position', 'gtid'] })]);
    assert.deepEqual(acts, ['h3 drain', 'h3 stopReplication', 'h3 pointTo h2 by GTID', 'h3 startReplication']);
    assert.deepEqual(outcome.errors, []);
  });

  const endless: Match = (_halted, _other, signal) =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
  const less = replica(3, { read: at(800) });
  const FAILED_THEN: readonly (readonly [Extract<Step, { kind: 'attach' }>['otherwise'], readonly string[]])[] = [
    ['resume', ['h3 startReplication']],
    ['detach', ['h3 detachSource']],
    [undefined, []],
  ];
  for (const [otherwise, then] of FAILED_THEN) {
    const { otherwise: _, ...step } = attach(3, { by: ['markers'] }) as Extract<Step, { kind: 'attach' }>;
    const behind = [otherwise === undefined ? step : { ...step, otherwise }];

    it(`does not stay halted when the time is over (${otherwise ?? 'left alone'})`, async () => {
      const clock = new FakeClock(0);
      const done = run([replica(2), less], behind, { match: endless, clock });
      await clock.advance(2_200);
      const { acts, outcome, limits } = await done;
      assert.deepEqual(acts, ['h3 drain', 'h3 stopReplication', ...then]);
      assert.match(outcome.errors.join(), /no end within 2100 ms/);
      assert.equal(limits.at(-1), 3_100, 'whoever takes over waits for that along');
    });

    it(`does not stay halted where it cannot be pointed to its place (${otherwise ?? 'left alone'})`, async () => {
      const saboteur: Saboteur = (act) => {
        if (act.startsWith('h3 pointTo')) throw new Error('no right');
      };
      const { acts, outcome } = await run([replica(2), less], behind, { match: found, saboteur });
      assert.deepEqual(acts, ['h3 drain', 'h3 stopReplication', ...then]);
      assert.match(outcome.errors.join(), /no right/);
    });
  }

  for (const name of ['h2', 'virtual'])
    it(`replicates from there where only the answer got lost, and it calls its source ${name}`, async () => {
      const saboteur: Saboteur = (act, servers) => {
        if (!act.endsWith('pointTo h2 at binlog.000001:55 done')) return;
        servers.meddle(key(3), { source: { hostname: name, port: 3306 }, sourceUuid: '' });
        throw new Error('the connection broke');
      };
      const { acts } = await run([replica(2), less], [attach(3, { by: ['markers'] })], { match: found, saboteur });
      assert.deepEqual(acts.slice(2), ['h3 pointTo h2 at binlog.000001:55', 'h3 startReplication']);
    });

  it('stays as it is where this node does not lead any more', async () => {
    let leads = true;
    const match: Match = () => {
      leads = false;
      return Promise.reject(new Error('mismatching entries'));
    };
    const acts: string[] = [];
    const behind = [attach(3, { by: ['markers'], otherwise: 'resume' })];
    const saboteur: Saboteur = (act) => void acts.push(act);
    await assert.rejects(run([replica(2), less], behind, { match, leads: () => leads, saboteur }), {
      code: 'NOT_LEADER',
    });
    assert.equal(acts.at(-1), 'h3 stopReplication done');
  });

  it('gets no time to apply that it needs to come to a halt', async () => {
    const limits: number[] = [];
    const prepare = (servers: FakeServers) => {
      const change = servers.change.bind(servers);
      servers.change = (server, timeoutMs, signal, work) =>
        change(server, timeoutMs, signal, (session) => {
          const drain = (limitMs: number) => {
            limits.push(limitMs);
            return session.drain(limitMs);
          };
          return work({ ...session, drain });
        });
    };
    const behind = [
      attach(3, { by: ['markers'], limitMs: 30_000 + 2 * HALT_MS }),
      attach(4, { by: ['position'], limitMs: 30_000 }),
    ];
    await run([replica(2), less, replica(4)], behind, { match: found, prepare });
    assert.deepEqual(limits, [30_000 + HALT_MS, 30_000]);
  });

  it('keeps its delay: it is matched from where it is', async () => {
    const delayed = replica(3, { delaySeconds: 60, executed: at(4) });
    const { acts } = await run([replica(2), delayed], [attach(3, { by: ['markers'] })], { match: found });
    assert.deepEqual(acts, ['h3 stopReplication', 'h3 pointTo h2 at binlog.000001:55', 'h3 startReplication']);
  });
});

describe('a replaced primary without GTIDs', () => {
  const demote: Step = { kind: 'demote', target: PRIMARY_KEY, source: key(2), start: true, by: 'position' };
  const ended = { ownCoordinates: at(900) };

  it('goes on where its successor had applied the last of its log', async () => {
    const { acts, outcome } = await run([replica(2)], [demote], { primary: ended });
    assert.deepEqual(acts, ['primary pointTo h2 at binlog.000001:20', 'primary startReplication']);
    assert.deepEqual(outcome.errors, []);
  });

  it('is left alone where its log goes on, or its successor was not located', async () => {
    const ahead = await run([replica(2)], [demote], { primary: { ownCoordinates: at(930) } });
    assert.match(ahead.outcome.errors.join(), /its log ends at binlog.000001:930/);
    const unknown = await run([replica(2)], [demote], { primary: ended, found: {} });
    assert.match(unknown.outcome.errors.join(), /where the log of h2:3306 stood is not known/);
    assert.deepEqual([...ahead.acts, ...unknown.acts], []);
  });

  const strange = aReplication({ gtid: 'none', source: key(9), sourceUuid: uuid(9), read: at(70), executed: at(60) });

  it('goes on there as well where it has a source still, and begins nothing at that one', async () => {
    const { acts, outcome } = await run([replica(2)], [demote], { primary: { ...ended, replication: strange } });
    assert.deepEqual(acts, [
      'primary stopReplication',
      'primary pointTo h2 at binlog.000001:20',
      'primary startReplication',
    ]);
    assert.deepEqual(outcome.errors, []);
  });

  it('is left alone with such a source where its log goes on, before it is halted or until it is', async () => {
    const primary = { ownCoordinates: at(930), replication: strange };
    const ahead = await run([replica(2)], [demote], { primary });
    assert.deepEqual(ahead.acts, []);
    const saboteur: Saboteur = (act, servers) => {
      if (act === 'primary stopReplication') servers.set({ ...servers.get(PRIMARY_KEY), ownCoordinates: at(930) });
    };
    const late = await run([replica(2)], [demote], { primary: { ...ended, replication: strange }, saboteur });
    assert.deepEqual(late.acts, ['primary stopReplication']);
    for (const { outcome } of [ahead, late]) assert.match(outcome.errors.join(), /its log ends at binlog.000001:930/);
  });

  for (const [title, source] of [
    ['', key(2)],
    [', under whichever name', key(8)],
  ] as const)
    it(`is only started where it follows its successor already${title}`, async () => {
      const replication = { ...strange, source, sourceUuid: uuid(2) };
      const { acts } = await run([replica(2)], [demote], { primary: { ownCoordinates: at(930), replication } });
      assert.deepEqual(acts, ['primary startReplication']);
    });
});
