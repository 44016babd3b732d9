// Faults in random order before a primary dies, and the same questions afterwards. `E2E_RANDOM_RUNS` asks for more runs than
// the few of `npm test`, `E2E_RANDOM_SEED` for one run again; the seed of each stands in its title.

import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import type { SandboxServer } from '../../scripts/sandbox/sandbox.ts';
import { until } from '../support/daemon.ts';
import { ownPosition, replicaStatus } from '../support/dialect.ts';
import { address, type Scenario, scenarios } from '../support/scenario.ts';

const RUNS = Number(process.env.E2E_RANDOM_RUNS ?? 3);
const FAULTS_PER_RUN = 8;
const seeds =
  process.env.E2E_RANDOM_SEED === undefined
    ? Array.from({ length: RUNS }, () => randomInt(1_000_000))
    : [Number(process.env.E2E_RANDOM_SEED)];

/** Numbers from 0 to 1 that depend on the seed only (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

type State = 'running' | 'receiver stopped' | 'applier stopped' | 'frozen' | 'dead';

/** The sandbox as the test knows it: what was done to each replica, and which rows it has received for certain. */
class World {
  readonly #scenario: Scenario;
  readonly #random: () => number;
  readonly #states: Map<SandboxServer, State>;
  readonly #received: Map<SandboxServer, Set<number>>;
  readonly log: string[] = [];
  #nextRow = 2;

  constructor(scenario: Scenario, seed: number) {
    this.#scenario = scenario;
    this.#random = randomFrom(seed);
    this.#states = new Map(scenario.replicas.map((replica) => [replica, 'running']));
    this.#received = new Map(scenario.replicas.map((replica) => [replica, new Set([1])]));
  }

  /** Replicas that answer. */
  get reachable(): readonly SandboxServer[] {
    return this.#in('running', 'receiver stopped', 'applier stopped');
  }

  /** Rows that somebody who answers has received: none of them may be lost. */
  get owed(): readonly number[] {
    const all = this.reachable.flatMap((replica) => [...(this.#received.get(replica) ?? [])]);
    return [...new Set(all)].sort((a, b) => a - b);
  }

  async step(): Promise<void> {
    const { words } = this.#scenario;
    const kind = this.#pick(['write', 'write', 'receiver', 'applier', 'freeze', 'kill', 'repair', 'repair'] as const);
    const victim = this.#pick(this.#in('running'));
    switch (kind) {
      case 'write':
        return this.#write();
      case 'repair':
        return this.#repair();
      case 'receiver':
        if (victim !== undefined) await this.#do(victim, 'receiver stopped', () => victim.query(words.stopReceiver));
        return;
      case 'applier':
        if (victim !== undefined) await this.#do(victim, 'applier stopped', () => victim.query(words.stopApplier));
        return;
      default:
        if (victim === undefined || this.reachable.length < 2) return; // somebody must be left to take over
        if (kind === 'freeze') await this.#do(victim, 'frozen', () => this.#scenario.freeze(victim));
        else await this.#do(victim, 'dead', () => this.#scenario.kill(victim));
    }
  }

  async killPrimary(): Promise<void> {
    const { primary } = this.#scenario;
    const how = this.#pick(['killed', 'killed', 'frozen'] as const);
    this.log.push(`primary ${how}`);
    if (how === 'frozen') await this.#scenario.freeze(primary);
    else await this.#scenario.kill(primary);
  }

  /** Those that were frozen or dead are back. */
  async wakeAll(): Promise<void> {
    for (const server of this.#in('frozen')) await this.#scenario.thaw(server);
    for (const server of this.#in('dead')) {
      await this.#scenario.revive(server);
      await server.protectReplica(); // nobody fences a replica
    }
  }

  async #write(): Promise<void> {
    const row = this.#nextRow;
    this.#nextRow += 1;
    this.log.push(`row ${row}`);
    await this.#scenario.insert(row);
    for (const replica of this.#in('running', 'applier stopped')) await this.#settle(replica);
  }

  async #repair(): Promise<void> {
    const { words } = this.#scenario;
    const replica = this.#pick(this.#in('receiver stopped', 'applier stopped', 'frozen', 'dead'));
    if (replica === undefined) return;
    const state = this.#states.get(replica);
    await this.#do(replica, 'running', async () => {
      if (state === 'frozen') await this.#scenario.thaw(replica);
      else if (state === 'dead') {
        await this.#scenario.revive(replica);
        await replica.protectReplica();
      } else await replica.query(words.startReplication);
    });
    await this.#settle(replica);
  }

  /** Waits until the replica has received what the primary has written so far. */
  async #settle(replica: SandboxServer): Promise<void> {
    const want = await ownPosition(this.#scenario.primary);
    await until(`${address(replica)} received all`, async () => (await replicaStatus(replica))?.read === want);
    this.#received.set(replica, new Set(await this.#scenario.rows(this.#scenario.primary)));
  }

  async #do(replica: SandboxServer, state: State, act: () => Promise<unknown>): Promise<void> {
    this.log.push(`${address(replica)} ${state}`);
    await act();
    this.#states.set(replica, state);
  }

  #in(...states: readonly State[]): readonly SandboxServer[] {
    return this.#scenario.replicas.filter((replica) => states.includes(this.#states.get(replica) ?? 'running'));
  }

  #pick<T>(choices: readonly T[]): T | undefined {
    return choices[Math.floor(this.#random() * choices.length)];
  }
}

scenarios('after random faults', { tree: [undefined, 0, 0, 0, 0] }, (scenario, test) => {
  for (const seed of seeds) {
    test(`a dead primary is replaced and nothing received is lost (seed ${seed})`, async () => {
      const world = new World(scenario, seed);
      try {
        await scenario.watching();
        for (let step = 0; step < FAULTS_PER_RUN; step += 1) await world.step();
        const { owed, reachable } = world;
        await world.killPrimary();
        const leader = await until('one leads', async () => (await scenario.writable(reachable))[0]);
        const held = await scenario.rows(leader);
        assert.deepEqual(
          owed.filter((row) => !held.includes(row)),
          [],
          'received rows were lost',
        );
        await scenario.healed(reachable, held);
        assert.equal((await scenario.recoveries('any')).filter(({ IsSuccessful }) => IsSuccessful).length, 1);
        await world.wakeAll();
      } catch (err) {
        console.log(`seed ${seed}: ${world.log.join('; ')}`);
        throw err;
      }
    });
  }
});
