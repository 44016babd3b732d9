import type { Answer } from '../../internal/raft/core/effects.ts';
import type { Index, LogEntry, MemberId, Term } from '../../internal/raft/core/types.ts';
import type { History } from './history.ts';
import type { SimNode } from './node.ts';
import { demand, type Watcher } from './watcher.ts';

interface Waiting {
  readonly command: number;
  readonly term: Term;
}

/** I-15 and I-17: what clients were told. A write counts as acknowledged when the leader that took it has applied it. */
export class WatchClients implements Watcher {
  readonly #history: History;
  /** Requests under way, by node and id. */
  readonly #writes = new Map<string, number>();
  readonly #reads = new Map<string, Index>();
  /** By node and index: commands in its log whose client waits. */
  readonly #appended = new Map<string, Waiting>();
  readonly #refused = new Set<number>();
  acknowledged: Index = 0;
  writesDone = 0;
  readsDone = 0;
  refusals = new Map<string, number>();

  constructor(history: History) {
    this.#history = history;
  }

  proposed(node: MemberId, id: number, command: number): void {
    this.#writes.set(`${node}/${id}`, command);
  }

  /** A read must see everything that was acknowledged before it began. */
  asked(node: MemberId, id: number): void {
    this.#reads.set(`${node}/${id}`, this.acknowledged);
  }

  answered(node: SimNode, answer: Answer): void {
    const key = `${node.id}/${answer.id}`;
    const command = this.#writes.get(key);
    if (answer.kind === 'refused') {
      this.refusals.set(answer.reason, (this.refusals.get(answer.reason) ?? 0) + 1);
      if (command !== undefined) this.#refused.add(command);
    } else if (answer.kind === 'appended' && command !== undefined) {
      this.#appended.set(`${node.id}/${answer.index}`, { command, term: answer.term });
    } else if (answer.kind === 'readable') {
      const least = this.#reads.get(key)!;
      demand(
        answer.index >= least,
        'I-15',
        () => `${node.id} reads at ${answer.index}, though ${least} was acknowledged before`,
      );
      this.readsDone += 1;
    }
  }

  applied(node: SimNode, { index, term, kind }: LogEntry): void {
    if (kind !== 'command') return;
    const key = `${node.id}/${index}`;
    const waiting = this.#appended.get(key);
    if (waiting === undefined) return;
    this.#appended.delete(key);
    if (waiting.term !== term) return;
    const place = this.#history.placeOf(waiting.command);
    demand(
      place === index,
      'I-17',
      () => `command ${waiting.command} is acknowledged at ${index} and stands at ${place}`,
    );
    this.acknowledged = Math.max(this.acknowledged, index);
    this.writesDone += 1;
  }

  /** Over the whole run: what was refused never happened. */
  finished(): void {
    for (const command of this.#refused) {
      demand(
        this.#history.placeOf(command) === undefined,
        'I-17',
        () => `command ${command} was refused and is committed`,
      );
    }
  }
}
