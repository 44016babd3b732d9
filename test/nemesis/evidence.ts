// What is left of a scenario that failed: the logs of its daemons and servers, the configuration, the log of the group and the backend of
// each node, and whatever the scenario itself wrote down, such as the history that its clients saw.

import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { SandboxServer } from '../../scripts/sandbox/sandbox.ts';
import type { Daemon } from '../support/daemon.ts';

const OF_A_SERVER = ['error.log', 'output.log', 'general.log'];
const SECRET = 'secret';

export class Evidence {
  readonly #title: string;
  readonly #directory: string;

  private constructor(title: string, directory: string) {
    this.#title = title;
    this.#directory = directory;
  }

  /** Undefined: nobody has said where to keep it, by `NEMESIS_EVIDENCE`. */
  static wanted(title: string): Evidence | undefined {
    const parent = process.env.NEMESIS_EVIDENCE;
    if (parent === undefined) return undefined;
    const name = title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
    return new Evidence(title, resolve(parent, `${name.slice(0, 120)}-${Date.now()}`));
  }

  /** @param papers text by the name of the file */
  keep(servers: readonly SandboxServer[], daemons: readonly Daemon[], papers: ReadonlyMap<string, () => string>): void {
    for (const [at, { directory }] of daemons.entries())
      this.#copy(directory, `node${at + 1}`, (name) => name !== SECRET);
    for (const { directory, key } of servers)
      this.#copy(directory, `server-${key.port}`, (name) => OF_A_SERVER.includes(name));
    mkdirSync(this.#directory, { recursive: true });
    for (const [name, text] of papers) writeFileSync(join(this.#directory, name), text());
  }

  /** Where it is, and how to have it happen again. */
  told(seed: number): string {
    return `      kept in ${this.#directory}\n      again: npm run test:nemesis -- --minutes 1 --seed ${seed} --only '${this.#title.replaceAll("'", "'\\''")}'`;
  }

  #copy(from: string, to: string, wanted: (name: string) => boolean): void {
    if (!existsSync(from)) return;
    const target = join(this.#directory, to);
    mkdirSync(target, { recursive: true });
    for (const name of readdirSync(from).filter(wanted))
      cpSync(join(from, name), join(target, basename(name)), { recursive: true });
  }
}
