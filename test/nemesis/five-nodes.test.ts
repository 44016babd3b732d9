// Five nodes on a network that parts in every way that a table can name, with clients of all of them all along. Wherever the links leave
// a majority that one node reaches both ways, the group agrees on changes there; whoever is cut off from it is quiet; and a leader that keeps
// its majority keeps its term, whatever the others try.

import assert from 'node:assert/strict';
import { type Daemon, until } from '../support/daemon.ts';
import { Clients } from './clients.ts';
import { longScenarios, SEED, type Stage } from './group-scenarios.ts';
import { checkHistory, describeOperation, describeVerdict } from './linearizability.ts';
import { maintenanceLock, verifyLocks } from './locks.ts';
import { QuietWatch } from './quiet-watch.ts';
import { downtimeRegister } from './registers.ts';

const CLIENTS = 3;
const LIMIT_MS = 300_000;

interface Parting {
  readonly title: string;
  /** @param others followers, in the order of their hosts */
  readonly strike: (stage: Stage, leader: Daemon, others: readonly Daemon[]) => Promise<void>;
  /** Numbers of followers on which changes are agreed to; by default all. */
  readonly serving?: readonly number[];
  /** The leader has no majority any more. By default it stays, in its term. */
  readonly deposed?: true;
}

const halves = (at: number) => async (stage: Stage, leader: Daemon, others: readonly Daemon[]) =>
  stage.part([leader, ...others.slice(0, at)], others.slice(at));

/** Every node reaches itself and its two neighbours: each of them is in the middle of a majority. */
async function ring(stage: Stage, leader: Daemon, others: readonly Daemon[]): Promise<void> {
  const nodes = [leader, ...others];
  for (const [at, node] of nodes.entries()) await stage.part([node], [nodes[(at + 2) % 5]!, nodes[(at + 3) % 5]!]);
}

const PARTINGS: readonly Parting[] = [
  { title: 'the leader and two more on one side', strike: halves(2), serving: [0, 1] },
  { title: 'the leader with one more on the smaller side', strike: halves(1), serving: [1, 2, 3], deposed: true },
  { title: 'the leader alone', strike: halves(0), serving: [0, 1, 2, 3], deposed: true },
  {
    title: 'one follower alone',
    strike: (stage, leader, [one, ...rest]) => stage.part([one!], [leader, ...rest]),
    serving: [1, 2, 3],
  },
  {
    title: 'two sides with the leader between them',
    strike: (stage, _leader, others) => stage.part(others.slice(0, 2), others.slice(2)),
  },
  {
    title: 'two sides with a follower between them',
    strike: (stage, leader, [bridge, near, ...far]) => {
      void bridge;
      return stage.part([leader, near!], far);
    },
    serving: [0, 1],
  },
  { title: 'a ring of overlapping majorities', strike: ring, serving: [0, 3] },
  {
    title: 'the leader sees all, and nobody sees it',
    strike: (stage, leader, others) => stage.deafen([leader], others),
    serving: [0, 1, 2, 3],
    deposed: true,
  },
  {
    title: 'the leader is seen by all, and sees nobody',
    strike: (stage, leader, others) => stage.deafen(others, [leader]),
    serving: [0, 1, 2, 3],
    deposed: true,
  },
  {
    title: 'a follower sees all, and nobody sees it',
    strike: (stage, leader, [one, ...rest]) => stage.deafen([one!], [leader, ...rest]),
    serving: [1, 2, 3],
  },
  {
    title: 'a follower is seen by all, and sees nobody',
    strike: (stage, leader, [one, ...rest]) => stage.deafen([leader, ...rest], [one!]),
    serving: [1, 2, 3],
  },
  {
    title: 'the leader cut off from the primary only',
    strike: async (stage, leader) => {
      if (stage.network.cutsServers) await stage.blind([leader], stage.scenario.primary);
    },
  },
];

longScenarios(
  'five nodes on a broken network',
  { tree: [undefined, 0, 0], nodes: 5, limitMs: LIMIT_MS },
  (stage, test) => {
    const { scenario } = stage;
    let said = 0;

    async function agree(daemons: readonly Daemon[]): Promise<void> {
      said += 1;
      const { hostname, port } = scenario.primary.key;
      const path = `begin-downtime/${hostname}/${port}/test/word-${said}/1h`;
      for (const daemon of daemons)
        await until(`${stage.nameOf(daemon)} has a change agreed on`, async () => {
          return (await daemon.api<{ Code: string }>(path)).Code === 'OK';
        });
    }

    async function pass({ title, strike, serving = [0, 1, 2, 3], deposed }: Parting): Promise<void> {
      const leader = await stage.group.leader();
      const others = await stage.group.others();
      const { Term: term } = await stage.group.status(leader);
      await strike(stage, leader, others);
      const served = serving.map((at) => others[at]!);
      if (deposed) {
        await until(`${title}: it knows`, async () => !(await stage.group.leads(leader)));
        const quiet = new QuietWatch(leader, scenario.replicas[0]!);
        await stage.heirOf(leader);
        await agree(served);
        await quiet.verify();
      } else {
        await agree([leader, ...served]);
        const now = await stage.group.status(leader);
        assert.deepEqual([now.State, now.Term], ['Leader', term], `${title}: the leader keeps its term`);
      }
      await stage.network.mend();
      await agree(stage.group.daemons);
      await stage.agree(0);
    }

    test(`keeps what was acknowledged and one leader, however it parts (seed ${SEED})`, async () => {
      await stage.start();
      const { daemons } = stage.group;
      const registers = new Clients(downtimeRegister, CLIENTS, daemons, scenario.replicas, SEED);
      const locks = new Clients(maintenanceLock, CLIENTS, daemons, scenario.replicas, SEED + 100);
      const both = { registers, locks };
      for (const [name, { history }] of Object.entries(both))
        stage.papers.set(`${name}.txt`, () => history.map(describeOperation).join('\n'));
      try {
        for (const parting of PARTINGS) await pass(parting);
      } finally {
        await Promise.all([registers.stop(), locks.stop()]);
      }
      for (const clients of [registers, locks]) {
        assert.ok(clients.acknowledged > 50, `only ${clients.acknowledged} changes were acknowledged`);
        assert.ok(clients.readings > 50, `only ${clients.readings} readings were answered`);
        assert.equal(describeVerdict(checkHistory(clients.history)), 'linearizable');
      }
      await stage.group.level();
      verifyLocks(daemons, locks.history);
    });
  },
);
