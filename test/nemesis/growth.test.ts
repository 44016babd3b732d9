// A group that grows from three nodes to nine and shrinks back, while a client writes through whichever node it comes to.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { runCli } from '../support/cli.ts';
import { type Daemon, until } from '../support/daemon.ts';
import { DaemonGroup } from '../support/daemon-group.ts';
import { LONG } from './group-scenarios.ts';

const FOUNDERS = 3;
const MOST = 9;
const MOST_VOTERS = 5;
const WRITE_PAUSE_MS = 20;
const ANSWER_MS = 5_000;

interface Status {
  readonly Tolerates: number;
  readonly Members: readonly { readonly Address: string; readonly Kind: string; readonly Healthy: boolean }[];
}

/** Writes downtimes, each of another server, and asks a second node once where the first one fails. */
class Writer {
  readonly acknowledged: string[] = [];
  readonly failed: string[] = [];
  retried = 0;
  longestMs = 0;
  readonly #nodes: () => readonly Daemon[];
  readonly #stays: readonly Daemon[];
  readonly #done: Promise<void>;
  #over = false;

  /** @param stays nodes that are never taken away: one of these is asked the second time */
  constructor(nodes: () => readonly Daemon[], stays: readonly Daemon[]) {
    this.#nodes = nodes;
    this.#stays = stays;
    this.#done = this.#run();
  }

  async stop(): Promise<void> {
    this.#over = true;
    await this.#done;
  }

  async #run(): Promise<void> {
    for (let number = 0; !this.#over; number += 1) {
      const host = `db${number}.example`;
      const nodes = this.#nodes();
      const beganMs = performance.now();
      const first = await write(nodes[number % nodes.length], host);
      if (first !== 'OK') this.retried += 1;
      const last = first === 'OK' ? first : await write(this.#stays[number % this.#stays.length], host);
      this.longestMs = Math.max(this.longestMs, performance.now() - beganMs);
      if (last === 'OK') this.acknowledged.push(host);
      else this.failed.push(`${host}: ${first}; ${last}`);
      await pause(WRITE_PAUSE_MS);
    }
  }
}

/** `OK`, or why not. */
async function write(daemon: Daemon | undefined, host: string): Promise<string> {
  try {
    const path = `${daemon?.url}/api/begin-downtime/${host}/3306/growth/test/1h`;
    const answer = await fetch(path, { signal: AbortSignal.timeout(ANSWER_MS) });
    const { Code, Message } = (await answer.json()) as { readonly Code: string; readonly Message: string };
    return Code === 'OK' ? Code : Message;
  } catch (err) {
    return String(err);
  }
}

if (LONG)
  describe('nemesis: a group that grows and shrinks', function () {
    this.timeout(300_000);
    let group: DaemonGroup;

    before(async () => {
      group = await DaemonGroup.start({ size: FOUNDERS, spares: MOST - FOUNDERS, seeds: [] });
    });
    after(() => group.stop());

    async function status(): Promise<Status> {
      return (await group.leader()).api<Status>('raft-status');
    }

    const membersAre = (voters: number, others: number) =>
      until(`${voters} voters and ${others} others are well`, async () => {
        const { Members } = await status();
        const ofKind = (kind: string) => Members.filter(({ Kind, Healthy }) => Kind === kind && Healthy).length;
        return Members.length === voters + others && ofKind('voter') === voters && ofKind('learner') === others;
      });

    it(`goes from ${FOUNDERS} nodes to ${MOST} and back, and loses no write of a client that asks twice`, async () => {
      const founders = [...group.daemons];
      const writer = new Writer(() => group.daemons.filter(({ runs }) => runs), founders);
      const beganMs = performance.now();
      while (group.daemons.length < MOST) {
        await group.grow();
        await until('it is in', async () => (await status()).Members.length === group.daemons.length);
      }
      await membersAre(MOST_VOTERS, MOST - MOST_VOTERS);
      assert.equal((await status()).Tolerates, 2);
      const grownMs = performance.now();
      const grown = writer.acknowledged.length;

      const config = join(founders[0]?.directory ?? '', 'orchestrator.conf.json');
      const scaleDown = ['-config', config, '-c', 'raft-scale-down', '-to', String(FOUNDERS)];
      const { status: code, stdout, stderr } = await runCli(scaleDown);
      assert.equal(code, 0, stderr);
      const lines = stdout.trim().split('\n');
      assert.equal(lines.length, MOST - FOUNDERS + 1, stdout);
      assert.equal(lines.at(-1), `the group has ${FOUNDERS} members`);
      const shrunkMs = performance.now();
      await membersAre(FOUNDERS, 0);
      const leavers = group.daemons.slice(FOUNDERS);
      await until('those that were removed have ended', async () => leavers.every(({ runs }) => !runs));
      for (const daemon of leavers) assert.match(daemon.log(), /the group has removed this node/);
      assert.equal((await runCli(scaleDown)).stdout, `the group has ${FOUNDERS} members\n`);
      const before = writer.acknowledged.length;
      await until('more is written', async () => writer.acknowledged.length > before + 20);
      await writer.stop();

      assert.deepEqual(writer.failed, []);
      await group.level(founders);
      for (const downtimes of group.downtimes().slice(0, FOUNDERS)) {
        const hosts = new Set(downtimes.map((row) => (row as { readonly hostname: string }).hostname));
        assert.deepEqual(
          writer.acknowledged.filter((host) => !hosts.has(host)),
          [],
        );
      }
      const seconds = (ms: number) => (ms / 1000).toFixed(1);
      console.log(
        `      grown in ${seconds(grownMs - beganMs)} s, shrunk in ${seconds(shrunkMs - grownMs)} s; ${writer.acknowledged.length} writes (${grown} while it grew), ${writer.retried} asked twice, 0 failed, the longest took ${Math.round(writer.longestMs)} ms`,
      );
    });
  });
