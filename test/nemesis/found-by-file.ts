import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SeededRandom } from '../sim/random.ts';
import type { Host } from '../support/network/network.ts';

/** Nodes that find each other by lists in files, one of its own for each, which may say something wrong, or nothing. */
export class FoundByFile {
  readonly #directory: string;
  readonly #nodes: number;
  readonly #expect: number;

  /** @param nodes that there are at most @param expect how many of them found a group */
  constructor(directory: string, nodes: number, expect = nodes) {
    this.#directory = directory;
    this.#nodes = nodes;
    this.#expect = expect;
    for (let at = 0; at < nodes; at += 1) rmSync(this.#file(at), { force: true });
  }

  /** The same for all nodes. */
  get config(): Readonly<Record<string, unknown>> {
    return { RaftNodes: [], RaftBootstrapExpect: this.#expect, RaftBootstrapTimeoutSeconds: 0 };
  }

  particular(at: number, { name }: Host): Readonly<Record<string, unknown>> {
    const RaftDiscovery = { Type: 'file', Path: this.#file(at), IntervalSeconds: 0.2 };
    return { RaftDiscovery, RaftNodeName: `node-${name}` };
  }

  /** At once: nobody reads half of a list. */
  tell(at: number, lines: readonly string[]): void {
    writeFileSync(`${this.#file(at)}.new`, lines.map((line) => `${line}\n`).join(''));
    renameSync(`${this.#file(at)}.new`, this.#file(at));
  }

  tellAll(lines: readonly string[]): void {
    for (let at = 0; at < this.#nodes; at += 1) this.tell(at, lines);
  }

  /** Something that has little to do with the truth: no list, some of it, or more than there is. */
  confuse(random: SeededRandom, truth: readonly string[]): void {
    const at = random.whole(0, this.#nodes - 1);
    const some = truth.filter(() => random.chance(0.6));
    const kind = random.pick(['none', 'empty', 'some', 'some', 'wrong', 'all'] as const);
    if (kind === 'none') rmSync(this.#file(at), { force: true });
    else if (kind === 'empty') this.tell(at, []);
    else if (kind === 'wrong') this.tell(at, [...some, '10.231.0.250:10008', 'no address :-(']);
    else this.tell(at, kind === 'all' ? truth : some);
  }

  #file(at: number): string {
    return join(this.#directory, `nodes-${at}`);
  }
}
