import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../support/daemon.ts';
import { type GroupMember, RealGroup } from '../../support/raft-group.ts';

/** Who has caught up votes soon. */
const settings = { promotionHoldMs: 200 };

function clusterIdOf({ directory }: GroupMember): unknown {
  return JSON.parse(readFileSync(join(directory, 'identity.json'), 'utf8')).clusterId;
}

describe('nodes with empty disks', () => {
  let group: RealGroup;

  afterEach(() => group?.end());

  async function formed(): Promise<readonly [GroupMember, GroupMember, GroupMember]> {
    group = new RealGroup(3, false);
    const [first, second, third] = group.members;
    assert.ok(first !== undefined && second !== undefined && third !== undefined);
    await Promise.all([third, first, second].map((member) => member.start({ settings })));
    return [first, second, third];
  }
  const voters = (count: number) =>
    until(`all know ${count} voters`, async () => {
      const running = group.members.filter(({ runs }) => runs);
      return running.every(({ node }) => node.group.standpoint.configuration.voters.length === count);
    });

  it('wait for the last one, found one group with it, and are that group after all were stopped', async () => {
    group = new RealGroup(3, false);
    const [first, second, third] = group.members;
    assert.ok(first !== undefined && second !== undefined && third !== undefined);
    const begun = [second, first].map((member) => member.start({ settings }));
    const waits = `waits for ${third.address} (never seen)`;
    const problem = `no connection to ${third.address}: `;
    await until('both say whom they wait for alone, and why they cannot call on it', async () =>
      [first, second].every(({ waited }) => {
        const last = waited.at(-1);
        return last?.why.startsWith(waits) && last.problem?.startsWith(problem) && last.nextInMs <= last.everyMs;
      }),
    );
    assert.ok(
      [first, second].every(({ runs, waited }) => !runs && waited.every(({ phase }) => phase === 'discovering')),
    );
    await Promise.all([third.start({ settings }), ...begun]);
    await group.say('together');
    const founded = clusterIdOf(first);
    for (const { node } of group.members) assert.equal(node.group.standpoint.configuration.voters.length, 3);

    await Promise.all(group.members.map((member) => member.stop()));
    for (const { waited } of group.members) waited.length = 0;
    await Promise.all([second.start({ settings }), first.start({ settings })]); // a majority is enough now
    await group.say('two of three');
    await third.start({ settings });
    assert.deepEqual(await group.level(), ['together', 'two of three']);
    assert.deepEqual(group.members.map(clusterIdOf), [founded, founded, founded]);
    assert.ok(group.members.every(({ waited }) => waited.length === 0));
  });

  it('found it without a vote where they do not wish for one', async () => {
    group = new RealGroup(3, false);
    await Promise.all(group.members.map((member, at) => member.start({ settings, forming: { promote: at !== 1 } })));
    await group.say('together');
    const { node } = await group.leader();
    const { members, tolerance } = await node.members();
    assert.deepEqual(
      members.map(({ kind }) => kind),
      ['voter', 'learner', 'voter'],
    );
    assert.equal(tolerance.smallest, 0);
    assert.deepEqual(await group.level(), ['together']);
  });

  it('stop while they wait, when they are told to', async () => {
    group = new RealGroup(3, false);
    const [first] = group.members;
    assert.ok(first !== undefined);
    const begun = assert.rejects(first.start({ settings }), { code: 'STOPPED' });
    await until('it waits', async () => first.waited.length > 0);
    await first.stop();
    await begun;
    const again = assert.rejects(first.start({ settings }), { code: 'STOPPED' });
    await first.stop(); // at whatever point it is
    await again;
  });

  it('become members of the group that there is, under a new incarnation, when the disk was lost', async () => {
    await formed();
    await group.say('before');
    const [lost] = await group.others();
    assert.ok(lost !== undefined);
    const former = lost.node.group.standpoint.self;
    await lost.kill();
    lost.wipe();
    await group.say('without it');
    await lost.start({ settings });
    await until('it votes again', async () =>
      lost.node.group.standpoint.configuration.voters.includes(lost.node.group.standpoint.self),
    );
    assert.deepEqual(await group.level(), ['before', 'without it']);
    assert.notEqual(lost.node.group.standpoint.self, former);
    const { configuration } = (await group.leader()).node.group.standpoint;
    assert.equal(configuration.members.length, 3);
    assert.ok(!configuration.members.some(({ id }) => id === former));
    assert.match(lost.waited.at(-1)?.why ?? '', /was formed without this incarnation/);
    assert.equal(lost.waited.at(-1)?.phase, 'joining');
  });

  it('grow from one that is alone, which founds itself and keeps what it has', async () => {
    group = new RealGroup(3, false);
    const [first, second, third] = group.members;
    assert.ok(first !== undefined && second !== undefined && third !== undefined);
    const all = first.list;
    first.list = [first.address];
    await first.start({ settings });
    await group.say('alone');
    assert.deepEqual(first.waited, []);
    await first.stop();
    first.list = all;
    await Promise.all([third, first, second].map((member) => member.start({ settings })));
    await voters(3);
    await group.say('together');
    assert.deepEqual(await group.level(), ['alone', 'together']);
    await first.stop();
    assert.equal(await group.say('without the first'), 3);
  });
});
