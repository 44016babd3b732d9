// Three daemons without database servers: how long they are without a leader, and what a client notices of it; and how long one takes to
// start with a long log.

import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { type Daemon, until } from '../support/daemon.ts';
import { DaemonGroup } from '../support/daemon-group.ts';
import type { Figure } from './figures.ts';

const LOOK_MS = 2;
const LIMIT_MS = 30_000;
const ENTRIES = 100_000;
/** Requests at a time while the log is filled. */
const WIDTH = 64;

/** From the end of the leader to another daemon that says it leads; and the same for one that is asked to give up its office. */
export async function daemons(runs: number): Promise<readonly Figure[]> {
  const group = await DaemonGroup.start({ seeds: [] });
  try {
    const losses: number[] = [];
    for (let run = 0; run < runs; run += 1) losses.push(await lose(group));
    const handOvers: number[] = [];
    const client = new Client(group);
    for (let run = 0; run < runs; run += 1) handOvers.push(await handOver(group));
    const { written, retried, failed, slowestMs } = await client.stop();
    return [
      { what: 'kill -9 of the leader to the next that leads', unit: 'ms', samples: losses },
      { what: 'planned hand-over to the next that leads', unit: 'ms', samples: handOvers },
      { what: 'words of a client during all hand-overs', unit: '', samples: [written] },
      { what: 'asked twice', unit: '', samples: [retried] },
      { what: 'failed', unit: '', samples: [failed] },
      { what: 'slowest of them', unit: 'ms', samples: [slowestMs] },
    ];
  } finally {
    await group.stop();
  }
}

/** A daemon that is alone in its group, killed with a long log, to the moment that it is ready. */
export async function restart(runs: number): Promise<readonly Figure[]> {
  const group = await DaemonGroup.start({
    seeds: [],
    size: 1,
    config: { RaftSnapshotEntries: 2 * ENTRIES, RaftSnapshotLogBytes: 1024 ** 3 },
  });
  try {
    const [daemon] = group.daemons;
    if (daemon === undefined) throw new Error('no daemon');
    const perSecond = await fill(daemon);
    const times: number[] = [];
    for (let run = 0; run < runs; run += 1) {
      await daemon.kill('SIGKILL');
      const beganMs = performance.now();
      await daemon.launch();
      await until('ready', async () => (await fetch(`${daemon.url}/readyz`)).ok, LIMIT_MS);
      times.push(performance.now() - beganMs);
    }
    return [
      { what: `words of ${WIDTH} clients, one daemon`, unit: 'per second', samples: [perSecond] },
      { what: `kill -9 with ${ENTRIES} entries to ready`, unit: 'ms', samples: times },
    ];
  } finally {
    await group.stop();
  }
}

async function lose(group: DaemonGroup): Promise<number> {
  const leader = await settled(group);
  const beganMs = performance.now();
  await leader.kill('SIGKILL');
  await next(group, leader);
  const tookMs = performance.now() - beganMs;
  await leader.launch();
  return tookMs;
}

async function handOver(group: DaemonGroup): Promise<number> {
  const leader = await settled(group);
  const beganMs = performance.now();
  const [asked] = await Promise.all([fetch(`${leader.url}/api/reelect`), next(group, leader)]);
  if (!asked.ok) throw new Error(await asked.text());
  return performance.now() - beganMs;
}

/** The leader, once all are level with it. */
async function settled(group: DaemonGroup): Promise<Daemon> {
  const leader = await group.leader();
  await until('all are level', async () => {
    for (const daemon of group.daemons) if (!(await fetch(`${daemon.url}/readyz?sync=true`)).ok) return false;
    return true;
  });
  return leader;
}

async function next(group: DaemonGroup, old: Daemon): Promise<void> {
  const others = group.daemons.filter((daemon) => daemon !== old);
  for (const beganMs = performance.now(); performance.now() - beganMs < LIMIT_MS; await delay(LOOK_MS))
    if ((await Promise.all(others.map((daemon) => group.leads(daemon)))).some((leads) => leads)) return;
  throw new Error('nobody leads');
}

/** Puts one server after the other into downtime, through all daemons in turn, and asks once more where that fails. */
class Client {
  readonly #group: DaemonGroup;
  readonly #running: Promise<void>;
  #written = 0;
  #retried = 0;
  #failed = 0;
  #slowestMs = 0;
  #stopped = false;

  constructor(group: DaemonGroup) {
    this.#group = group;
    this.#running = this.#run();
  }

  async stop() {
    this.#stopped = true;
    await this.#running;
    return { written: this.#written, retried: this.#retried, failed: this.#failed, slowestMs: this.#slowestMs };
  }

  async #run(): Promise<void> {
    const { daemons: all } = this.#group;
    for (let turn = 0; !this.#stopped; turn += 1) {
      const beganMs = performance.now();
      const first = await this.#say(all[turn % all.length], turn);
      if (!first) this.#retried += 1;
      if (first || (await this.#say(all[(turn + 1) % all.length], turn))) this.#written += 1;
      else this.#failed += 1;
      this.#slowestMs = Math.max(this.#slowestMs, performance.now() - beganMs);
    }
  }

  async #say(daemon: Daemon | undefined, turn: number): Promise<boolean> {
    return fetch(`${daemon?.url}/api/begin-downtime/db${turn % 100}.example/3306/bench/hand-over/1h`).then(
      ({ ok }) => ok,
      () => false,
    );
  }
}

/** Words per second. */
async function fill(daemon: Daemon): Promise<number> {
  let said = 0;
  const beganMs = performance.now();
  const client = async (): Promise<void> => {
    while (said < ENTRIES) {
      said += 1;
      const answer = await fetch(`${daemon.url}/api/begin-downtime/db${said % 1_000}.example/3306/bench/filling/1h`);
      if (!answer.ok) throw new Error(await answer.text());
      await answer.arrayBuffer();
    }
  };
  await Promise.all(Array.from({ length: WIDTH }, client));
  return ENTRIES / ((performance.now() - beganMs) / 1_000);
}
