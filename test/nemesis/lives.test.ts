// Nodes that come back as something else: with an empty disk, which may have held promises, or at another address, where nobody looks
// for them yet.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { nodeFiles } from '../../internal/raft/store/files.ts';
import { readIdentity } from '../../internal/raft/store/identity.ts';
import { type Daemon, until } from '../support/daemon.ts';
import { OTHER_PORT } from '../support/daemon-group.ts';
import { FoundByFile } from './found-by-file.ts';
import { longScenarios } from './group-scenarios.ts';

const LIMIT_MS = 180_000;

longScenarios('a node that comes back', { tree: [undefined, 0, 0], limitMs: LIMIT_MS }, (stage, test) => {
  const { scenario } = stage;

  const identityOf = ({ directory }: Daemon) => readIdentity(nodeFiles, join(directory, 'raft/identity.json'));

  async function votes(daemon: Daemon, name: string): Promise<void> {
    await until(`${name} votes`, async () => {
      const { Members } = await stage.group.status(await stage.group.leader());
      const found = Members.filter((one) => one.Name === name);
      if (Members.length === 3 && found.length === 1 && found[0]!.Kind === 'voter') return true;
      throw new Error(JSON.stringify(Members));
    });
    assert.ok(daemon.runs);
  }

  /** Another one is lost: what is left is a majority only with the one that came back. */
  async function goesOnWithIt(daemon: Daemon): Promise<void> {
    const leader = await stage.group.leader();
    const other = leader === daemon ? (await stage.group.others())[0]! : leader;
    await stage.kills(other);
    if (other === leader) await stage.heirOf(leader);
    await stage.agrees([daemon]);
    await scenario.kill(scenario.primary);
    await scenario.healed(scenario.replicas, [1, 2]);
    await other.launch();
    await stage.agree(1);
  }

  for (const role of ['follower', 'leader'] as const)
    test(`with an empty disk, having been a ${role}, is taken in as a new one, votes, and others may be lost`, async () => {
      await stage.start();
      await scenario.replicated(2);
      const leader = await stage.group.leader();
      const wiped = role === 'leader' ? leader : (await stage.group.others())[0]!;
      const before = identityOf(wiped)!;
      await stage.agrees();
      await stage.kills(wiped);
      stage.strikesWith('its disk is emptied');
      wiped.wipe();
      await stage.heirOf(...(role === 'leader' ? [wiped] : []));
      await stage.agrees();
      await wiped.launch();
      await until('it belongs to the group', async () => identityOf(wiped)?.clusterId !== undefined);
      await votes(wiped, before.nodeId);
      const after = identityOf(wiped)!;
      assert.equal(after.clusterId, before.clusterId);
      assert.notEqual(after.incarnation, before.incarnation);
      await stage.allKnow([wiped]);
      await stage.group.level();
      await goesOnWithIt(wiped);
    });

  for (const role of ['follower', 'leader'] as const)
    test(`at another address, having been a ${role}, is found there as the one it was`, async () => {
      const { hosts, kind } = stage.network;
      const lists = new FoundByFile(scenario.directory, 3);
      await stage.prepare(lists.config, { particular: (at) => lists.particular(at, hosts[at]!) });
      lists.tellAll(hosts.map(({ address }) => `${address}:10008`));
      await Promise.all(stage.group.daemons.map((daemon) => daemon.launch()));
      await stage.serves();
      await scenario.replicated(2);
      const leader = await stage.group.leader();
      const moved = role === 'leader' ? leader : (await stage.group.others())[0]!;
      const before = identityOf(moved)!;
      const host = stage.hostOf(moved);
      await stage.kills(moved);
      stage.strikesWith('it moves to another address');
      // a host of a network of our own can have one more address; otherwise it is another port
      const address =
        kind === 'namespaces' ? host.address.replace(/\d+$/, (last) => `${100 + Number(last)}`) : host.address;
      if (kind === 'namespaces') await host.runs('ip', ['address', 'add', `${address}/24`, 'dev', 'eth0']);
      const bind = kind === 'namespaces' ? address : host.bind;
      moved.reconfigure({ RaftBind: `${bind}:${OTHER_PORT}`, RaftAdvertise: `${address}:${OTHER_PORT}` });
      await stage.heirOf(...(role === 'leader' ? [moved] : []));
      await stage.agrees();
      await moved.launch();
      await until('the others have its address', async () => {
        const { Members } = await stage.group.status(await stage.group.leader());
        return Members.some((one) => one.Name === before.nodeId && one.Address === `${address}:${OTHER_PORT}`);
      });
      await votes(moved, before.nodeId);
      assert.equal(identityOf(moved)?.incarnation, before.incarnation, 'it is the same');
      await stage.group.level();
      await goesOnWithIt(moved);
      if (kind === 'namespaces') await host.runs('ip', ['address', 'delete', `${address}/24`, 'dev', 'eth0']);
    });
});
