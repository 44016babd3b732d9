import assert from 'node:assert/strict';
import type { RecoveryRecord } from '../../../internal/recovery/book.ts';
import { firstNo } from '../../../internal/recovery/gates.ts';
import type { RecoveryKind } from '../../../internal/recovery/kinds.ts';
import type { FailoverPlan, Step } from '../../../internal/recovery/plan.ts';
import { type Evidence, type GateFacts, recoveryGates } from '../../../internal/recovery/recovery-gates.ts';
import type { View } from '../../../internal/recovery/second-opinion.ts';
import type { Verdict } from '../../../internal/recovery/verdict.ts';
import type { MissingRight } from '../../../internal/topology/instance.ts';
import { partial } from '../../support/partial.ts';
import { aReplica, PRIMARY_KEY, uuid } from '../topology/builders.ts';

const record = partial<RecoveryRecord>({ uid: 'r1', startedMs: 1, endedMs: 2, errors: ['no candidate'] });
const verdict = (replicaSeenMs: number): Verdict => ({
  code: 'DeadMaster',
  description: '',
  kind: 'primary',
  key: PRIMARY_KEY,
  snapshot: {
    name: 'primary:3306',
    alias: 'app',
    domain: '',
    takenAtMs: 0,
    members: [
      {
        instance: aReplica(2, `${uuid(1)}:1-9`),
        lastCheckedMs: replicaSeenMs,
        lastAttemptedMs: replicaSeenMs,
        lastSeenMs: replicaSeenMs,
        valid: true,
        partialSuccess: true,
        lastError: '',
        errantGtid: '',
      },
    ],
    downtimes: new Map(),
    maintenance: new Set(),
  },
  suppressedBy: undefined,
  command: '',
});

const SILENT: Evidence = { failures: 2, firstFailureMs: 0, refused: false };

const agreeing: GateFacts = {
  verdict: verdict(150),
  evidence: { failures: 2, firstFailureMs: 100, refused: false },
  evidenceOf: () => SILENT,
  isWatched: () => false,
  nowMs: 200,
  reconnectAskedMs: () => 0,
  confirmFailures: 2,
  reconnectSettleMs: 40,
  filters: ['alias=app'],
  graceMs: 100,
  holdMs: 0,
  globallyDisabled: false,
  blocking: undefined,
  failed: undefined,
  plan: {
    kind: 'promote',
    cluster: '',
    failed: PRIMARY_KEY,
    successor: PRIMARY_KEY,
    why: [],
    steps: [],
    lost: [],
    atRisk: '',
  },
  noop: false,
  replaced: false,
  open: false,
  draining: false,
  unreadSinceMoved: undefined,
  electedMs: 0,
  second: { kind: 'off', why: 'no other nodes' },
  confirmations: 0,
};

const key = (n: number) => ({ hostname: `h${n}`, port: 3306 });
const withSteps = (steps: readonly Step[]) =>
  ({ ...agreeing.plan, steps }) as Extract<FailoverPlan, { kind: 'promote' }>;
const promoting = withSteps([{ kind: 'promote', target: key(2), semiSync: false }]);
const opening = withSteps([{ kind: 'open', target: key(2), semiSync: false }]);
const attaching = withSteps([{ kind: 'attach', target: key(2), source: key(4) }]);

/** The replica of the verdict, with rights that our account lacks on it. */
function lacking(missingRights: readonly MissingRight[], kind: RecoveryKind = 'primary'): Pick<GateFacts, 'verdict'> {
  const { snapshot, ...rest } = verdict(150);
  const members = snapshot.members.map((member) => ({ ...member, instance: { ...member.instance, missingRights } }));
  return { verdict: { ...rest, kind, lastedMs: 5000, snapshot: { ...snapshot, members } } };
}

/** A problem of a primary that answers, which no probe has failed on. */
function living(kind: RecoveryKind, lastedMs: number): Partial<GateFacts> {
  const evidence = { failures: 0, firstFailureMs: 0, refused: false };
  return { verdict: { ...verdict(0), kind, lastedMs }, evidence, holdMs: 5000 };
}

/** Replicas cannot connect to an intermediate primary that answers us. */
function unreached(lastedMs: number): Partial<GateFacts> {
  const { snapshot, ...rest } = verdict(0);
  const [replica] = snapshot.members;
  assert.ok(replica);
  const members = [...snapshot.members, { ...replica, instance: aReplica(1, '', '', { key: PRIMARY_KEY }) }];
  const kind = 'intermediatePrimary';
  const evidence = { failures: 0, firstFailureMs: 0, refused: false };
  return { verdict: { ...rest, kind, lastedMs, snapshot: { ...snapshot, members } }, evidence, holdMs: 1000 };
}

/** What the nodes n2, n3 and so on said. */
function opinions(...said: readonly View['opinion'][]): Pick<GateFacts, 'second'> {
  const views = said.map((opinion, index) => ({ node: `n${index + 2}`, opinion }));
  return { second: { kind: 'asked', atMs: 190, views } };
}

describe('gates of an automatic recovery', () => {
  it('agree when nothing speaks against it', () => assert.equal(firstNo(recoveryGates(agreeing)), undefined));

  for (const [title, change] of [
    ['the others miss the server too', { ...opinions('unseen', 'unseen'), confirmations: 2 }],
    ['the others say nothing, and nobody has to', opinions('silent', 'cannotTell')],
    ['one sees it read-only, and nobody has to miss it', opinions('readOnly')],
    ['the others were not asked yet', { second: { kind: 'notYet', nodes: ['n2'] }, confirmations: 1 }],
    ['everybody was read since this node was elected', { electedMs: 150, isWatched: () => true }],
    ['who was not read since is not watched any more', { electedMs: 199, isWatched: () => false }],
    ['a primary that answers was read-only for long enough', living('readOnlyPrimary', 5000)],
    ['replicas have lost an intermediate primary that answers for long enough', unreached(1000)],
    [
      'others see such a one as well, though they would have to miss a dead one',
      { ...unreached(1000), ...opinions('readOnly'), confirmations: 2 },
    ],
    [
      'others who would have to miss it are not asked about one that answers',
      { ...living('lockedSemiSync', 5000), ...opinions(), confirmations: 2 },
    ],
  ] as readonly (readonly [string, Partial<GateFacts>])[]) {
    it(`agree when ${title}`, () => assert.equal(firstNo(recoveryGates({ ...agreeing, ...change })), undefined));
  }

  it('agree when the replicas had time to reconnect', () => {
    assert.equal(firstNo(recoveryGates({ ...agreeing, reconnectAskedMs: () => 110 })), undefined);
  });

  it('take one refused connection for proof enough', () => {
    const facts = { ...agreeing, evidence: { failures: 1, firstFailureMs: 100, refused: true } };
    assert.equal(firstNo(recoveryGates(facts)), undefined);
  });

  it('wait for a read of replicas below one that fell silent too', () => {
    const { snapshot } = verdict(150);
    const [middle] = snapshot.members;
    assert.ok(middle);
    const below = aReplica(3, '', '', { replication: { source: middle.instance.key, receiver: 'running' } });
    const members = [
      { ...middle, valid: false },
      { ...middle, instance: below, lastSeenMs: 160 },
    ];
    const facts = (silentMs: number) => ({
      ...agreeing,
      verdict: { ...verdict(150), snapshot: { ...snapshot, members } },
      evidenceOf: () => ({ ...SILENT, firstFailureMs: silentMs }),
    });
    assert.equal(firstNo(recoveryGates(facts(170)))?.name, 'fresh evidence');
    assert.equal(firstNo(recoveryGates(facts(160))), undefined);
  });

  for (const [title, change] of [
    ['a right that only fencing needs', { ...lacking([{ right: 'PROCESS', purpose: 'fence' }]), plan: promoting }],
    ['a right to promote', { ...lacking([{ right: 'RELOAD', purpose: 'promote' }]), plan: attaching }],
    [
      'a right on one of two that move',
      {
        ...lacking([{ right: 'SUPER', purpose: 'replicate' }]),
        plan: { ...attaching, steps: [...attaching.steps, { kind: 'attach', target: key(3), source: key(4) }] },
      },
    ],
  ] as readonly (readonly [string, Partial<GateFacts>])[]) {
    it(`do not need ${title}`, () => assert.equal(firstNo(recoveryGates({ ...agreeing, ...change })), undefined));
  }

  it('wait until a replica that did not answer was tried again since the silence, and not for one that nobody reads', () => {
    const { snapshot } = verdict(150);
    const facts = (lastAttemptedMs: number, watched: boolean) => ({
      ...agreeing,
      verdict: { ...verdict(150), snapshot: { ...snapshot, members: silent(lastAttemptedMs) } },
      isWatched: () => watched,
    });
    const silent = (lastAttemptedMs: number) =>
      snapshot.members.map((member) => ({ ...member, valid: false, lastSeenMs: 0, lastAttemptedMs }));
    assert.equal(firstNo(recoveryGates(facts(0, true)))?.name, 'fresh evidence');
    assert.equal(firstNo(recoveryGates(facts(99, true)))?.name, 'fresh evidence');
    assert.equal(firstNo(recoveryGates(facts(100, true))), undefined);
    assert.equal(firstNo(recoveryGates(facts(0, false))), undefined);
  });

  it('wait for another read of a replica whose answer was late, as for one of the primary', () => {
    const { snapshot } = verdict(150);
    const members = snapshot.members.map((member) => ({ ...member, valid: false, lastAttemptedMs: 150 }));
    const no = (of: Partial<Evidence>, watched = true) =>
      firstNo(
        recoveryGates({
          ...agreeing,
          verdict: { ...verdict(150), snapshot: { ...snapshot, members } },
          evidenceOf: () => ({ ...SILENT, ...of }),
          isWatched: () => watched,
        }),
      )?.name;
    assert.equal(no({ failures: 1 }), 'fresh evidence');
    assert.equal(no({ failures: 1 }, false), undefined);
    assert.equal(no({ failures: 1, refused: true }), undefined);
    assert.equal(no({ failures: 2 }), undefined);
  });

  for (const [change, name, value] of [
    [{ evidence: { failures: 1, firstFailureMs: 100, refused: false } }, 'confirmed', /1 failed reads/],
    [{ evidence: { failures: 0, firstFailureMs: 0, refused: false } }, 'confirmed', /0 failed reads/],
    [{ confirmFailures: 3 }, 'confirmed', /2 failed reads, 3 confirm/],
    [{ verdict: verdict(99) }, 'fresh evidence', /h2:3306 not read since/],
    [{ reconnectAskedMs: () => 120 }, 'replicas had their say', /h2:3306 may still reconnect/],
    [{ reconnectAskedMs: () => Number.POSITIVE_INFINITY }, 'replicas had their say', /may still/],
    [{ globallyDisabled: true }, 'recoveries enabled', /disabled/],
    [{ filters: [] }, 'filter matches', /\[\]/],
    [{ filters: ['alias=other'] }, 'filter matches', /alias=other/],
    [{ verdict: { ...verdict(150), suppressedBy: 'downtime' } }, 'not suppressed', /downtime/],
    [{ graceMs: 101 }, 'grace over', /down for 100 ms of 101 ms/],
    [{ blocking: record }, 'not blocked', /by r1/],
    [{ replaced: true }, 'not replaced', /waits to be fenced/],
    [{ open: true }, 'none open', /open/],
    [{ draining: true }, 'not draining', /hands over/],
    [{ failed: record }, 'not just failed', /r1: no candidate/],
    [
      { plan: { kind: 'none', cluster: '', failed: PRIMARY_KEY, reasons: ['no replica may lead'] } },
      'candidate exists',
      /no replica may lead/,
    ],
    [{ noop: true }, 'may change servers', /--noop/],
    [
      { ...lacking([{ right: 'RELOAD', purpose: 'promote' }]), plan: promoting },
      'may change servers',
      /lacks RELOAD on h2:3306/,
    ],
    [
      { ...lacking([{ right: 'SUPER', purpose: 'replicate' }]), plan: attaching },
      'may change servers',
      /lacks SUPER on h2:3306/,
    ],
    [
      { electedMs: 151, isWatched: () => true, verdict: verdict(150) },
      'polled since elected',
      /not read since: h2:3306/,
    ],
    [opinions('writable', 'unseen'), 'second opinion', /n2 sees it alive and writable, n3 does not see it/],
    [
      { ...opinions('unseen', 'readOnly', 'silent', 'cannotTell'), confirmations: 2 },
      'second opinion',
      /n3 sees it alive and read-only, n4 did not answer, n5 cannot tell; 1 agree, 2 must/,
    ],
    [{ ...opinions(), confirmations: 1 }, 'second opinion', /0 agree, 1 must/],
    [unreached(999), 'lasted', /for 999 ms of 1000 ms/],
    [living('readOnlyPrimary', 4999), 'lasted', /for 4999 ms of 5000 ms/],
    [{ ...living('lockedSemiSync', 5000), filters: [] }, 'filter matches', /\[\]/],
    [{ ...living('readOnlyPrimary', 5000), replaced: true }, 'not replaced', /has a successor/],
    [
      {
        ...living('readOnlyPrimary', 5000),
        ...lacking([{ right: 'SUPER', purpose: 'promote' }], 'readOnlyPrimary'),
        plan: opening,
      },
      'may change servers',
      /lacks SUPER on h2:3306/,
    ],
  ] as readonly (readonly [Partial<GateFacts>, string, RegExp])[]) {
    it(`"${name}" says no: ${value.source}`, () => {
      const no = firstNo(recoveryGates({ ...agreeing, ...change }));
      assert.equal(no?.name, name);
      assert.match(no.value, value);
    });
  }
});
