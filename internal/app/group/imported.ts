// The mark of a node that a group was imported on. Two nodes can be given an import each before they have met: were both groups of one to
// act, there would be two leaders. So such a node acts only when most nodes of its list are in its group: none is in two.

import type { Configuration } from '../../raft/core/types.ts';
import { makeDirectory, pathsIn } from '../../raft/store/directory.ts';
import { readDocument, writeDocument } from '../../raft/store/document.ts';
import { type Files, nodeFiles } from '../../raft/store/files.ts';
import type { Log } from '../../runtime/log.ts';

const FORMAT = 1;

/**
 * Durable when it returns; to be called before there is a group in the directory.
 *
 * @param expected nodes that the group is to have
 */
export function markImported(directory: string, expected: number, files: Files = nodeFiles): void {
  makeDirectory(files, directory);
  writeDocument(files, pathsIn(directory).imported, FORMAT, { expected });
}

export class ImportGate {
  readonly #directory: string;
  readonly #log: Log;
  readonly #files: Files;
  /** 0: nothing holds this node back. */
  #expected: number;
  #told = false;

  /** @throws {DamageFound} */
  constructor(directory: string, log: Log, files: Files = nodeFiles) {
    this.#directory = directory;
    this.#log = log;
    this.#files = files;
    this.#expected = Number(readDocument(files, pathsIn(directory).imported, FORMAT)?.expected ?? 0);
  }

  /** Whether a leader of a group of these members may act. Once it may, it always may. */
  readonly opens = ({ members }: Pick<Configuration, 'members'>): boolean => {
    if (members.length > this.#expected / 2) {
      if (this.#expected > 0) this.#files.remove(pathsIn(this.#directory).imported);
      this.#expected = 0;
      return true;
    }
    if (!this.#told)
      this.#log.warn(
        { members: members.length, expected: this.#expected },
        'this group was imported: nothing is decided until most of its nodes are in it; start them with empty directories, and import on no second one',
      );
    this.#told = true;
    return false;
  };
}
