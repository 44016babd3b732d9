import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Endpoint, Ordered, Reported } from './told.ts';

const entry = fileURLToPath(new URL('./agent.js', import.meta.url));

type Order = Ordered extends infer One ? (One extends Ordered ? Omit<One, 'id'> : never) : never;

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A program that an agent started. */
export interface Program {
  readonly pid: number;
  /** Resolves when it ended, with its exit status or the signal that ended it. */
  readonly ended: Promise<string>;
}

/** The agent of one host, as the test sees it. */
export class AgentProcess {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { done: (pid: number) => void; failed: (err: Error) => void }>();
  /** By pid; begun as soon as it is known, since an end may be reported right behind it. */
  readonly #ends = new Map<number, { readonly ended: Promise<string>; readonly end: (how: string) => void }>();
  #lastId = 0;

  /** @param within a command that runs its arguments where the host is; empty: here */
  constructor(name: string, within: readonly string[] = []) {
    const [file, ...args] = [...within, process.execPath, entry, name];
    this.#child = spawn(file!, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    running.add(this.#child);
    this.#child.on('message', (reported: Reported) => this.#hear(reported));
    this.#child.once('exit', () => {
      running.delete(this.#child);
      for (const { failed } of this.#waiting.values()) failed(new Error(`the agent of ${name} ended`));
    });
  }

  /** Output goes to the end of the file `log`. */
  async run(file: string, args: readonly string[], log: string): Promise<Program> {
    const pid = await this.#order({ kind: 'run', file, args, log });
    return { pid, ended: this.#ends.get(pid)!.ended };
  }

  async runs(file: string, args: readonly string[]): Promise<void> {
    const directory = mkdtempSync(join(tmpdir(), 'run-'));
    const log = join(directory, 'log');
    try {
      const how = await (await this.run(file, args, log)).ended;
      if (how !== '0') throw new Error(`${file} ${args.join(' ')} ended with ${how}: ${readFileSync(log, 'utf8')}`);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }

  async lead(from: Endpoint, to: Endpoint, self: string | undefined, target: string): Promise<void> {
    await this.#order({ kind: 'relay', from, to, self, target });
  }

  async cut(links: readonly string[]): Promise<void> {
    await this.#order({ kind: 'cut', links });
  }

  /** Ends it and all that it started. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    if (this.#child.connected) this.#child.disconnect();
    await ended;
  }

  #order(order: Order): Promise<number> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((done, failed) => {
      this.#waiting.set(id, { done, failed });
      this.#child.send({ ...order, id });
    });
  }

  #hear(reported: Reported): void {
    if (reported.kind === 'ended') {
      this.#ends.get(reported.pid)?.end(reported.how);
      return;
    }
    const waiting = this.#waiting.get(reported.id);
    this.#waiting.delete(reported.id);
    if (reported.kind === 'done') {
      let end = (_how: string) => {};
      const ended = new Promise<string>((resolve) => {
        end = resolve;
      });
      this.#ends.set(reported.pid, { ended, end });
      waiting?.done(reported.pid);
    }
    if (reported.kind === 'failed') waiting?.failed(new Error(reported.message));
  }
}
