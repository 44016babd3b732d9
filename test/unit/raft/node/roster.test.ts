import assert from 'node:assert/strict';
import { type Configuration, NO_CONFIGURATION } from '../../../../internal/raft/core/types.ts';
import type { Group } from '../../../../internal/raft/node/group.ts';
import type { Met } from '../../../../internal/raft/node/meetings.ts';
import type { Standpoint } from '../../../../internal/raft/node/protocol.ts';
import { Roster } from '../../../../internal/raft/node/roster.ts';
import type { Identity } from '../../../../internal/raft/wire/hello.ts';
import { OrchestratorError } from '../../../../internal/runtime/errors.ts';
import { silentLog } from '../../../../internal/runtime/log.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { partial } from '../../../support/partial.ts';

const member = (node: string) => ({
  ...{ id: `${node}/1`, node, incarnation: '1', address: `${node}:10008`, labels: {}, promote: true },
});
const configuration: Configuration = {
  ...NO_CONFIGURATION,
  members: ['a', 'b', 'c'].map(member),
  voters: ['a/1', 'b/1', 'c/1'],
};

/** A leader that refuses with `reason` as long as the clock stands before `untilMs`. */
function world(reason: string, untilMs: number) {
  const clock = new FakeClock(0);
  const asked: string[] = [];
  const group = partial<Group>({
    standpoint: { role: 'leader', leader: 'a/1', self: 'a/1', configuration },
    change: async ({ kind }: { kind: string }) => {
      asked.push(kind);
      if (clock.nowMs() < untilMs) throw new OrchestratorError('UNAVAILABLE', 'no', { context: { reason } });
    },
  });
  const members = configuration.members.map(({ id }) => ({ id, kind: 'voter', answers: true }));
  const roster = new Roster({
    ...{ group, clock, log: silentLog, defaultPort: 10_008 },
    view: async () => ({ members }) as never,
    meet: async () => assert.fail('nobody is to be met'),
  });
  return { clock, asked, roster };
}

describe('the roster of a group', () => {
  it('waits for the end of another change of the members', async () => {
    const { clock, asked, roster } = world('changeRunning', 200);
    const removed = roster.remove('b');
    await clock.advance(1_000);
    assert.deepEqual(await removed, { member: 'b/1', changed: true });
    assert.equal(asked.length, 5);
  });

  for (const [title, reason, untilMs, attempts] of [
    ['does not wait for ever', 'changeRunning', Number.POSITIVE_INFINITY, 101],
    ['does not wait for what will not pass', 'lastVoter', Number.POSITIVE_INFINITY, 1],
  ] as const) {
    it(title, async () => {
      const { clock, asked, roster } = world(reason, untilMs);
      const refused = assert.rejects(roster.remove('b'), { code: 'UNAVAILABLE' });
      await clock.advance(10_000);
      await refused;
      assert.equal(asked.length, attempts);
    });
  }

  it('takes a node for a member that has joined by itself while it was about to be added', async () => {
    const clock = new FakeClock(0);
    let known = configuration;
    const joined = { ...known, members: [...known.members, member('d')], learners: ['d/1'] };
    const group = {
      get standpoint() {
        return partial<Standpoint>({ role: 'leader', leader: 'a/1', self: 'a/1', configuration: known });
      },
      change: async () => {
        clock.after(200, () => {
          known = joined; // the main thread hears of it a little later
        });
        throw new OrchestratorError('UNAVAILABLE', 'no', { context: { reason: 'duplicateMember' } });
      },
    };
    const { labels: _, promote: __, id, ...peer } = member('d');
    const roster = new Roster({
      ...{ group: partial<Group>(group), clock, log: silentLog, defaultPort: 10_008 },
      view: async () => assert.fail('nobody asks for it'),
      meet: async () => partial<Met>({ peer: partial<Identity>({ ...peer, member: id }) }),
    });
    const added = roster.add('d');
    await clock.advance(1_000);
    assert.deepEqual(await added, { member: 'd/1', changed: false });
  });
});
