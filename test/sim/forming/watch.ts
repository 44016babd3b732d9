import type { Formation, FormingMessage, FormingOutcome } from '../../../internal/raft/forming/types.ts';
import { demand } from '../watcher.ts';
import type { FormingNode } from './world.ts';

/** What must hold after every step of every node, seen from outside (numbers of the DESIGN of the room). */
export class WatchForming {
  /** An operator took a promise back: what the nodes know by themselves is not all any more. */
  operated = false;
  readonly #nodes: readonly FormingNode[];
  readonly #formations = new Map<string, Formation>();
  /** Members that have ever kept a promise, and that have ever been formed, by formation. */
  readonly #promised = new Map<string, Set<string>>();
  readonly #formed = new Map<string, Set<string>>();
  readonly #entries = new Map<string, string>();
  /** Nodes find each other, and nothing outside of them says which group is meant: sets that never meet may found one each. */
  readonly #mayPart: boolean;

  constructor(nodes: readonly FormingNode[], mayPart: boolean) {
    this.#nodes = nodes;
    this.#mayPart = mayPart;
  }

  promised(node: FormingNode): void {
    const { promise } = node.record;
    if (promise === undefined) return;
    this.#formations.set(promise.id, promise);
    put(this.#promised, promise.id, node.member);
  }

  formed(node: FormingNode): void {
    const id = node.identity.clusterId!;
    const formation = this.#formations.get(id);
    demand(formation !== undefined, 'F-1', () => `${node.name} formed ${id}, which nobody promised`);
    const promised = this.#promised.get(id)!;
    const missing = formation!.members.filter((member) => !promised.has(member.id)).map((member) => member.id);
    demand(missing.length === 0, 'F-2', () => `${node.name} formed ${id} without the promise of ${missing.join()}`);
    put(this.#formed, id, node.member);
    const living = this.#nodes.flatMap(({ identity }) => identity.clusterId ?? []);
    const clashing = [...new Set(living)].filter((other) => other !== id && !this.#parted(id, other));
    demand(clashing.length === 0 || this.operated, 'F-1', () => `two groups: ${[id, ...clashing].join()}`);
    for (const [other, members] of this.#formed) {
      if (other === id || this.operated || this.#parted(id, other)) continue;
      const former = this.#formations.get(other)!.members;
      const survivors = former.filter((member) => this.#nodes.some((each) => each.member === member.id));
      const voters = former.filter(({ promote }) => promote);
      const effective = voters.filter((member) => members.has(member.id)).length > voters.length / 2;
      demand(!effective || survivors.length === 0, 'F-1', () => `${id} formed over ${other}, which may hold data`);
    }
  }

  #parted(one: string, other: string): boolean {
    const theirs = new Set(this.#formations.get(other)?.members.map(({ id }) => id));
    return this.#mayPart && this.#formations.get(one)?.members.every(({ id }) => !theirs.has(id)) === true;
  }

  stepped(node: FormingNode, outcome: FormingOutcome | undefined): void {
    if (outcome?.kind !== 'formed') return;
    const { clusterId } = node.identity;
    demand(outcome.identity.clusterId === clusterId, 'F-4', () => `${node.name} reports what it did not keep`);
    const entry = JSON.stringify(outcome.foundingEntry);
    const known = this.#entries.get(clusterId!) ?? entry;
    demand(
      entry !== undefined && entry === known,
      'F-3',
      () => `${node.name} begins with ${entry}, others with ${known}`,
    );
    this.#entries.set(clusterId!, known);
  }

  sending(node: FormingNode, message: FormingMessage): void {
    const { record, identity, name } = node;
    if (message.kind === 'promise')
      demand(record.promise?.id === message.formation, 'F-4', () => `${name} says a promise that it did not keep`);
    if (message.kind === 'propose')
      demand(record.promise?.id === message.formation.id, 'F-4', () => `${name} proposes what it did not keep`);
    if (message.kind === 'formed')
      demand(identity.clusterId === message.clusterId, 'F-4', () => `${name} tells of a group that it did not keep`);
  }
}

function put(sets: Map<string, Set<string>>, key: string, value: string): void {
  const set = sets.get(key) ?? new Set();
  sets.set(key, set.add(value));
}
