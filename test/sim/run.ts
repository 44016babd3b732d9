import { RaftCore } from '../../internal/raft/core/core.ts';
import { scheduleFaults } from './faults.ts';
import type { SimNode } from './node.ts';
import { drawPlan, type Plan } from './plan.ts';
import { SeededRandom } from './random.ts';
import { Requests } from './requests.ts';
import { demand, Violation } from './watcher.ts';
import { type CoreClass, World } from './world.ts';

export interface Outcome {
  readonly seed: number;
  readonly plan: Plan;
  /** Undefined where every invariant held. */
  readonly failure: { readonly invariant: string; readonly message: string; readonly stack: string } | undefined;
  readonly trace: number;
  readonly steps: number;
  readonly simulatedMs: number;
  readonly counts: ReadonlyMap<string, number>;
}

/** How many T the group has to agree on a leader, commit and level once faults are over; back-off may have grown to 8T. */
const LIVENESS_BOUND = 60;
/** How many T a leader must stay with a member's links broken, and again when they are whole. */
const STABILITY_SPAN = 10;

/** One run, wholly determined by its seed: faults, then the demand that what is left works, then the demand that it stays so. */
export function simulate(seed: number, Core: CoreClass = RaftCore): Outcome {
  const random = new SeededRandom(seed);
  const plan = drawPlan(random);
  let world: World | undefined;
  let failure: Outcome['failure'];
  try {
    world = new World(Core, plan, random);
    runPhases(world);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const invariant = error instanceof Violation ? error.invariant : error.name;
    failure = { invariant, message: error.message, stack: error.stack ?? '' };
  }
  return {
    seed,
    plan,
    failure,
    trace: world?.trace ?? 0,
    steps: world?.steps ?? 0,
    simulatedMs: world?.timeline.nowMs ?? 0,
    counts: world?.counts ?? new Map(),
  };
}

function runPhases(world: World): void {
  const { timeline, plan, settings } = world;
  const requests = new Requests(world);
  scheduleFaults(world);
  requests.schedule();
  timeline.runUntil(plan.safetyMs);

  calm(world);
  const connected = survivors(world);
  if (!world.suffices(connected)) {
    world.count('quorum lost for good');
    world.clients.finished();
    return;
  }
  const recovered = timeline.runUntil(
    timeline.nowMs + LIVENESS_BOUND * settings.electionTimeoutMs,
    recoveredAgain(world, requests, connected),
  );
  demand(recovered, 'I-27', () => `no progress: ${connected.map(describe).join(', ')}`);
  stays(world, requests, connected);
  world.clients.finished();
}

/** Faults stop; all processes run again. */
function calm(world: World): void {
  world.faulty = false;
  world.network.heal();
  world.network.forget();
  const { plan, settings } = world;
  // Round trips of at most a tenth of T, as the reference demands, and now and then a lost message.
  const delayMs = [plan.delayMs[0], Math.min(plan.delayMs[1], settings.electionTimeoutMs / 20)] as const;
  world.network.weather = { ...plan, delayMs, lossShare: Math.min(0.03, plan.lossShare), copiesShare: 0 };
  for (const node of world.nodes.values()) {
    if (node.alive && node.paused) node.resume();
    world.restart(node);
    node.later(0, () => node.step({ kind: 'standing', standing: 'ready' }));
  }
}

/**
 * Sometimes only just enough of them can talk to each other; the others are cut off or dead. Where the wiped disks of the run have cost a quorum, not even all are
 * enough.
 */
function survivors(world: World): readonly SimNode[] {
  const { random, network } = world;
  // A learner that is lost the moment before its promotion would be a voter that is lost: none of them is.
  const learns = ({ id }: SimNode) => world.alive.some(({ core }) => core!.log.configuration.learners.includes(id));
  const shuffled = random.shuffled(world.alive);
  const nodes = [...shuffled.filter(learns), ...shuffled.filter((node) => !learns(node))];
  if (random.chance(0.5)) return nodes;
  const learners = nodes.filter(learns).length;
  let count = nodes.length;
  while (count > Math.max(1, learners) && world.suffices(nodes.slice(0, count - 1))) count -= 1;
  const connected = nodes.slice(0, count);
  if (!world.suffices(connected)) return nodes;
  for (const lost of nodes.slice(count)) {
    if (random.chance(0.5)) {
      lost.gone = true;
      lost.crash();
    } else {
      for (const node of connected) {
        network.cut(lost.id, node.id);
        network.cut(node.id, lost.id);
      }
    }
  }
  return connected;
}

/** A leader in office, a write of its own acknowledged since, and everyone who belongs to the group level with it. */
function recoveredAgain(world: World, requests: Requests, connected: readonly SimNode[]): () => boolean {
  const { clients, timeline, settings } = world;
  const done = clients.writesDone;
  let nextMs = 0;
  return () => {
    if (timeline.nowMs < nextMs) return false;
    nextMs = timeline.nowMs + settings.electionTimeoutMs / 4;
    const leader = connected.find(({ core }) => core?.office?.serving === true);
    if (leader === undefined) return false;
    requests.write(leader);
    const { log, commit } = leader.core!;
    if (log.configuration.outgoing.length > 0 || log.configurationIndex > commit) return false;
    return clients.writesDone > done && members(leader, connected).every((node) => isLevel(leader, node));
  };
}

function members(leader: SimNode, connected: readonly SimNode[]): readonly SimNode[] {
  const { configuration } = leader.core!.log;
  return connected.filter(({ id, alive }) => alive && configuration.members.some((member) => member.id === id));
}

/** But for what is on its way just now. */
function isLevel(leader: SimNode, node: SimNode): boolean {
  return node.core!.term === leader.core!.term && node.disk.backend.applied >= leader.core!.office!.firstIndex;
}

/** I-27, I-28: with nothing in the way the leader stays, whatever one member with broken links or restarts of others try. */
function stays(world: World, requests: Requests, connected: readonly SimNode[]): void {
  const { timeline, settings, random, network } = world;
  // A lost answer may have cost the lease just before the network became perfect; nothing may from then on.
  network.weather = { ...network.weather, lossShare: 0 };
  timeline.runUntil(timeline.nowMs + 4 * settings.electionTimeoutMs);
  const serves = () => world.leader?.core?.office?.serving === true;
  const led = timeline.runUntil(timeline.nowMs + LIVENESS_BOUND * settings.electionTimeoutMs, serves);
  demand(led, 'I-27', () => 'no leader on a perfect network');
  const leader = world.leader!;
  const { term, office, log } = leader.core!;
  const { configuration } = log;
  // A leader that was ordered to hand over, or leaves, does so; and a learner about to vote changes what a quorum is.
  if (office!.transfer !== undefined || !configuration.voters.includes(leader.id)) return;
  if (configuration.members.some(({ id, promote }) => promote && configuration.learners.includes(id))) return;
  // Without new entries the member with broken links is as well placed for an election as any.
  requests.paused = random.chance(0.5);
  timeline.runUntil(timeline.nowMs + 2 * settings.electionTimeoutMs);
  const victim = random.pick(connected);
  const others = connected.filter((node) => node !== victim);
  if (victim !== leader && world.suffices(others)) {
    world.count('fault: member with broken links');
    network.cut(leader.id, victim.id);
    const some = random.pick([0, 0.5, 1]);
    for (const node of connected) if (random.chance(some)) network.cut(node.id, victim.id);
    const back = random.pick([0, 0.5, 1]);
    for (const node of connected) if (random.chance(back)) network.cut(victim.id, node.id);
    const restarted = others.filter((node) => node !== leader);
    if (restarted.length > 0 && random.chance(0.5)) restartOthers(world, restarted);
  }
  timeline.runUntil(timeline.nowMs + STABILITY_SPAN * settings.electionTimeoutMs);
  network.heal();
  timeline.runUntil(timeline.nowMs + STABILITY_SPAN * settings.electionTimeoutMs);
  requests.paused = false;
  demand(
    leader.core?.role === 'leader' && leader.core.term === term,
    'I-28',
    () => `${describe(leader)} lost its office of term ${term}`,
  );
}

/** Again and again, each back at once: nobody may take the restart of others for the end of their leader. */
function restartOthers(world: World, nodes: readonly SimNode[]): void {
  const { timeline, settings, random } = world;
  for (let times = 0; times < 3 * STABILITY_SPAN; times += 1) {
    const node = random.pick(nodes);
    timeline.after(random.between(0, STABILITY_SPAN) * settings.electionTimeoutMs, () => {
      if (!node.alive) return;
      node.crash();
      world.restart(node);
    });
  }
}

function describe({ id, core, disk }: SimNode): string {
  if (core === undefined) return `${id} down`;
  const { role, term, commit, log } = core;
  return `${id} ${role} term ${term} log ${log.firstIndex}..${log.lastIndex} commit ${commit} applied ${disk.backend.applied}`;
}
