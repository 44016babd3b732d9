// One daemon becomes a group of three and loses nothing; and one whose backend was changed behind its back gets the state of the others.

import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { backendTime } from '../../support/backend-fixture.ts';
import { Daemon, until } from '../../support/daemon.ts';
import { DaemonGroup } from '../../support/daemon-group.ts';

interface StateOfTables {
  readonly Sound: boolean;
  readonly Repairing: boolean;
  readonly LastRepair: { readonly Index: number; readonly From: string; readonly Reason: string } | null;
}

describe('the state of a group of daemons', function () {
  this.timeout(90_000);
  const net = `127.${randomInt(1, 255)}.${randomInt(1, 255)}`;
  const nodes = [1, 2, 3].map((number) => `${net}.${number}`);
  const daemons: Daemon[] = [];
  after(() => Promise.all(daemons.map((daemon) => daemon.stop())));

  const raft = (number: number, list: readonly string[]) => (directory: string, port: number) => ({
    ...{ RaftEnabled: true, RaftDataDir: join(directory, 'raft'), RaftBind: nodes[number - 1], RaftNodes: list },
    HTTPAdvertise: `http://127.0.0.1:${port}`,
  });
  const say = (daemon: Daemon, path: string) =>
    until(path, async () => (await daemon.api<{ Code: string }>(path)).Code === 'OK');
  const stateOf = async (daemon: Daemon) =>
    (await daemon.api<{ StateOfTables: StateOfTables | null }>('raft-status')).StateOfTables;
  const rules = (daemon: Daemon) =>
    daemon.rows('SELECT hostname FROM candidate_database_instance ORDER BY hostname').map(({ hostname }) => hostname);

  it('is all that one daemon had, also from before there was a group', async () => {
    const first = await Daemon.start({ seeds: [] });
    daemons.push(first);
    await say(first, 'register-candidate/alone/3306/prefer');
    await first.kill('SIGTERM');
    first.store("INSERT INTO kv_store VALUES ('mysql/master/main', 'alone:3306', ?)", [backendTime(Date.now())]);
    first.reconfigure(raft(1, nodes.slice(0, 1))(first.directory, first.port));
    await first.launch();
    await say(first, 'register-candidate/group-of-one/3306/prefer');
    await first.kill('SIGTERM');
    first.reconfigure({ RaftNodes: nodes });
    const started = [2, 3].map((number) => Daemon.start({ seeds: [], config: raft(number, nodes) }));
    await first.launch();
    daemons.push(...(await Promise.all(started)));
    await say(first, 'register-candidate/group-of-three/3306/prefer');
    await DaemonGroup.of(daemons).level();
    for (const daemon of daemons) {
      assert.deepEqual(rules(daemon), ['alone', 'group-of-one', 'group-of-three']);
      assert.equal(daemon.rows('SELECT * FROM kv_store').length, 1);
    }
    const voters = () => first.api<{ Members: { Kind: string }[] }>('raft-status');
    await until('all vote', async () => (await voters()).Members.filter(({ Kind }) => Kind === 'voter').length === 3);
  });

  it('comes back to a leader that has lost part of it: it hands over first, and nobody has to do anything', async () => {
    const group = DaemonGroup.of(daemons);
    await until('all have compared', async () =>
      daemons.every((daemon) => daemon.rows('SELECT standing FROM raft_position')[0]?.standing === 2),
    );
    const wrong = await group.leader();
    const [follower] = await group.others();
    assert.ok(follower);
    wrong.store('DELETE FROM candidate_database_instance WHERE hostname <> ?', ['alone']);
    wrong.store('UPDATE kv_store SET store_value = ?', ['somebody else']);
    await follower.kill('SIGTERM');
    follower.reconfigure({ RaftLabels: { zone: 'elsewhere' } }); // a change of the members' records: all compare what they hold
    await follower.launch();
    const led = await group.leads(wrong); // leadership may have moved meanwhile
    const repaired = await until('it has the state of the next leader', async () => {
      const state = await stateOf(wrong);
      return state?.Sound === true && state.LastRepair !== null && state.LastRepair;
    });
    assert.match(repaired.Reason, /it held something else than most others at entry \d+/);
    const handsOver = 'this node leads and holds something else than most others: it hands over';
    if (led) assert.ok(wrong.log().includes(handsOver));
    await group.level();
    assert.deepEqual(rules(wrong), ['alone', 'group-of-one', 'group-of-three']);
    const kept = readdirSync(join(wrong.directory, 'raft')).filter((name) => /^replaced-\d+\.state$/.test(name));
    assert.ok(kept.length > 0, 'what it held before is kept');
    await wrong.logged('"audit":"repair-state"');
    await say(wrong, 'register-candidate/afterwards/3306/prefer');
    await group.level();
    for (const daemon of daemons) await until('it is sound', async () => (await stateOf(daemon))?.Sound === true);
  });
});
