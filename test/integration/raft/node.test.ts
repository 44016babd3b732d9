import assert from 'node:assert/strict';
import { until } from '../../support/daemon.ts';
import { RealGroup, TEST_SETTINGS } from '../../support/raft-group.ts';

describe('three nodes with threads, disks and sockets', function () {
  this.timeout(120_000);
  let group: RealGroup;

  beforeEach(async () => {
    group = await RealGroup.start(3);
  });

  afterEach(() => group?.end());

  it('elect one, agree on what it is told, and tell what they know of each other', async () => {
    const { node, id } = await group.leader();
    assert.deepEqual(
      await Promise.all(['a', 'b', 'c'].map((word) => node.group.propose(Buffer.from(word)))),
      [1, 2, 3],
    );
    await node.group.confirm();
    assert.deepEqual(await group.level(), ['a', 'b', 'c']);
    const { peers, concerns } = await until('all answer', async () => {
      const status = await node.status();
      const level = status.peers.every(({ replication }) => replication?.match === status.standpoint.lastIndex);
      return level ? status : undefined;
    });
    assert.deepEqual(
      peers.map(({ kind, connected, silentMs }) => ({ kind, connected, heard: silentMs !== undefined })),
      [1, 2].map(() => ({ kind: 'voter', connected: true, heard: true })),
    );
    const ofTheMachine = ['slow', 'main']; // a disk or a processor that others keep busy
    assert.deepEqual(
      concerns.filter((one) => !ofTheMachine.includes(one)),
      [],
    );
    for (const other of await group.others()) {
      await assert.rejects(other.node.group.propose(Buffer.from('x')), {
        code: 'NOT_LEADER',
        context: { leader: id, reason: 'notLeader' },
      });
      await other.node.group.confirm(); // any node may read what was agreed on before
    }
  });

  it('go on without one that was killed, and take it back with what it missed', async () => {
    await group.say('before');
    const killed = await group.leader();
    await killed.kill();
    const heir = await group.leader();
    assert.notEqual(heir, killed);
    await group.say('without it');
    await killed.start();
    await group.say('with it');
    assert.deepEqual(await group.level(), ['before', 'without it', 'with it']);
    assert.equal(killed.notebook.restored, 0, 'by the log');
  });

  it('have handed over by the time that a leader has stopped', async () => {
    await group.say('kept');
    const old = await group.leader();
    const others = await group.others();
    const beganMs = performance.now();
    await old.stop();
    const gaveUp = performance.now() - beganMs >= 2 * TEST_SETTINGS.electionTimeoutMs; // it waits no longer
    const successor = others.find(({ node }) => node.group.standpoint.role === 'leader');
    assert.ok(gaveUp || successor?.node.group.standpoint.settled, 'there is another leader, and it leads for good');
    const heir = await group.leader();
    assert.equal(await heir.node.group.propose(Buffer.from('next')), 2);
  });
});
