// Scripts behind recoveries that have ended, as all nodes know them: which are due, and how many of each list were begun.

import type { Command, Stamp } from '../command/command.ts';
import type { Begun, ScriptsList } from '../recovery/scripts-behind.ts';
import type { Storage } from './ports.ts';

/** Lists stand in the journal of their recovery, behind all of its steps. */
export const FIRST_SCRIPTS_NUMBER = 100_000;

export interface ScriptsOf {
  readonly uid: string;
  readonly lists: readonly Begun[];
}

type Of<Op extends Command['op']> = Extract<Command, { op: Op }>;

export class ScriptsLeft {
  readonly #storage: Pick<Storage, 'stepStarted' | 'scriptsEnded'>;
  readonly #left = new Map<string, readonly Begun[]>();

  constructor(storage: Pick<Storage, 'stepStarted' | 'scriptsEnded'>, restored: readonly ScriptsOf[]) {
    this.#storage = storage;
    this.reload(restored);
  }

  reload(restored: readonly ScriptsOf[]): void {
    this.#left.clear();
    for (const { uid, lists } of restored) this.#left.set(uid, lists);
  }

  /** Recoveries behind which scripts are due. */
  uids(): readonly string[] {
    return [...this.#left.keys()];
  }

  of(uid: string): readonly Begun[] {
    return this.#left.get(uid) ?? [];
  }

  /** The recovery has ended. */
  due(uid: string, lists: readonly ScriptsList[]): Promise<unknown> {
    if (lists.length > 0)
      this.#left.set(
        uid,
        lists.map((list) => ({ list, begun: 0 })),
      );
    return Promise.all(
      lists.map((list, at) => this.#storage.stepStarted(uid, FIRST_SCRIPTS_NUMBER + at, words(list, 0))),
    );
  }

  /** A script begins, unless it has: the answer to whoever would run it says which. */
  begin({ uid, list, number, term }: Of<'effects-begun'>, stamp: Stamp): Promise<void> | { readonly refused: string } {
    const lists = this.of(uid);
    const at = lists.findIndex((one) => one.list === list);
    if (term !== stamp.term) return { refused: `it was asked for in term ${term}, and this is term ${stamp.term}` };
    if (lists[at]?.begun !== number) return { refused: `script ${number} of ${list} is not the next one` };
    this.#left.set(uid, lists.with(at, { list, begun: number + 1 }));
    return this.#storage.stepStarted(uid, FIRST_SCRIPTS_NUMBER + at, words(list, number + 1));
  }

  /** All of them ended, or will not be run. */
  done({ uid }: Pick<Of<'effects-done'>, 'uid'>): Promise<void> | undefined {
    if (!this.#left.delete(uid)) return undefined;
    return this.#storage.scriptsEnded(uid);
  }
}

function words(list: ScriptsList, begun: number): string {
  return `scripts ${list} ${begun}`;
}

/** What was written; undefined: something else was. */
export function scriptsIn(step: string): { readonly list: string; readonly begun: number } | undefined {
  const [, list, begun] = /^scripts (\w+) (\d+)$/.exec(step) ?? [];
  return list === undefined ? undefined : { list, begun: Number(begun) };
}
