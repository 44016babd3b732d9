import assert from 'node:assert/strict';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { beginAnew } from '../../../internal/raft/rescue/begin-anew.ts';
import { until } from '../../support/daemon.ts';
import { type GroupMember, type MemberOptions, Notebook, RealGroup } from '../../support/raft-group.ts';

describe('a leader', () => {
  let group: RealGroup;

  afterEach(() => group?.end());

  async function start(options: (at: number) => MemberOptions): Promise<readonly GroupMember[]> {
    group = new RealGroup(3, false);
    await Promise.all(group.members.map((member, at) => member.start(options(at))));
    await group.say('founded');
    return group.members;
  }

  it('is not one with hardly any room on its disk, where another can be', async () => {
    const [, , roomy] = await start((at) => ({ care: { minFreeBytes: at === 2 ? 0 : 2 ** 60 } }));
    await until('the one with room leads', async () => roomy?.leads);
    const others = group.members.filter((member) => member !== roomy);
    for (const { node, lines } of others) {
      const { concerns, storage } = await node.status();
      assert.ok(concerns.includes('space'), concerns.join());
      assert.ok((storage.freeBytes ?? 0) > 0);
      assert.ok(lines.some((line) => line.startsWith('hardly any room is left')));
    }
    assert.ok(((await roomy?.node.status())?.storage.syncMedianMs ?? 0) > 0);
  });

  it('gives its office to who is preferred for it, unless something runs that is not to be disturbed', async () => {
    const care = {
      preferredLeaders: [{ site: 's2' }],
      preferenceHoldMs: 100,
      preferencePauseMs: 100,
      preferenceContactMs: 0,
    };
    const [, , wanted] = await start((at) => ({ care, forming: { labels: { site: `s${at}` } } }));
    await until('the preferred one leads', async () => wanted?.leads);
    for (const { node } of group.members) node.busy(true);
    const [other] = await group.others();
    assert.ok(wanted !== undefined && other !== undefined);
    await until('another leads', async () => {
      if (other.leads) return true;
      await wanted.node.group.transfer(other.node.group.standpoint.self); // refused until that one has caught up
      return false;
    });
    await group.say('it stays so');
    assert.equal(await group.leader(), other);
    other.node.busy(false);
    await until('the preferred one leads again', async () => wanted.leads);
    await wanted.stop();
    await group.say('without it');
  });

  it('lets go of who is gone for long, who then joins as a new one with its former files set aside', async () => {
    const care = { reapVoterAfterMs: 3_000, reapMinVoters: 2 };
    await start(() => ({ care }));
    const [gone, other] = await group.others();
    assert.ok(gone !== undefined && other !== undefined);
    const { self } = gone.node.group.standpoint;
    await gone.kill();
    const reaped = await until('it is let go', async () =>
      group.members.map((member) => member.reaped).find(({ length }) => length > 0),
    );
    assert.deepEqual(reaped, [self]);
    await group.say('without it');
    await until('the other knows it', async () => other.node.group.standpoint.configuration.members.length === 2);
    await gone.start({ care });
    await until('it knows that it was removed', async () => gone.fatal.length > 0);
    assert.equal((gone.fatal[0] as { code?: string }).code, 'RAFT_REAPED');
    await gone.kill();
    mkdirSync(join(gone.directory, 'reaped')); // of an earlier time
    const place = join(gone.directory, 'reaped');
    assert.deepEqual(beginAnew(gone.directory), { former: 'reaped', place });
    assert.equal(beginAnew(gone.directory), undefined);
    assert.ok(existsSync(join(place, 'raft_store.db')) && existsSync(`${place}-1`), 'nothing was deleted');
    gone.notebook = new Notebook();
    await gone.start({ care, settings: { promotionHoldMs: 200 } });
    assert.notEqual(gone.node.group.standpoint.self, self);
    assert.deepEqual(await group.level(), ['founded', 'without it']);
    await until('it is removed', async () => (await group.leader()).node.roster.remove(gone.self));
    await until('it knows that it was removed', async () => gone.fatal.length > 1);
    assert.equal((gone.fatal[1] as { code?: string }).code, 'RAFT_REMOVED');
    await gone.kill();
    assert.equal(beginAnew(gone.directory), undefined, 'who was removed on purpose stays out');
  });
});
