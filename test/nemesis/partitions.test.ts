import assert from 'node:assert/strict';
import { type Daemon, until } from '../support/daemon.ts';
import { groupScenarios, LONG } from './group-scenarios.ts';

groupScenarios(
  'a group on a broken network',
  { tree: [undefined, 0, 0], flavour: 'mariadb', limitMs: 240_000 },
  (stage, test) => {
    const { scenario } = stage;
    let said = 0;

    /** Something that the group agrees on, through one of these. */
    async function agrees(daemons: readonly Daemon[]): Promise<void> {
      said += 1;
      const { hostname, port } = scenario.replicas[0]!.key;
      const path = `begin-downtime/${hostname}/${port}/test/word-${said}/1h`;
      await until('a change is agreed on', async () => {
        const answers = await Promise.all(
          daemons.map((daemon) => daemon.api<{ Code: string }>(path).catch(() => undefined)),
        );
        return answers.some((answer) => answer?.Code === 'OK');
      });
    }

    async function refuses(daemon: Daemon): Promise<void> {
      const { hostname, port } = scenario.replicas[0]!.key;
      const answer = await daemon.api<{ Code: string }>(`begin-downtime/${hostname}/${port}/test/lost/1h`);
      assert.equal(answer.Code, 'ERROR');
    }

    /** What this node makes of the servers by itself. */
    async function sees({ url }: Daemon, analysis: string): Promise<void> {
      await until(`a node sees ${analysis}`, async () => {
        const answer = await fetch(`${url}/api/replication-analysis?stale=true`);
        const { Details } = (await answer.json()) as { Details: readonly { Analysis: string }[] };
        return Details.some(({ Analysis }) => Analysis === analysis);
      });
    }

    /** Everything is well again, and nothing was done to any server. */
    async function mended(): Promise<void> {
      await stage.network.mend();
      await agrees(stage.group.daemons);
      await stage.agree(0);
    }

    test('goes on wherever a majority is connected, and never fails over because of itself', async () => {
      await stage.start();
      const cases: readonly (readonly [
        string,
        (leader: Daemon, others: readonly Daemon[]) => Promise<readonly Daemon[]>,
      ])[] = [
        [
          'the leader alone on one side',
          async (leader, others) => {
            await stage.part([leader], others);
            return others;
          },
        ],
        [
          'a follower alone on one side',
          async (leader, [first, second]) => {
            await stage.part([first!], [leader, second!]);
            return [leader, second!];
          },
        ],
        [
          'the leader hears all, and nobody hears it',
          async (leader, others) => {
            await stage.deafen([leader], others);
            return others;
          },
        ],
        [
          'the leader is heard by all, and hears nobody',
          async (leader, others) => {
            await stage.deafen(others, [leader]);
            return others;
          },
        ],
        [
          'leader and one follower do not reach each other, the third one reaches both',
          async (leader, [first]) => {
            await stage.part([leader], [first!]);
            return stage.group.daemons;
          },
        ],
      ];
      for (const [title, apply] of cases) {
        const leader = await stage.group.leader();
        const served = await apply(
          leader,
          stage.group.daemons.filter((one) => one !== leader),
        );
        const cutOff = stage.group.daemons.filter((daemon) => !served.includes(daemon));
        await until(`${title}: there is a leader`, async () => {
          const leaders = await stage.group.leaders();
          return leaders.length === 1;
        });
        if (!served.includes(leader) && served.length === 2) {
          await until(`${title}: the old one knows`, async () => !(await stage.group.leads(leader)));
          await stage.heirOf(leader);
        }
        await agrees(served);
        if (served.length === 2) for (const daemon of cutOff) await refuses(daemon);
        await mended();
      }
    });

    test('of which no part has a majority recovers nothing, says so, and catches up when it is mended', async () => {
      await stage.start();
      await scenario.replicated(2);
      const { daemons } = stage.group;
      for (const daemon of daemons) await stage.part([daemon], daemons);
      await until('nobody leads', async () => (await stage.group.leaders()).length === 0);
      await scenario.kill(scenario.primary);
      for (const daemon of daemons) {
        await refuses(daemon);
        await until('its health says so', async () => (await fetch(`${daemon.url}/api/raft-health`)).status === 500);
      }
      for (const daemon of daemons) await sees(daemon, 'DeadMaster');
      assert.deepEqual(await scenario.writable(scenario.replicas), []);
      await stage.network.mend();
      scenario.watchedBy(await stage.group.leader());
      await scenario.healed(scenario.replicas, [1, 2]);
      await stage.agree(1);
    });

    if (!LONG) return;

    test('whose leader is cut off when the primary dies fails over once, by the majority', async () => {
      await stage.start();
      await scenario.replicated(2);
      const leader = await stage.group.leader();
      await stage.part([leader], await stage.group.others());
      await scenario.kill(scenario.primary);
      await stage.heirOf(leader);
      await scenario.healed(scenario.replicas, [1, 2]);
      await stage.network.mend();
      await stage.agree(1);
    });
  },
);
