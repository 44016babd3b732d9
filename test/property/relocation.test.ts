// Moves on random trees, some of whose servers cannot serve anybody or are dead: what is planned is carried out on servers that count events,
// and judged by rules that say only what must be true afterwards.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { GtidState, Instance } from '../../internal/topology/instance.ts';
import type { InstanceKey } from '../../internal/topology/instance-key.ts';
import type { MovePlan, NoMove } from '../../internal/topology/move-steps.ts';
import { planRelocation } from '../../internal/topology/relocation-plan.ts';
import { planCoPrimary, planTakeSource } from '../../internal/topology/role-plans.ts';
import { aSnapshot, PLAN_OPTIONS } from '../support/a-cluster.ts';
import { type ModelServer, MovingServers } from '../support/moving-servers.ts';
import { anInstance, aReplication, mariadbGtid, mysqlGtid, uuid } from '../unit/topology/builders.ts';

const WAYS = ['mysql', 'mariadb', 'none', 'markers'] as const;
/** Why a server is no source to others; `purged` is told by MySQL GTIDs alone. */
const FLAWS = ['none', 'none', 'none', 'no binary log', 'no updates in it', 'purged'] as const;
const OPERATIONS = ['relocate', 'relocate', 'take-master', 'take-siblings', 'make-co-master'] as const;

interface World {
  /** Each server but the first has an earlier one as its source. */
  readonly tree: readonly (number | undefined)[];
  readonly way: (typeof WAYS)[number];
  /** Of those that nobody follows. */
  readonly flaws: readonly (typeof FLAWS)[number][];
  readonly dead: number | undefined;
}

const worlds: fc.Arbitrary<World> = fc
  .record({
    picks: fc.array(fc.nat(), { minLength: 2, maxLength: 7 }),
    way: fc.constantFrom(...WAYS),
    flaws: fc.array(fc.constantFrom(...FLAWS), { minLength: 7, maxLength: 7 }),
    dead: fc.option(fc.nat({ max: 6 }), { nil: undefined, freq: 3 }),
  })
  .map(({ picks, way, flaws, dead }) => {
    const tree = picks.map((pick, at) => (at === 0 ? undefined : pick % at));
    const own = tree.map((_above, at) => (at === 0 || tree.includes(at) ? 'none' : (flaws[at] ?? 'none')));
    return { tree, way, flaws: own, dead: dead === undefined || dead >= tree.length ? undefined : dead };
  });

const keyOf = (at: number): InstanceKey => ({ hostname: `h${at}`, port: 3306 });
const EXECUTED = `${uuid(99)}:1-5`;

function instances({ tree, way, flaws, dead }: World): readonly Instance[] {
  return tree.map((above, at) => {
    const purged = flaws[at] === 'purged' ? `${uuid(99)}:1-9` : `${uuid(99)}:1-2`;
    const executed = flaws[at] === 'purged' ? `${uuid(99)}:1-12` : EXECUTED;
    return anInstance(at, {
      family: way === 'mariadb' ? 'mariadb' : 'mysql',
      version: way === 'mariadb' ? '10.11.6-MariaDB' : '8.4.3',
      gtid: gtidOf(way, executed, purged),
      binlogEnabled: flaws[at] !== 'no binary log',
      logReplicaUpdates: flaws[at] !== 'no updates in it' && flaws[at] !== 'no binary log',
      readOnly: above !== undefined,
      replication:
        above === undefined
          ? undefined
          : aReplication({
              source: keyOf(above),
              receiver: above === dead ? 'other' : 'running',
              gtid: way === 'markers' ? 'none' : way,
            }),
      usesPseudoGtid: way === 'markers',
    });
  });
}

function gtidOf(way: World['way'], executed: string, purged: string): GtidState {
  if (way === 'mariadb') return mariadbGtid('0-1-5');
  return way === 'mysql' ? mysqlGtid(executed, { purged }) : mysqlGtid('', { mode: 'OFF' });
}

/** Whether the one can replicate from the other, as far as anybody can know. */
function serves({ flaws, way }: World, source: number, replica: number): boolean {
  const lacks = way === 'mysql' && flaws[replica] !== 'purged';
  return flaws[source] === 'none' || (flaws[source] === 'purged' && !lacks);
}

function descends({ tree }: World, low: number, high: number): boolean {
  for (let at: number | undefined = low; at !== undefined; at = tree[at]) if (at === high) return true;
  return false;
}

/** Whose source is to be whose, when all goes well. */
interface Wanted {
  readonly plan: MovePlan | NoMove;
  readonly follows: ReadonlyMap<number, number>;
  /** It cannot be. */
  readonly impossible: boolean;
}

function wanted(world: World, operation: (typeof OPERATIONS)[number], from: number, to: number): readonly Wanted[] {
  const { tree } = world;
  const members = instances(world);
  const snapshot = aSnapshot(members, world.dead === undefined ? [] : [keyOf(world.dead)]);
  const of = (at: number) => members[at] ?? assert.fail();
  const below = (replica: number, above: number): Wanted => ({
    plan: planRelocation({ snapshot, replica: of(replica), below: of(above), options: PLAN_OPTIONS }),
    follows: new Map([[replica, above]]),
    impossible: replica === 0 || descends(world, above, replica) || !serves(world, above, replica),
  });
  const ends = { snapshot, replica: of(from), options: PLAN_OPTIONS };
  const source = tree[from];
  const above = source === undefined ? undefined : tree[source];
  switch (operation) {
    case 'relocate':
      return [below(from, to)];
    case 'take-siblings': {
      const siblings = tree.flatMap((one, at) => (one !== undefined && one === source && at !== from ? [at] : []));
      return siblings.map((sibling) => below(sibling, from));
    }
    case 'take-master':
      return [
        {
          plan: planTakeSource(ends),
          follows: new Map(source === undefined || above === undefined ? [] : [[from, above] as const, [source, from]]),
          impossible: source === undefined || above === undefined || !serves(world, from, source),
        },
      ];
    case 'make-co-master':
      return [
        {
          plan: planCoPrimary(ends),
          follows: new Map(source === undefined ? [] : [[source, from]]),
          impossible: source !== 0 || !serves(world, from, 0),
        },
      ];
  }
}

describe('moves on random trees', () => {
  it('end in a tree, or the pair that was asked for, in which everybody replicates from one that serves him, and nothing is lost', () => {
    const outcomes = new Map<string, number>();
    const chances = fc.array(fc.nat({ max: 9 }), { minLength: 40, maxLength: 40 });
    fc.assert(
      fc.property(
        worlds,
        fc.constantFrom(...OPERATIONS),
        fc.nat(),
        fc.nat(),
        chances,
        (world, operation, a, b, drawn) => {
          const [from, to] = [a % world.tree.length, b % world.tree.length];
          if (from === world.dead || (operation === 'relocate' && to === world.dead)) return; // it is refused before: it does not answer
          let next = 0;
          const servers = new MovingServers(modelOf(world), () => drawn[next++ % drawn.length] ?? 0);
          const sources = new Map(world.tree.map((above, at) => [at, above] as const));
          const received = world.tree.map((_above, at) => servers.of(keyOf(at)).received);
          for (const { plan, follows, impossible } of wanted(world, operation, from, to)) {
            if (impossible) assert.equal(plan.kind, 'refused', JSON.stringify(plan));
            else if (world.dead === undefined) assert.equal(plan.kind, 'move', JSON.stringify(plan));
            count(outcomes, `${operation} ${plan.kind}`);
            if (plan.kind === 'refused') continue;
            for (const step of plan.steps)
              if (step.kind === 'follow') assert.ok(serves(world, indexOf(step.source), indexOf(step.target)));
            if (servers.run(plan.steps) === 'out of time') {
              assert.notEqual(world.dead, undefined, 'what lives is worth waiting for');
              count(outcomes, 'out of time');
              for (const at of follows.keys()) sources.set(at, sourceOf(servers, at)); // wherever it has got
            } else for (const [at, above] of follows) sources.set(at, above);
          }
          servers.settle();
          const written = servers.of(keyOf(0)).applied;
          for (const [at, above] of sources) {
            const server = servers.of(keyOf(at));
            assert.equal(sourceOf(servers, at), above, `${at} follows ${above}`);
            assert.ok(above === undefined || (server.receiving && server.applying), `${at} replicates`);
            assert.ok(server.applied >= (received[at] ?? 0), `${at} has what it had received`);
            if (hears(world, sources, at)) assert.equal(server.applied, written, `${at} has everything`);
          }
          assertNoRing(sources, operation === 'make-co-master' ? [0, from] : []);
        },
      ),
      { numRuns: 1_500 },
    );
    for (const operation of new Set(OPERATIONS))
      for (const kind of ['move', 'refused'])
        assert.ok((outcomes.get(`${operation} ${kind}`) ?? 0) > 0, `${operation} ${kind}: ${[...outcomes]}`);
  });
});

function count(outcomes: Map<string, number>, outcome: string): void {
  outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
}

const indexOf = ({ hostname }: InstanceKey) => Number(hostname.slice(1));

function sourceOf(servers: MovingServers, at: number): number | undefined {
  const { source } = servers.of(keyOf(at));
  return source && indexOf(source);
}

/** Whether what the primary writes reaches it: nobody on the way is dead. */
function hears({ dead }: World, sources: ReadonlyMap<number, number | undefined>, at: number): boolean {
  const seen = new Set<number>();
  for (let one: number | undefined = at; one !== undefined && !seen.has(one); one = sources.get(one)) {
    if (one === dead) return false;
    seen.add(one);
  }
  return true;
}

/** @param pair the only two that may replicate from each other */
function assertNoRing(sources: ReadonlyMap<number, number | undefined>, pair: readonly number[]): void {
  for (const start of sources.keys()) {
    const path: number[] = [];
    for (let at: number | undefined = start; at !== undefined; at = sources.get(at)) {
      if (path.includes(at)) {
        assert.deepEqual(path.slice(path.indexOf(at)).sort(), [...pair].sort(), `a ring: ${path}`);
        break;
      }
      path.push(at);
    }
  }
}

function modelOf({ tree, dead }: World): readonly ModelServer[] {
  return tree.map((above, at) => ({
    key: keyOf(at),
    source: above === undefined ? undefined : keyOf(above),
    ...{ applied: 5, received: 5, base: 1_000 * (at + 1) },
    ...{ receiving: above !== undefined, applying: above !== undefined },
    dead: at === dead,
  }));
}
