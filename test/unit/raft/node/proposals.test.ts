import assert from 'node:assert/strict';
import { type LogEntry, NO_SNAPSHOT } from '../../../../internal/raft/core/types.ts';
import { Group } from '../../../../internal/raft/node/group.ts';
import type { Order, Standpoint } from '../../../../internal/raft/node/protocol.ts';
import { silentLog } from '../../../../internal/runtime/log.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { partial } from '../../../support/partial.ts';

const LIMIT_MS = 1_000;
const AT = { index: 5, term: 2 };
const LEADER: Standpoint = {
  ...{ self: 'a', role: 'leader', term: 2, leader: 'a', commit: 4, lastIndex: 4 },
  configuration: NO_SNAPSHOT.configuration,
  ...{ inOffice: true, settled: true, standing: 'ready', disk: 'durable' },
};

/** The main thread's side of a leader, and what the test lets its consensus thread say. */
class Leader {
  readonly clock = new ManualClock();
  readonly group: Group;
  readonly #orders: Order[] = [];

  constructor() {
    const deps = {
      consensus: {
        order: (order: Order) => void this.#orders.push(order),
        fetchSnapshot: async function* () {},
        lease: { runs: () => true },
      },
      machine: {
        apply: (entries: readonly LogEntry[]) => ({
          results: entries.map(({ index }) => `result ${index}`),
          durable: Promise.resolve(),
        }),
        restore: () => Promise.resolve(),
      },
      ...{
        clock: this.clock,
        log: silentLog,
        proposalTimeoutMs: LIMIT_MS,
        onFatal: (err: unknown) => assert.fail(String(err)),
      },
    };
    this.group = new Group(partial<ConstructorParameters<typeof Group>[0]>(deps), LEADER, 4);
  }

  /** The last question is in the log. */
  appends(): void {
    const order = this.#orders.at(-1);
    const id = order?.kind === 'propose' ? order.proposals[0]!.id : order?.kind === 'change' ? order.id : assert.fail();
    this.group.hear({ kind: 'answers', answers: [{ kind: 'appended', id, ...AT }] });
  }

  isDeposed(): void {
    const standpoint: Standpoint = { ...LEADER, role: 'follower', term: 3, leader: 'b', inOffice: false };
    this.group.hear({ kind: 'standpoint', standpoint });
  }

  /** That entry is agreed on there, of the term in which it was asked for or of another one. */
  applies(term: number): void {
    const entries: readonly LogEntry[] = [{ index: AT.index, term, stampMs: 0, kind: 'noop' }];
    this.group.hear({ kind: 'apply', items: [{ kind: 'entries', entries }] });
  }

  restores(index: number): void {
    this.group.hear({ kind: 'apply', items: [{ kind: 'restore', snapshot: { ...NO_SNAPSHOT, id: 'x', index } }] });
  }
}

const ASKS = {
  'a command': ({ group }: Leader) => group.propose(new Uint8Array(1)),
  'a change of the members': ({ group }: Leader) => group.change({ kind: 'demote', member: 'b' }),
  'to hand over': ({ group }: Leader) => group.transfer(),
  'to be confirmed': ({ group }: Leader) => group.confirm(),
};

describe('who has asked a leader for something', () => {
  const cases: readonly (readonly [keyof typeof ASKS, string, (leader: Leader) => void, string | RegExp])[] = [
    ['a command', 'its thread has not answered in time', () => {}, 'OUTCOME_UNKNOWN'],
    ['a change of the members', 'its thread has not answered in time', () => {}, 'OUTCOME_UNKNOWN'],
    ['to hand over', 'its thread has not answered in time', () => {}, 'OUTCOME_UNKNOWN'],
    ['to be confirmed', 'its thread has not answered in time', () => {}, 'UNAVAILABLE'],
    ['a command', 'nobody has agreed in time', (leader) => leader.appends(), 'OUTCOME_UNKNOWN'],
    ['a command', 'it stops before its thread has answered', ({ group }) => group.stop(), 'OUTCOME_UNKNOWN'],
    [
      'a change of the members',
      'it stops before its thread has answered',
      ({ group }) => group.stop(),
      'OUTCOME_UNKNOWN',
    ],
    ['to be confirmed', 'it stops before its thread has answered', ({ group }) => group.stop(), 'STOPPED'],
    [
      'a command',
      'it stops before anybody has agreed',
      (leader) => {
        leader.appends();
        leader.group.stop();
      },
      'OUTCOME_UNKNOWN',
    ],
    [
      'a command',
      'it is deposed, and another entry is agreed on in that place',
      (leader) => {
        leader.appends();
        leader.isDeposed();
        leader.applies(3);
      },
      'UNAVAILABLE',
    ],
    [
      'a command',
      'it is deposed, and gets a snapshot in place of the entry',
      (leader) => {
        leader.appends();
        leader.isDeposed();
        leader.restores(9);
      },
      'OUTCOME_UNKNOWN',
    ],
  ];
  for (const [what, when, happens, code] of cases)
    it(`${what}, hears ${code} when ${when}`, async () => {
      const leader = new Leader();
      const refused = assert.rejects(ASKS[what](leader) as Promise<unknown>, { code });
      happens(leader);
      await new Promise((resolve) => setImmediate(resolve));
      await leader.clock.advance(2 * LIMIT_MS);
      await refused;
    });

  it('a command, hears that it is done when the leader is deposed and the next one has it agreed on', async () => {
    const leader = new Leader();
    const done = leader.group.propose(new Uint8Array(1));
    leader.appends();
    leader.isDeposed();
    leader.applies(AT.term);
    assert.equal(await done, 'result 5');
  });

  it('of a node that has stopped, hears so at once: nothing was done', async () => {
    const leader = new Leader();
    leader.group.stop();
    for (const ask of Object.values(ASKS)) await assert.rejects(ask(leader) as Promise<unknown>, { code: 'STOPPED' });
  });
});
