import type { Configuration, Index, LogEntry, MemberId, Term } from '../../internal/raft/core/types.ts';
import { hashEntry, mix } from './hash.ts';
import { demand } from './watcher.ts';

interface Chosen {
  readonly entry: LogEntry;
  /** Term of the leader that first called it committed. */
  readonly inTerm: Term;
  /** The last one in that leader's log, committed or not: by it the leader counted. */
  readonly countedBy: Configuration;
  /** Of the replicated state with everything up to here applied. */
  readonly stateHash: number;
  /** In force here, and where it stands. */
  readonly configuration: Configuration;
  readonly configurationIndex: Index;
}

/** What has been decided, seen from outside: the one sequence of committed entries, and who led when. */
export class History {
  /** By index, from 1. */
  readonly #chosen: Chosen[] = [];
  readonly #commandAt = new Map<number, Index>();
  /** The latest leader of which an entry of its own term was committed. */
  settledTerm: Term = 0;
  latest: { readonly leader: MemberId; readonly term: Term } | undefined;
  elections = 0;

  get chosenLast(): Index {
    return this.#chosen.length;
  }

  chosenAt(index: Index): Chosen | undefined {
    return this.#chosen[index - 1];
  }

  leaderElected(leader: MemberId, term: Term): void {
    this.elections += 1;
    if (term > (this.latest?.term ?? 0)) this.latest = { leader, term };
  }

  /** A leader calls `entry` committed. The first to say so decides; all others must say the same. */
  committed(entry: LogEntry, inTerm: Term, countedBy: Configuration): void {
    const { index } = entry;
    const known = this.#chosen[index - 1];
    if (entry.term === inTerm) this.settledTerm = Math.max(this.settledTerm, inTerm);
    if (known !== undefined) {
      const same = known.entry === entry || hashEntry(known.entry) === hashEntry(entry);
      demand(
        same,
        'I-7',
        () => `two entries are committed at ${index}, of terms ${known.entry.term} and ${entry.term}`,
      );
      return;
    }
    demand(index === this.chosenLast + 1, 'I-10', () => `entry ${index} is committed behind a gap`);
    const before = this.#chosen.at(-1);
    const configured = entry.kind === 'configuration';
    this.#chosen.push({
      entry,
      inTerm,
      countedBy,
      stateHash: mix(before?.stateHash ?? 0, hashEntry(entry)),
      configuration: configured ? entry.configuration : before!.configuration,
      configurationIndex: configured ? index : before!.configurationIndex,
    });
    if (entry.kind === 'command') this.#commandChosen(commandOf(entry.data), index);
  }

  placeOf(command: number): Index | undefined {
    return this.#commandAt.get(command);
  }

  #commandChosen(command: number, index: Index): void {
    const other = this.#commandAt.get(command);
    demand(other === undefined, 'I-17', () => `command ${command} is committed at ${other} and ${index}`);
    this.#commandAt.set(command, index);
  }
}

/** A command is its number and some padding. */
export function commandData(command: number, padding: number): Uint8Array {
  const data = new Uint8Array(4 + padding);
  new DataView(data.buffer).setUint32(0, command);
  return data;
}

export function commandOf(data: Uint8Array): number {
  return new DataView(data.buffer, data.byteOffset).getUint32(0);
}
