// Three to nine nodes that know nothing of a group are started at random times, and what they are told about each other is wrong for a
// while. Three of them are to found a group: they found one, or none as long as two could have been founded, and never two.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { nodeFiles } from '../../internal/raft/store/files.ts';
import { readIdentity } from '../../internal/raft/store/identity.ts';
import { SeededRandom } from '../sim/random.ts';
import { type Daemon, until } from '../support/daemon.ts';
import { FoundByFile } from './found-by-file.ts';
import { LONG, longScenarios, SEED } from './group-scenarios.ts';

const EXPECT = 3;
const MOST = 9;
/** In which all are started, and in which lists are wrong. */
const STORM_MS = 6_000;
const CONFUSION_EVERY_MS = 100;
const GATHER_LIMIT_MS = 90_000;
const LIMIT_MS = 240_000;

longScenarios(
  'a storm of nodes without a group',
  { tree: [undefined], nodes: MOST, limitMs: LIMIT_MS, flavours: ['mariadb'] },
  (stage, test) => {
    const groupOf = ({ directory }: Daemon) => {
      const file = join(directory, 'raft/identity.json');
      return existsSync(file) ? readIdentity(nodeFiles, file)?.clusterId : undefined;
    };

    async function storm(count: number, random: SeededRandom): Promise<void> {
      const hosts = stage.network.hosts.slice(0, count);
      const truth = hosts.map(({ address }) => `${address}:10008`);
      const lists = new FoundByFile(stage.scenario.directory, MOST, EXPECT);
      const { daemons } = await stage.prepare(lists.config, {
        particular: (at) => lists.particular(at, stage.network.hosts[at]!),
      });
      const started = daemons.slice(0, count);
      const groups = () => new Set(started.map(groupOf).filter((id) => id !== undefined));
      stage.strikesWith(`${count} nodes start within ${STORM_MS} ms, and are told nonsense`);
      const begin = async (daemon: Daemon) => {
        await delay(random.between(0, STORM_MS));
        await daemon.launch(GATHER_LIMIT_MS);
      };
      const all = Promise.all(started.map(begin));
      const end = performance.now() + STORM_MS;
      while (performance.now() < end) {
        lists.confuse(random, truth);
        assert.ok(groups().size <= 1, 'one group, or none');
        await delay(CONFUSION_EVERY_MS);
      }
      await all;
      lists.tellAll(truth);
      if (groups().size === 0 && count >= 2 * EXPECT) {
        const gone = started.splice(2 * EXPECT - 1);
        stage.strikesWith(`nobody may found: ${gone.length} go`);
        await Promise.all(gone.map((daemon) => stage.kills(daemon)));
        lists.tellAll(truth.slice(0, started.length));
      }
      await until(
        'all belong to one group',
        async () => {
          const ids = started.map(groupOf);
          assert.ok(groups().size <= 1, 'one group, or none');
          if (groups().size === 1 && !ids.includes(undefined)) return true;
          throw new Error(ids.join());
        },
        GATHER_LIMIT_MS,
      );
      await until('all are members', async () => {
        const { Members } = await stage.group.status(await stage.group.leader());
        return Members.length === started.length;
      });
      await stage.agrees(started);
      await stage.group.level(started);
    }

    for (const [at, count] of (LONG ? [3, 5, 6, 7, 9] : []).entries())
      test(`${count} of them found one, and all get into it, with seed ${SEED + at}`, () =>
        storm(count, new SeededRandom(SEED + at)));
  },
);
