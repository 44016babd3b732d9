import type { MembershipChange } from '../../internal/raft/core/inputs.ts';
import { commandData } from './history.ts';
import type { SimNode } from './node.ts';
import type { World } from './world.ts';

/** Clients write and read through any node; where the run says so, an operator changes the group and moves leadership about. */
export class Requests {
  readonly #world: World;
  /** Nobody asks for anything. */
  paused = false;
  #nextId = 0;
  #nextCommand = 0;

  constructor(world: World) {
    this.#world = world;
  }

  schedule(): void {
    const { timeline, plan, random } = this.#world;
    timeline.after(plan.requestEveryMs * random.between(0, 2), () => {
      this.#one();
      this.schedule();
    });
  }

  /** Writes through the leader where there is one, so that something happens at all; sometimes through anyone. */
  write(node: SimNode): void {
    const { random, clients } = this.#world;
    const proposals = Array.from({ length: random.pick([1, 1, 1, 3, 20]) }, () => {
      const id = this.#id();
      this.#nextCommand += 1;
      clients.proposed(node.id, id, this.#nextCommand);
      return { id, data: commandData(this.#nextCommand, random.whole(0, 40)), urgent: random.chance(0.1) };
    });
    node.later(0, () => node.step({ kind: 'propose', proposals }));
  }

  #one(): void {
    const { random, alive, plan, faulty } = this.#world;
    if (alive.length === 0 || this.paused) return;
    const leaders = alive.filter(({ core }) => core!.role === 'leader');
    const node = leaders.length > 0 && random.chance(0.8) ? random.pick(leaders) : random.pick(alive);
    if (faulty && plan.families.includes('operations') && random.chance(0.12)) this.#operate(node);
    else if (random.chance(0.4)) this.#read(node);
    else this.write(node);
  }

  #read(node: SimNode): void {
    const id = this.#id();
    node.later(0, () => {
      this.#world.clients.asked(node.id, id);
      node.step({ kind: 'read', id });
    });
  }

  #operate(node: SimNode): void {
    const { random, alive } = this.#world;
    const kind = random.pick(['transfer', 'transfer', 'lateOrder', 'standing', 'change', 'change', 'change', 'change']);
    if (kind === 'change') {
      const change = this.#change();
      if (change === undefined) return;
      this.#world.count(`change: ${change.kind}`);
      const id = this.#id();
      node.later(0, () => node.step({ kind: 'change', id, change }));
    } else if (kind === 'lateOrder') {
      this.#lateOrder(node);
    } else if (kind === 'transfer') {
      const target = random.chance(0.5) ? undefined : random.pick(alive).id;
      const id = this.#id();
      node.later(0, () => node.step({ kind: 'transfer', id, target, preferred: [] }));
    } else {
      const standing = random.chance(0.4) ? 'lastResort' : 'ready';
      const other = random.pick(alive);
      other.later(0, () => other.step({ kind: 'standing', standing }));
    }
  }

  /** The order to take over arrives when its time is over. */
  #lateOrder(leader: SimNode): void {
    const { random, alive, network, timeline, settings } = this.#world;
    const target = random.pick(alive).id;
    const id = this.#id();
    leader.later(0, () => leader.step({ kind: 'transfer', id, target, preferred: [] }));
    network.clog(leader.id, target);
    timeline.after(random.between(1.1, 2) * settings.electionTimeoutMs, () => network.release());
  }

  #change(): MembershipChange | undefined {
    const world = this.#world;
    const { random, configuration } = world;
    const members = configuration.members.map(({ id }) => id);
    const member = random.pick(members);
    switch (random.pick(['add', 'add', 'remove', 'replace', 'promote', 'demote', 'update', 'set', 'set'] as const)) {
      case 'add': {
        const blank = this.#blank();
        return blank && { kind: 'add', member: world.memberOf(blank, random.chance(0.8)) };
      }
      case 'replace':
        return this.#wipe(member);
      case 'remove':
        return { kind: 'remove', member };
      case 'promote':
        return { kind: 'promote', member };
      case 'demote':
        return { kind: 'demote', member };
      case 'update': {
        const present = configuration.members.find(({ id }) => id === member)!;
        return { kind: 'update', member: { ...present, labels: { ...present.labels, change: String(this.#nextId) } } };
      }
      case 'set': {
        const shuffled = random.shuffled(members);
        const voters = shuffled.slice(0, random.whole(1, shuffled.length));
        return { kind: 'set', voters, learners: random.chance(0.5) ? shuffled.slice(voters.length) : [] };
      }
    }
  }

  /** A node that waits to be added; at most twelve processes run. */
  #blank(): SimNode | undefined {
    const world = this.#world;
    const known = new Set(world.alive.flatMap(({ core }) => core!.log.configuration.members.map(({ id }) => id)));
    const waiting = world.alive.find(({ id, core }) => !known.has(id) && core!.log.lastIndex === 0);
    if (waiting !== undefined) return waiting;
    if (world.alive.length >= 12) return undefined;
    const node = world.addNode();
    node.start();
    return node;
  }

  /** A disk is lost, the node comes back with an empty one; only where the others can do without it. */
  #wipe(id: string): MembershipChange | undefined {
    const world = this.#world;
    const node = world.nodes.get(id);
    if (node === undefined || !node.alive) return undefined;
    const others = world.alive.filter((other) => other !== node);
    if (!world.suffices(others) || world.nodes.size > 30) return undefined;
    node.gone = true;
    world.crash(node);
    const blank = this.#blank();
    return blank && { kind: 'replace', old: id, member: world.memberOf(blank, true) };
  }

  #id(): number {
    this.#nextId += 1;
    return this.#nextId;
  }
}
