import assert from 'node:assert/strict';
import { join } from 'node:path';
import { beginAnew } from '../../../internal/raft/rescue/begin-anew.ts';
import { until } from '../../support/daemon.ts';
import { type GroupMember, Notebook, RealGroup } from '../../support/raft-group.ts';

/** Who has caught up votes soon. */
const settings = { promotionHoldMs: 200 };
const NOWHERE = '127.255.255.1:10008';

describe('members of a running group', () => {
  let group: RealGroup;

  afterEach(() => group?.end());

  /** The first three found a group, whoever else is there. */
  async function three(size: number): Promise<readonly [GroupMember, GroupMember, GroupMember, ...GroupMember[]]> {
    group = new RealGroup(size, false);
    const [first, second, third, ...rest] = group.members;
    assert.ok(first !== undefined && second !== undefined && third !== undefined);
    const founders = [first, second, third];
    for (const founder of founders) founder.list = founders.map(({ address }) => address);
    await Promise.all(founders.map((founder) => founder.start({ settings })));
    await group.say('founded');
    return [first, second, third, ...rest];
  }
  const names = (members: readonly GroupMember[]) => members.map(({ self }) => self).toSorted();
  /** By the names of the nodes. */
  async function voters(): Promise<readonly string[]> {
    const { node } = await group.leader();
    const { members } = await node.members();
    return members.flatMap((member) => (member.kind === 'voter' ? [member.node] : [])).toSorted();
  }
  /** A leader that has not heard of enough others lately does not let anybody go. */
  const removed = (name: string) =>
    until(`${name} is removed`, async () => (await group.leader()).node.roster.remove(name));
  async function ended(member: GroupMember): Promise<void> {
    await until(`${member.self} knows that it was removed`, async () => member.fatal.length > 0);
    assert.equal((member.fatal[0] as { code?: string }).code, 'RAFT_REMOVED');
    await member.kill();
    await assert.rejects(member.start({ settings }), { code: 'RAFT_REMOVED' });
  }

  it('are added and removed, each as often as one likes, and never so that no majority is left', async () => {
    const [first, second, third, fourth] = await three(4);
    assert.ok(fourth !== undefined);
    fourth.list = [fourth.address, NOWHERE];
    const begun = fourth.start({ settings }); // pending: it waits for somebody else
    await until('it waits', async () => fourth.waited.length > 0);
    const { node } = await group.leader();
    const [follower] = await group.others();
    const [host = ''] = fourth.address.split(':');
    assert.ok(follower !== undefined);
    await assert.rejects(follower.node.roster.add(host), { code: 'NOT_LEADER' });
    await assert.rejects(node.roster.add(NOWHERE), {
      code: 'UNAVAILABLE',
      message: /127\.255\.255\.1:10008 cannot be added: no connection/,
    });
    await assert.rejects(node.roster.add('::1:10008:x'), { code: 'BAD_REQUEST' });

    const added = await node.roster.add(host, { voterWithinMs: 20_000 });
    await begun;
    assert.deepEqual(added, { member: fourth.node.group.standpoint.self, changed: true });
    assert.deepEqual(await node.roster.add(host), { ...added, changed: false });
    assert.deepEqual(await voters(), names(group.members));
    assert.deepEqual(await group.level(), ['founded']);
    assert.equal((await node.members()).tolerance.smallest, 1);

    assert.deepEqual(await removed(host), added);
    assert.deepEqual(await removed(host), { member: undefined, changed: false });
    await ended(fourth);
    assert.deepEqual(await voters(), names([first, second, third]));

    const [lost, last] = await group.others();
    assert.ok(lost !== undefined && last !== undefined);
    await lost.kill();
    const left = group.members.filter(({ runs }) => runs);
    await until('its silence is noticed', async () => {
      return (await (await group.leader()).node.members()).tolerance.smallest === 0;
    });
    const { node: leading } = await group.leader();
    await assert.rejects(leading.roster.remove(last.self), { code: 'UNAVAILABLE', message: /less than a majority/ });
    await removed(lost.self);
    assert.deepEqual(await voters(), names(left));
  });

  it('lead until they have removed themselves, then know it too', async () => {
    await three(3);
    const leader = await until('a leader has removed itself', async () => {
      const one = await group.leader();
      await one.node.roster.remove(one.self);
      return one;
    });
    const others = group.members.filter((member) => member !== leader);
    await ended(leader);
    await group.say('without it');
    assert.deepEqual(await voters(), names(others));
  });

  it('become fewer, the highest-numbered first, whoever leads', async () => {
    group = await RealGroup.start(5, { settings });
    await group.say('founded');
    const fifth = group.members[4];
    assert.ok(fifth !== undefined);
    await until('the fifth leads', async () => {
      if (fifth.leads) return true;
      await (await group.leader()).node.group.transfer(fifth.node.group.standpoint.self); // refused until it has caught up
      return false;
    });
    await assert.rejects(fifth.node.roster.scaleDown(3), {
      code: 'UNAVAILABLE',
      message: '5 members are left; this node goes next and hands leadership over first: ask again',
    });
    const leader = await until('somebody who stays leads', async () =>
      group.members.slice(0, 3).find(({ leads }) => leads),
    );
    const { roster } = leader.node;
    const one = await until('enough others were heard', () => roster.scaleDown(3, 1));
    assert.deepEqual(
      one.removed.map(({ node }) => node),
      ['n5'],
    );
    const { removed, members } = await roster.scaleDown(3);
    assert.deepEqual([removed.map(({ node }) => node), members], [['n4'], 3]);
    assert.deepEqual(await roster.scaleDown(3), { removed: [], members: 3 });
    await ended(fifth);
    assert.deepEqual(await voters(), ['n1', 'n2', 'n3']);
    await group.say('fewer');

    const [, other] = group.members.slice(0, 3).filter((member) => member !== leader);
    await other?.kill();
    await until('its silence is noticed', async () => (await leader.node.members()).tolerance.smallest === 0);
    await assert.rejects(roster.scaleDown(0), { code: 'BAD_REQUEST' });
  });

  it('leave when they stop, the leader too, and join anew when they are started again', async () => {
    await three(3);
    const former = await group.leader();
    const { self } = former.node.group.standpoint;
    await until('it is let go', async () => {
      if (await former.leave()) return true;
      await former.start({ settings }); // not within five election time-outs: it is a member still
      return false;
    });
    assert.deepEqual(former.fatal, []);
    const others = group.members.filter(({ runs }) => runs);
    assert.deepEqual(await voters(), names(others));
    assert.deepEqual(beginAnew(former.directory), { former: 'left', place: join(former.directory, 'left') });
    assert.equal(beginAnew(former.directory), undefined);
    former.notebook = new Notebook();
    await former.start({ settings });
    await until('it votes again', async () => (await voters()).length === 3);
    assert.notEqual(former.node.group.standpoint.self, self);
    assert.deepEqual(await group.level(), ['founded']);
  });

  it('move to other addresses, and stay who they are', async () => {
    await three(3);
    const [moved] = await group.others();
    assert.ok(moved !== undefined);
    const { self } = moved.node.group.standpoint;
    await moved.stop();
    moved.address = moved.address.replace(/\.\d+:/, '.77:');
    await moved.start({ settings });
    await until('the record follows', async () =>
      group.members.every(({ node }) =>
        node.group.standpoint.configuration.members.some(({ id, address }) => id === self && address === moved.address),
      ),
    );
    await group.say('moved');
    assert.deepEqual(await group.level(), ['founded', 'moved']);
    assert.equal((await voters()).length, 3);
  });

  it('become those of a new list once majorities of the old and of the new have it, whoever is restarted first', async () => {
    const [first, second, gone, successor] = await three(4);
    assert.ok(successor !== undefined);
    await gone.kill();
    const list = [first, second, successor].map(({ address }) => address);
    successor.list = list;
    await successor.start({ settings });
    await until('it votes', async () => (await voters()).length === 4);
    const inNewOrder = [...(await group.others()).filter(({ runs }) => runs), await group.leader()].filter(
      (member) => member === first || member === second,
    );
    const [early, late] = inNewOrder;
    assert.ok(early !== undefined && late !== undefined);
    await early.stop();
    early.list = list;
    await early.start({ settings });
    const open = await until('both lists are shown', async () => {
      const { lists, members } = await (await group.leader()).node.members();
      return members.length === 4 && lists.open;
    });
    assert.deepEqual(open.list, list.toSorted());
    assert.match(open.why, /^[12] of 4 voters have this list: restart the others with it too$/);
    assert.equal((await voters()).length, 4);
    await late.stop();
    late.list = list;
    await late.start({ settings });
    await until('the old one has gone', async () => (await voters()).length === 3);
    assert.deepEqual(await voters(), names([first, second, successor]));
    const { lists } = await (await group.leader()).node.members();
    assert.equal(lists.open, undefined);
  });
});
