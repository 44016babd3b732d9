// A command as somebody runs it at a terminal: what it prints, Ctrl-C to the whole process group, and what it leaves running.

import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { until } from './daemon.ts';

export class Terminal {
  readonly #child: ChildProcess;
  #printed = '';
  #status: number | string | undefined;

  constructor(command: string, argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#child = spawn(command, argv, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#printed += text;
      });
    this.#child.once('close', (code, signal) => {
      this.#status = signal ?? code ?? 0;
    });
  }

  /** Both streams, as they came. */
  get printed(): string {
    return this.#printed;
  }

  /** Waits until it prints what matches. */
  async prints(pattern: RegExp, deadlineMs = 60_000): Promise<RegExpExecArray> {
    return until(
      `it prints ${pattern}`,
      async () => {
        const found = pattern.exec(this.#printed);
        if (found === null) throw new Error(`status ${this.#status}, it printed:\n${this.#printed}`);
        return found;
      },
      deadlineMs,
    );
  }

  /** Signals every process that the terminal would. */
  signal(signal: NodeJS.Signals): void {
    if (this.#status === undefined && this.#child.pid !== undefined) process.kill(-this.#child.pid, signal);
  }

  /** Exit status, or the signal that ended it. */
  async ended(deadlineMs = 30_000): Promise<number | string> {
    return until('it ends', async () => this.#status, deadlineMs);
  }
}

/** Processes with this text in one of their arguments. */
export function processesWith(text: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => argumentsOf(pid).includes(text))
    .map(Number);
}

function argumentsOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return ''; // it ended meanwhile
  }
}
