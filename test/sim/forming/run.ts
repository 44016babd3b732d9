import { Forming } from '../../../internal/raft/forming/forming.ts';
import { SeededRandom } from '../random.ts';
import { demand, Violation } from '../watcher.ts';
import { type FormingClass, type FormingNode, type FormingPlan, FormingWorld, HAIL_MS } from './world.ts';

export interface FormingRun {
  readonly seed: number;
  /** Undefined where everything held. */
  readonly failure: string | undefined;
  readonly counts: ReadonlyMap<string, number>;
}

const CALM_MS = 40 * HAIL_MS;

/** One founding, wholly determined by its seed: faults, then the demand that what is left of the nodes becomes one group. */
export function simulateForming(seed: number, Machine: FormingClass = Forming): FormingRun {
  const random = new SeededRandom(seed);
  let world: FormingWorld | undefined;
  try {
    world = new FormingWorld(Machine, drawPlan(random), random);
    runPhases(world);
    return { seed, failure: undefined, counts: world.counts };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const text = error instanceof Violation ? error.message : error.stack;
    return { seed, failure: `seed ${seed}: ${text}`, counts: world?.counts ?? new Map() };
  }
}

function drawPlan(random: SeededRandom): FormingPlan {
  const nodes = random.pick([1, 2, 3, 3, 3, 4, 5, 5]);
  const fewer = random.chance(0.2) ? Math.floor(nodes / 2) + 1 : nodes;
  const found = random.chance(0.5) ? drawFinding(random) : undefined;
  return {
    nodes: found?.nodes ?? nodes,
    founders: fewer,
    finding: found?.finding,
    blindShare: random.pick([0, 0.3, 0.8]),
    delayMs: [1, random.pick([5, 100, 3000])],
    lossShare: random.pick([0, 0.05, 0.4]),
    copiesShare: random.pick([0, 0.1, 0.5]),
    tornShare: random.pick([0, 0.01, 0.05]),
    wipeShare: random.pick([0, 0.1, 0.4]),
    faultsMs: random.between(1, 120) * HAIL_MS,
  };
}

/** From as many nodes as are waited for up to three times as many. */
function drawFinding(random: SeededRandom) {
  const expect = random.pick([1, 2, 3, 3, 3, 5]);
  const nodes = random.chance(0.7) ? random.whole(expect, 2 * expect - 1) : random.whole(2 * expect, 3 * expect);
  return { nodes, finding: { expect, anchored: random.chance(0.5), alone: random.chance(0.2) } };
}

function runPhases(world: FormingWorld): void {
  const { timeline, plan, random, nodes } = world;
  for (const node of nodes) timeline.after(random.between(0, plan.faultsMs * random.next()), () => world.start(node));
  scheduleFaults(world);
  timeline.runUntil(plan.faultsMs);
  calm(world);
  const together = () => isTogether(world);
  if (timeline.runUntil(timeline.nowMs + CALM_MS, together)) return;
  if (mayStayApart(world)) return;
  operate(world);
  const apart = () => together() || mayStayApart(world);
  demand(
    timeline.runUntil(timeline.nowMs + CALM_MS, apart),
    'F-5',
    () => `no group: ${nodes.map(told(world)).join('; ')}`,
  );
}

function scheduleFaults(world: FormingWorld): void {
  const { timeline, random, plan, nodes } = world;
  const fault = () => {
    if (!world.faulty) return;
    const node = random.pick(nodes);
    const kind = random.pick(['crash', 'crash', 'cut', 'heal', 'replay', 'replay'] as const);
    if (kind === 'crash') {
      if (node.machine !== undefined) world.crash(node);
      restartLater(world, node);
    }
    if (kind === 'cut') world.cut(node, random.pick(nodes));
    if (kind === 'heal') world.heal();
    if (kind === 'replay') world.replay();
    timeline.after(random.between(0, 4 * HAIL_MS), fault);
  };
  timeline.after(random.between(0, plan.faultsMs), fault);
}

/** With its disk, with an empty one, or with other labels. */
function restartLater(world: FormingWorld, node: FormingNode): void {
  const { random, plan, timeline } = world;
  if (random.chance(plan.wipeShare)) {
    node.wipe();
    world.count('wiped');
  }
  if (random.chance(0.1)) node.labels = { zone: `z${random.whole(1, 3)}` };
  timeline.after(random.between(0, 10 * HAIL_MS), () => world.start(node));
}

function calm(world: FormingWorld): void {
  world.faulty = false;
  world.heal();
  world.forget();
  for (const node of world.nodes) world.start(node);
}

/** All in one group, or outside of it and aware of it. */
function isTogether(world: FormingWorld): boolean {
  const groups = new Set<string>();
  let members = 0;
  for (const node of world.nodes) {
    const outcome = world.outcomeOf(node);
    if (outcome?.kind === 'formed') {
      members += 1;
      groups.add(outcome.identity.clusterId!);
    } else if (outcome?.kind === 'outside') groups.add(outcome.group.clusterId);
    else return false;
  }
  return members > 0 && groups.size === 1;
}

/** Enough for two groups and nothing that says which one is meant: nobody founds, or two sets that never met have. */
function mayStayApart(world: FormingWorld): boolean {
  const { finding } = world.plan;
  if (finding === undefined) return false;
  if (finding.anchored) return isNobodyAlone(world);
  const groups = new Set(world.nodes.flatMap(({ identity }) => identity.clusterId ?? []));
  if (groups.size > 1) world.count('parted');
  else if (groups.size === 0 && isNobodyAlone(world)) world.count('nobody alone');
  else if (groups.size === 0 && world.nodes.length >= 2 * finding.expect) world.count('too many to found');
  else return false;
  return true;
}

/** A group of one was asked for, and there are others: nobody can tell who was meant (F-17). */
function isNobodyAlone({ plan: { finding }, nodes }: FormingWorld): boolean {
  const formed = nodes.some(({ identity }) => identity.clusterId !== undefined);
  return finding?.expect === 1 && !finding.alone && nodes.length > 1 && !formed;
}

/**
 * What the nodes must not decide by themselves: a promise to a group of which too much is lost, or that stands against the group that was formed. The
 * operator has made sure that nobody belongs to the former, takes such promises back and restarts who waits for a group that is gone.
 */
function operate(world: FormingWorld): void {
  world.count('operator needed');
  world.watch.operated = true;
  const formed = new Set(world.nodes.flatMap(({ identity }) => identity.clusterId ?? []));
  for (const node of world.nodes) {
    const { promise, doubtful } = node.record;
    const bound = promise === undefined ? doubtful.length > 0 : !formed.has(promise.id);
    if (node.identity.clusterId === undefined && bound) world.step(node, { kind: 'reset' });
    world.crash(node);
  }
  world.timeline.runUntil(world.timeline.nowMs + 2 * HAIL_MS); // what was under way arrives nowhere
  if (world.anchored !== undefined && !formed.has(world.anchored)) world.anchored = [...formed][0];
  for (const node of world.nodes) world.start(node);
}

function told(world: FormingWorld): (node: FormingNode) => string {
  return (node) => {
    const outcome = world.outcomeOf(node);
    return `${node.member} ${outcome?.kind === 'formed' ? `formed ${outcome.identity.clusterId}` : outcome?.why}`;
  };
}
