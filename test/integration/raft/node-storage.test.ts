import assert from 'node:assert/strict';
import { until } from '../../support/daemon.ts';
import { Notebook, RealGroup } from '../../support/raft-group.ts';

describe('three nodes and what they keep', function () {
  this.timeout(120_000);
  let group: RealGroup;

  afterEach(() => group?.end());

  it('shorten their logs, and bring one level by a snapshot that missed what is gone', async () => {
    const settings = { snapshotEntries: 20, trailingEntries: 5 };
    group = await RealGroup.start(3, { settings });
    await group.say('first');
    const [late] = await group.others();
    assert.ok(late !== undefined);
    await late.kill();
    const rest = group.members.filter(({ runs }) => runs);
    const missed = Math.max(...rest.map(({ node }) => node.group.standpoint.lastIndex)); // it may have that in its log
    let said = 1;
    await until('the log was shortened', async () => {
      await group.say(`word ${said}`);
      said += 1;
      const all = await Promise.all(rest.map(({ node }) => node.status()));
      return all.every(({ firstIndex }) => firstIndex > missed + 1);
    });
    await late.start({ settings });
    const words = await group.level();
    assert.equal(words.length, said);
    assert.equal(late.notebook.restored, 1);
    const { snapshot } = await late.node.status();
    assert.ok(snapshot.index > missed, 'it has the snapshot for its own');
  });

  it('begin again with what their disks hold, the state with what its backend holds', async () => {
    group = await RealGroup.start(3, { settings: { snapshotEntries: 10, trailingEntries: 5 } });
    for (let at = 0; at < 30; at += 1) await group.say(`word ${at}`);
    const before = await group.level();
    await until('everybody has a snapshot', async () => {
      const all = await Promise.all(group.members.map(({ node }) => node.status()));
      return all.every(({ snapshot }) => snapshot.index > 10);
    });
    await Promise.all(group.members.map((member) => member.kill()));
    const [wiped] = group.members;
    assert.ok(wiped !== undefined);
    wiped.notebook = new Notebook();
    await Promise.all(group.members.map((member) => member.start()));
    await group.say('after');
    assert.deepEqual(await group.level(), [...before, 'after']);
    assert.equal(wiped.notebook.restored, 1, 'a backend that was lost comes from the own snapshot');
  });

  it('stop agreeing while their disks are full, lose nothing, and go on when a snapshot has made room', async () => {
    const options = { settings: { snapshotEntries: 1e6, trailingEntries: 0 }, store: { maxPages: 60 } };
    group = new RealGroup(3);
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    for (const { notebook } of group.members) notebook.beforeSnapshot = gate;
    await Promise.all(group.members.map((member) => member.start(options)));
    const { node } = await group.leader();
    const agreed: string[] = [];
    const page = 'x'.repeat(20_000);
    const waiting: Promise<unknown>[] = [];
    for (let at = 0; at < 20; at += 1) {
      const word = `${at} ${page}`;
      waiting.push(
        node.group.propose(Buffer.from(word)).then(
          () => agreed.push(word),
          () => undefined,
        ),
      );
    }
    await until('a disk is full', async () => node.group.standpoint.disk === 'full');
    await Promise.all(waiting);
    const held = agreed.length;
    assert.ok(held < 20, 'not everything was agreed on');
    assert.equal(node.group.standpoint.standing, 'lastResort');
    assert.ok((await node.status()).concerns.includes('disk'));
    open();
    await until('there is room again', async () =>
      group.members.every((member) => member.node.group.standpoint.disk === 'durable'),
    );
    await group.say('after');
    const words = await group.level();
    for (const word of agreed) assert.ok(words.includes(word), 'what was agreed on is there');
    assert.equal(words.at(-1), 'after');
    const told = group.members.map(({ lines }) => lines.filter((line) => line.startsWith('no room')).length);
    assert.ok(Math.max(...told) >= 1 && Math.max(...told) <= 3, `told ${told.join()} times, not at each attempt`);
  });
});
