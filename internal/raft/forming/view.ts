import type { Member } from '../core/types.ts';
import type { Bond, FormingMessage, FormingSettings } from './types.ts';

export type Hail = Extract<FormingMessage, { kind: 'hail' }>;

interface Sight {
  readonly hail: Hail;
  readonly heardMs: number;
}

/** A contradiction counts for so many calls after it was last heard. */
const CONTRADICTION_HAILS = 10;
/** Nodes that are not in the list and call all the same. */
const MOST_STRANGERS = 64;

/** Whom this node has heard of those that belong to no group either. */
export class View {
  readonly #settings: FormingSettings;
  readonly #sights = new Map<string, Sight>();
  /** Another incarnation that calls itself by this node's name. */
  #twin: Sight | undefined;

  constructor(settings: FormingSettings) {
    this.#settings = settings;
  }

  hear(hail: Hail, heardMs: number): void {
    const { self, nodes } = this.#settings;
    const { node, id } = hail.member;
    if (id === self.id) return;
    if (node === self.node) this.#twin = { hail, heardMs };
    else if (nodes.includes(node) || this.#sights.has(node) || this.#sights.size < nodes.length + MOST_STRANGERS)
      this.#sights.set(node, { hail, heardMs });
  }

  /** As it was last heard; undefined: never. */
  of(node: string): Sight | undefined {
    return this.#sights.get(node);
  }

  /** All founders, as they are; undefined while one was never heard. */
  founders(): readonly Member[] | undefined {
    const { self, founders } = this.#settings;
    const members = founders.map((node) => (node === self.node ? self : this.#sights.get(node)?.hail.member));
    return members.every((member) => member !== undefined) ? members : undefined;
  }

  /** Who was heard lately and would found a group with this node, where founders find each other. */
  willing(nowMs: number): readonly Member[] {
    const { finding } = this.#settings;
    return [...this.#sights.values()]
      .filter(
        ({ hail, heardMs }) => this.#recent(heardMs, nowMs) && hail.member.promote && hail.expect === finding?.expect,
      )
      .map(({ hail }) => hail.member);
  }

  /** Where those are that were heard lately. */
  addresses(nowMs: number): readonly string[] {
    const recent = [...this.#sights.values()].filter(({ heardMs }) => this.#recent(heardMs, nowMs));
    return recent.map(({ hail }) => hail.member.address);
  }

  #recent(heardMs: number, nowMs: number): boolean {
    return nowMs - heardMs <= CONTRADICTION_HAILS * this.#settings.hailMs;
  }

  /** Why nobody may found a group now: somebody would found another one (F-12). */
  contradictions(nowMs: number): readonly string[] {
    const { self, founders, identity, finding } = this.#settings;
    const recent = ({ heardMs }: Sight) => this.#recent(heardMs, nowMs);
    const found: string[] = [];
    if (this.#twin !== undefined && recent(this.#twin))
      found.push(
        `another process calls itself ${self.node} (incarnation ${this.#twin.hail.member.incarnation}): compare RaftBind and RaftAdvertise of the nodes`,
      );
    for (const [node, sight] of this.#sights) {
      const { hail } = sight;
      if (!recent(sight)) continue;
      if (finding !== undefined && !(hail.member.promote && self.promote)) continue; // one of the two founds nothing
      if (hail.expect !== (finding?.expect ?? 0) && (hail.expect > 0 || finding !== undefined))
        found.push(
          `${node} founds with ${intent(hail.expect)}, this node with ${intent(finding?.expect ?? 0)}: make RaftDiscovery, RaftNodes and RaftBootstrapExpect the same on all nodes`,
        );
      else if (hail.founders.join() !== founders.join())
        found.push(
          `${node} would found a group of ${hail.founders.join(', ')}, this node one of ${founders.join(', ')}: make RaftNodes and RaftBootstrapExpect the same on all nodes`,
        );
      else if (hail.generation !== identity.generation)
        found.push(
          `${node} is of generation ${hail.generation}, this node of ${identity.generation}: one of them has an older data directory`,
        );
    }
    return found.toSorted();
  }

  /** Those of the founders that have promised something else than `formation`. */
  boundElsewhere(
    founders: readonly string[],
    formation: string | undefined,
  ): readonly (Bond & { readonly node: string })[] {
    return founders.flatMap((node) => {
      const bond = this.#sights.get(node)?.hail.bond;
      return bond === undefined || bond.formation === formation ? [] : [{ node, ...bond }];
    });
  }
}

function intent(expect: number): string {
  return expect === 0 ? 'those of a list' : `any ${expect} that find each other`;
}
