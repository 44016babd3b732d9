// How a server behind binlog servers takes the lead, step by step, and what becomes of them where something is not as planned.

import assert from 'node:assert/strict';
import { alignedIn, alignedText } from '../../../internal/recovery/binlog-server-acts.ts';
import { planRecovery } from '../../../internal/recovery/plan.ts';
import { RecoveryRunner } from '../../../internal/recovery/runner.ts';
import type { Found } from '../../../internal/recovery/step-acts.ts';
import { systemClock } from '../../../internal/runtime/clock.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import type { Instance } from '../../../internal/topology/instance.ts';
import { aSnapshot, PLAN_OPTIONS } from '../../support/a-cluster.ts';
import { behind, deadPrimary, place, relay } from '../../support/behind-binlog-servers.ts';
import { FakeServers, type Saboteur } from '../../support/fake-servers.ts';
import { anOffice } from '../../support/office.ts';
import { PRIMARY_KEY } from '../topology/builders.ts';

const key = (n: number) => ({ hostname: `h${n}`, port: 3306 });
const ALIGNED = 'aligned h4:3306 with bin.000008';

/** 2 and 3, which has less, hand on the log of the dead primary; 4 replicates through 2. */
const members = [deadPrimary, relay(2), relay(3, place(7, 500)), behind(4, 2)];
/** As they are when it comes to the end: 3 has got the rest. */
const fed = [deadPrimary, relay(2), relay(3), behind(4, 2)];

async function run(fleet: readonly Instance[], saboteur?: Saboteur, resumed?: Found, planned = members) {
  const servers = new FakeServers(fleet, saboteur);
  const journal: string[] = [];
  const limits = new Map<string, number>();
  const runner = new RecoveryRunner({
    ...{ servers, clock: systemClock, log: silentLog },
    settings: {
      ...{ probeTimeoutMs: 1000, stepTimeoutMs: 1000, stepMaxMs: 2000, promoteOnDrainTimeout: false },
      ...{ attachLimitMs: 100, attachPollMs: 1 },
    },
    journal: {
      stepStarted: async (_uid, _number, text, limitMs) => {
        journal.push(text);
        limits.set(text, limitMs);
      },
      stepEnded: async () => undefined,
      note: async () => undefined,
    },
  });
  const plan = planRecovery('primary', {
    ...{ snapshot: aSnapshot(planned, [PRIMARY_KEY]), failed: PRIMARY_KEY, primaryAnswers: false, fence: false },
    options: { ...PLAN_OPTIONS, drainLimitMs: 50 },
  });
  assert.ok(plan.kind === 'promote');
  const rest = plan.steps.filter(({ kind }) => resumed === undefined || kind === 'gather' || kind === 'enter');
  const office = anOffice();
  const outcome = await runner.run('u', { ...plan, steps: rest }, office, resumed).finally(() => office.tasks.stop());
  const lost = outcome.kind === 'promoted' ? outcome.lost.map(({ key }) => key.hostname) : [];
  return { outcome, servers, journal, limits, lost, leads: !servers.get(key(4)).readOnly };
}

const actsOn = (servers: FakeServers, n: number) => servers.acts.filter((act) => act.startsWith(`h${n} `));

describe('a server behind binlog servers', () => {
  it('leads with the log that they expect next, and they enter it, those that had less as well', async () => {
    const { outcome, servers, journal, lost } = await run(fed);
    assert.deepEqual([outcome.kind, outcome.errors, lost], ['promoted', [], []]);
    assert.deepEqual(
      actsOn(servers, 4).filter((act) => !act.endsWith('startApplier')),
      [
        ...['h4 applyUpTo bin.000007:900', 'h4 stopReceiver', 'h4 drain', 'h4 beginLog bin.000008'],
        ...['h4 setReadOnly false', 'h4 forgetSource'],
      ],
    );
    assert.deepEqual(actsOn(servers, 2), ['h2 pointTo h4 at bin.000008:4', 'h2 startReplication']);
    assert.deepEqual(actsOn(servers, 3), [
      ...['h3 pointTo h2 at bin.000007:900', 'h3 startReplication'],
      ...['h3 pointTo h4 at bin.000008:4', 'h3 startReplication'],
    ]);
    assert.ok(journal.indexOf(ALIGNED) < journal.indexOf('promote h4:3306'), 'agreed on before the promotion');
  });

  it('leads without them where their log ends within a transaction: nobody is to apply half of it', async () => {
    const half: Saboteur = (act, servers) => {
      const { replication } = servers.get(key(4));
      if (act === 'h4 drain done' && replication !== undefined) Object.assign(replication, { executed: place(7, 850) });
    };
    const { outcome, servers, lost, leads, journal } = await run(fed, half);
    assert.deepEqual([outcome.kind, leads, lost], ['promoted', true, ['h2', 'h3']]);
    assert.match(outcome.errors.join(), /h4:3306 stands at bin.000007:850, the binlog servers at bin.000007:900/);
    assert.ok(!journal.includes(ALIGNED));
    assert.deepEqual(actsOn(servers, 2), []);
    assert.ok(!servers.acts.includes('h4 beginLog bin.000008'));
  });

  it('loses the one that does not get the rest in time, which stays below the furthest', async () => {
    const { outcome, lost, servers } = await run(members);
    assert.deepEqual([outcome.kind, lost], ['promoted', ['h3']]);
    assert.match(outcome.errors.join(), /h3:3306 did not come to bin.000007:900/);
    assert.equal(servers.get(key(3)).replication?.source.hostname, 'h2');
  });

  it('is not promoted where it does not receive what the furthest has stored', async () => {
    const { outcome, leads, servers } = await run(fed, (act) => {
      if (act === 'h4 applyUpTo bin.000007:900') throw new Error('it is silent');
    });
    assert.deepEqual([outcome.kind, leads, actsOn(servers, 2)], ['failed', false, []]);
    assert.ok(outcome.kind === 'failed' && !outcome.changed);
  });

  it('is entered after a crash where it was agreed on that it begins with that log, and not otherwise', async () => {
    const aligned = alignedIn(['align h4:3306 with bin.000008', ALIGNED, 'promote h4:3306'], key(4));
    assert.equal(aligned, 'bin.000008');
    assert.equal(alignedIn(['align h4:3306 with bin.000008', 'promote h4:3306'], key(4)), undefined);
    assert.equal(alignedText({ target: key(4), log: 'bin.000008' }), ALIGNED);
    assert.deepEqual((await run(fed, undefined, { aligned })).lost, []);
    const unknown = await run(fed, undefined, {});
    assert.deepEqual(unknown.lost, ['h2', 'h3']);
    assert.match(unknown.outcome.errors.join(), /bin.000008 is not known to be the first log of h4:3306/);
  });

  it('has the one that came to the new log in another way go on from where it is', async () => {
    const fleet = [deadPrimary, relay(2), relay(3, place(8, 77), 2), behind(4, 2)];
    const { servers } = await run(fleet, undefined, { aligned: 'bin.000008' });
    assert.ok(servers.acts.includes('h3 pointTo h4 at bin.000008:77'));
  });

  it('receives nothing more before it is promoted, where it has more than they have and the one above it may send on', async () => {
    const fleet = [deadPrimary, relay(2), behind(4, 2, place(7, 950))];
    const { outcome, servers } = await run(fleet, undefined, undefined, fleet);
    assert.equal(outcome.kind, 'promoted');
    const acts = actsOn(servers, 4);
    assert.ok(acts.indexOf('h4 stopReceiver') < acts.indexOf('h4 drain'));
    assert.deepEqual(acts.slice(-4), ['h4 stopReceiver', 'h4 drain', 'h4 setReadOnly false', 'h4 forgetSource']);
  });

  it('is given more time the more logs it has to begin, each of which is synced', async () => {
    const limitFor = async (logs: number) => {
      const fleet = [
        deadPrimary,
        relay(2, place(2000, 9)),
        behind(4, 2, place(2000, 9), { ownCoordinates: place(2001 - logs, 4) }),
      ];
      const { limits } = await run(fleet, undefined, undefined, fleet);
      return limits.get('align h4:3306 with bin.002001');
    };
    assert.deepEqual([await limitFor(0), await limitFor(1_000)], [2_000, 52_000]);
  });

  it('loses the one that is not pointed to the furthest, also where it was to stay there', async () => {
    const others = [3, 5, 6, 7, 8].map((n) => relay(n, place(7, 900 - n)));
    const planned = [deadPrimary, relay(2), ...others, behind(4, 2)];
    const full = [
      deadPrimary,
      relay(2),
      ...others.map(({ key }) => relay(Number(key.hostname.slice(1)))),
      behind(4, 2),
    ];
    const failing: Saboteur = (act) => {
      if (act.startsWith('h7 pointTo') || act.startsWith('h3 pointTo h2')) throw new Error('it is silent');
    };
    const { outcome, lost } = await run(full, failing, undefined, planned);
    assert.deepEqual([outcome.kind, lost], ['promoted', ['h7']], 'h3 came below the new primary all the same');
  });
});
