// One portion in a process of its own: its output kept until it has ended, its temporary files and ports apart from those of others.

import { type ChildProcess, fork } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { endLeftovers, MARK } from './leftovers.ts';
import type { Portion } from './plan.ts';
import { counted, NOTHING, type Report, sourceOf, type Tally } from './report.ts';

const entry = fileURLToPath(new URL('./lane-process.js', import.meta.url));
/** No test or hook begins for so long: it hangs where not even its own deadline ends it. */
const SILENCE_LIMIT_MS = 6 * 60_000;
/** What an ended process left to end by itself, such as servers that were just killed, may take so long. */
const GRACE_MS = 3_000;
const STOP_LIMIT_MS = 3_000;

export interface LaneSettings {
  /** Tells apart what lanes use at the same time: ranges of ports. */
  readonly slot: number;
  /** Of this portion alone; taken away afterwards. */
  readonly directory: string;
  readonly color: boolean;
}

export interface Ran {
  readonly portion: Portion;
  readonly tally: Tally;
  /** Undefined: it broke. */
  readonly cpuSeconds: number | undefined;
  readonly output: string;
  readonly seconds: number;
}

export class Lane {
  readonly portion: Portion;
  readonly startedMs = Date.now();
  readonly slot: number;
  readonly #directory: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<string>;
  readonly #output: Buffer[] = [];
  #title = 'loading';
  #tally = NOTHING;
  #cpuSeconds: number | undefined;
  #silence: NodeJS.Timeout | undefined;
  #hung = false;
  #stopped = false;

  constructor(portion: Portion, { slot, directory, color }: LaneSettings) {
    this.portion = portion;
    this.slot = slot;
    this.#directory = directory;
    mkdirSync(directory, { recursive: true });
    const own = { TMPDIR: directory, [MARK]: directory, ORCHESTRATOR_TEST_SLOT: String(slot) };
    this.#child = fork(entry, [color ? 'color' : 'plain', ...portion.files], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: true, // Ctrl-C at a terminal reaches the gatherer alone, which ends the others
      env: { ...process.env, ...own },
    });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (chunk: Buffer) => this.#output.push(chunk));
    this.#child.on('message', (report: Report) => this.#hear(report));
    this.#ended = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => resolve(signal ?? `status ${code}`));
      this.#child.once('error', (err) => resolve(err.message));
    });
    this.#listen();
  }

  /** What it is about now. */
  get title(): string {
    return this.#title;
  }

  /** Resolves when the process and all that it started have ended. */
  async ended(): Promise<Ran> {
    const how = await this.#ended;
    // who ends together is reaped together: what this one said last is read in the next turn of the loop
    for (let turn = 0; turn < 2; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    clearTimeout(this.#silence);
    const left = await endLeftovers(this.#directory, this.#stopped ? 0 : GRACE_MS);
    const seconds = (Date.now() - this.startedMs) / 1_000;
    rmSync(this.#directory, { recursive: true, force: true, maxRetries: 3 });
    const source = this.portion.files.map(sourceOf).join(', ');
    const more = this.#stopped ? [] : left.map((command) => `left running: ${command}\n`);
    if (this.#cpuSeconds === undefined && !this.#stopped) more.push(`${this.#broken(how)}\n`);
    for (const text of more) this.#tally = counted(this.#tally, { kind: 'failed', failure: { file: source, text } });
    return {
      portion: this.portion,
      tally: this.#tally,
      cpuSeconds: this.#cpuSeconds,
      output: Buffer.concat(this.#output).toString(),
      seconds,
    };
  }

  /** Ends it at once, in order if it still can; that is no failure of its tests. */
  stop(): void {
    this.#stopped = true;
    this.#end();
  }

  #end(): void {
    this.#child.kill('SIGTERM');
    setTimeout(() => this.#child.kill('SIGKILL'), STOP_LIMIT_MS).unref();
  }

  #broken(how: string): string {
    const when = this.#title === 'loading' ? 'while it loaded its files' : `in "${this.#title}"`;
    return this.#hung ? `hung ${when}` : `the process of these tests ended with ${how} ${when}`;
  }

  #hear(report: Report): void {
    this.#listen();
    if (report.kind === 'begins') this.#title = report.title;
    else if (report.kind === 'done') this.#cpuSeconds = report.cpuSeconds;
    else this.#tally = counted(this.#tally, report);
  }

  #listen(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => {
      this.#hung = true;
      this.#end();
    }, SILENCE_LIMIT_MS);
  }
}
