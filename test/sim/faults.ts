import type { SimNode } from './node.ts';
import type { FaultFamily } from './plan.ts';
import type { World } from './world.ts';

interface Fault {
  readonly name: string;
  readonly family: FaultFamily;
  readonly strike: (world: World) => void;
}

const FAULTS: readonly Fault[] = [
  { name: 'one node cut off', family: 'network', strike: (world) => isolate(world, [world.random.pick(all(world))]) },
  { name: 'leader cut off', family: 'network', strike: (world) => isolate(world, leaderOf(world)) },
  { name: 'halves', family: 'network', strike: (world) => isolate(world, half(world)) },
  { name: 'one link cut', family: 'network', strike: (world) => onePair(world, (a, b) => both(world, a, b)) },
  {
    name: 'one way cut',
    family: 'network',
    strike: (world) => onePair(world, (a, b) => world.network.cut(a.id, b.id)),
  },
  { name: 'bridge', family: 'network', strike: bridge },
  { name: 'ring', family: 'network', strike: ring },
  { name: 'leader heard by nobody', family: 'network', strike: (world) => muteLeader(world) },
  { name: 'leader hears late, then is heard by nobody', family: 'network', strike: slowAnswers },
  {
    name: 'links clogged',
    family: 'network',
    strike: (world) => onePair(world, (a, b) => world.network.clog(a.id, b.id)),
  },
  { name: 'clogged links released', family: 'network', strike: (world) => world.network.release() },
  { name: 'slow link', family: 'network', strike: slowLink },
  { name: 'old messages again', family: 'network', strike: (world) => world.network.replay(world.random.whole(1, 8)) },
  { name: 'network heals', family: 'network', strike: (world) => world.network.heal() },
  { name: 'network heals', family: 'network', strike: (world) => world.network.heal() },
  { name: 'node crashes', family: 'process', strike: (world) => crashSome(world, 1) },
  { name: 'leader crashes', family: 'process', strike: (world) => crashThese(world, leaderOf(world)) },
  {
    name: 'node restarts at once',
    family: 'process',
    strike: (world) => restartAtOnce(world, world.random.pick(all(world))),
  },
  {
    name: 'all restart at once',
    family: 'process',
    strike: (world) => all(world).forEach((node) => void restartAtOnce(world, node)),
  },
  { name: 'all crash', family: 'process', strike: (world) => crashSome(world, all(world).length) },
  {
    name: 'some crash',
    family: 'process',
    strike: (world) => crashSome(world, world.random.whole(1, all(world).length)),
  },
  { name: 'node pauses', family: 'process', strike: (world) => pause(world, world.random.pick(all(world))) },
  {
    name: 'leader pauses',
    family: 'process',
    strike: (world) => leaderOf(world).forEach((node) => void pause(world, node)),
  },
  { name: 'wall clock jumps', family: 'clock', strike: jump },
];

/** Plans the next fault of the run's families again and again, until the faults are over. */
export function scheduleFaults(world: World): void {
  const faults = FAULTS.filter(({ family }) => world.plan.families.includes(family));
  if (faults.length === 0) return;
  const strike = () => {
    if (!world.faulty) return;
    const fault = world.random.pick(faults);
    if (world.alive.length > 0) {
      world.count(`fault: ${fault.name}`);
      fault.strike(world);
    }
    world.timeline.after(world.plan.faultEveryMs * world.random.between(0.2, 2), strike);
  };
  world.timeline.after(world.plan.faultEveryMs * world.random.between(0, 3), strike);
}

export const FAULT_NAMES: readonly string[] = [...new Set(FAULTS.map(({ name }) => name))];

function all(world: World): readonly SimNode[] {
  return world.alive;
}

function leaderOf({ leader }: World): readonly SimNode[] {
  return leader === undefined ? [] : [leader];
}

function half(world: World): readonly SimNode[] {
  const nodes = world.random.shuffled(all(world));
  return nodes.slice(0, Math.ceil(nodes.length / 2));
}

function isolate(world: World, inside: readonly SimNode[]): void {
  for (const a of inside) for (const b of all(world)) if (!inside.includes(b)) both(world, a, b);
}

function both({ network }: World, a: SimNode, b: SimNode): void {
  network.cut(a.id, b.id);
  network.cut(b.id, a.id);
}

function onePair(world: World, act: (a: SimNode, b: SimNode) => void): void {
  const [a, b] = world.random.shuffled(all(world));
  if (a !== undefined && b !== undefined) act(a, b);
}

function slowLink(world: World): void {
  const byMs = world.random.between(0, 1.5) * world.settings.electionTimeoutMs;
  onePair(world, (a, b) => world.network.slow(a.id, b.id, byMs));
}

/** Two halves that only one node reaches. */
function bridge(world: World): void {
  const [middle, ...rest] = world.random.shuffled(all(world));
  const left = rest.slice(0, rest.length / 2);
  for (const a of left) for (const b of rest) if (!left.includes(b) && b !== middle) both(world, a, b);
}

/** Each node reaches a majority, and none the same one. */
function ring(world: World): void {
  const nodes = world.random.shuffled(all(world));
  const reach = Math.floor(nodes.length / 4);
  for (const [at, a] of nodes.entries()) {
    for (const [other, b] of nodes.entries()) {
      const distance = Math.abs(at - other);
      if (Math.min(distance, nodes.length - distance) > Math.max(1, reach)) both(world, a, b);
    }
  }
}

/** It hears everyone; so it must notice by the silence about its own heartbeats. */
function muteLeader(world: World): void {
  for (const leader of leaderOf(world))
    for (const node of all(world)) if (node !== leader) world.network.cut(leader.id, node.id);
}

/** Answers that are on their way for long must not be taken for news. */
function slowAnswers(world: World): void {
  const { electionTimeoutMs } = world.settings;
  for (const leader of leaderOf(world)) {
    for (const node of all(world))
      if (node !== leader) world.network.slow(node.id, leader.id, 0.65 * electionTimeoutMs);
    world.timeline.after(world.random.between(0.5, 1.5) * electionTimeoutMs, () => {
      if (!world.faulty) return;
      for (const node of all(world)) if (node !== leader) world.network.cut(leader.id, node.id);
    });
  }
}

/** As a supervisor does it; a crash between two disk operations, and nobody has noticed. */
function restartAtOnce(world: World, node: SimNode): void {
  world.count('crash');
  node.crash();
  world.restart(node);
}

function crashSome(world: World, count: number): void {
  crashThese(world, world.random.shuffled(all(world)).slice(0, count));
}

function crashThese(world: World, nodes: readonly SimNode[]): void {
  for (const node of nodes) world.crash(node);
}

function pause(world: World, node: SimNode): void {
  const { boot } = node;
  node.paused = true;
  const lengthMs =
    world.random.pick([0.3, 0.8, 1, 2, 5]) * world.settings.electionTimeoutMs * world.random.between(0.5, 1.5);
  world.timeline.after(lengthMs, () => {
    if (node.boot === boot && node.alive && node.paused) node.resume();
  });
}

function jump(world: World): void {
  world.random.pick(all(world)).wallMs += world.random.whole(-7_200_000, 7_200_000);
}
