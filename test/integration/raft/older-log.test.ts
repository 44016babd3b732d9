import assert from 'node:assert/strict';
import { cpSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beginBehindBackend } from '../../../internal/raft/rescue/begin-anew.ts';
import { until } from '../../support/daemon.ts';
import { Notebook, RealGroup } from '../../support/raft-group.ts';

describe('a node whose log is older than its backend', () => {
  let group: RealGroup;

  afterEach(() => group?.end());

  it('joins anew, with its files set aside', async () => {
    group = new RealGroup(3, false);
    await Promise.all(group.members.map((member) => member.start()));
    await group.say('founded');
    const [old, other] = await group.others();
    assert.ok(old !== undefined && other !== undefined);
    const { self } = old.node.group.standpoint;
    await group.say('one');
    await group.level();
    await old.kill();
    const copy = `${old.directory}-copy`;
    cpSync(old.directory, copy, { recursive: true });
    await old.start();
    await group.say('two');
    await group.level();
    const { applied } = old.notebook;
    await old.kill();
    assert.equal(beginBehindBackend(old.directory, applied), undefined, 'its own log is as long');
    rmSync(old.directory, { recursive: true });
    renameSync(copy, old.directory);
    const place = join(old.directory, 'outdated');
    assert.deepEqual(beginBehindBackend(old.directory, applied), { former: 'outdated', place });
    assert.equal(beginBehindBackend(old.directory, applied), undefined);
    renameSync(join(place, 'identity.json'), join(old.directory, 'identity.json')); // as if that had been cut short
    assert.deepEqual(beginBehindBackend(old.directory, applied), { former: 'outdated', place });
    old.notebook = new Notebook();
    await old.start({ settings: { promotionHoldMs: 200 } });
    assert.notEqual(old.node.group.standpoint.self, self);
    assert.deepEqual(await group.level(), ['founded', 'one', 'two']);
    await until('the former one is no member any more', async () => {
      const { members } = other.node.group.standpoint.configuration;
      return members.length === 3 && members.every(({ id }) => id !== self);
    });
  });

  it('stays as it is where it is alone: nobody could take it in', async () => {
    group = new RealGroup(1);
    const [member] = group.members;
    assert.ok(member !== undefined);
    await member.start();
    await group.say('one');
    await member.stop();
    assert.equal(beginBehindBackend(member.directory, 1_000), undefined);
  });
});
