import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { freePorts } from '../../scripts/sandbox/ports.ts';
import type { Program } from './network/agent-process.ts';

const entry = fileURLToPath(new URL('../../cmd/orchestrator.js', import.meta.url));

const running = new Set<number>();
process.on('exit', () => {
  for (const pid of running) process.kill(pid, 'SIGKILL');
});

/** Where a daemon runs: on this host, or on one of a test network. */
export interface Place {
  run(file: string, args: readonly string[], log: string): Promise<Program>;
  /** `ListenAddress`. */
  readonly listen: string;
  /** Where the test reaches that, as `host:port`. */
  readonly door: string;
  /** Path that says that it runs; a node of a group answers most others with the help of the others only. */
  readonly ready?: string;
}

async function onThisHost(): Promise<Place> {
  const address = `127.0.0.1:${await freePort()}`;
  return { run: runHere, listen: address, door: address };
}

/** On this host, as a child of this process. */
export async function runHere(file: string, args: readonly string[], log: string): Promise<Program> {
  const output = openSync(log, 'a');
  const child = spawn(file, args, { stdio: ['ignore', output, output] });
  closeSync(output);
  const pid = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('spawn', () => resolve(child.pid!));
  });
  running.add(pid);
  const ended = new Promise<string>((resolve) => child.once('exit', (code, signal) => resolve(signal ?? String(code))));
  void ended.then(() => running.delete(pid));
  return { pid, ended };
}

/** What calls of the first version of the API answer that change something. */
export interface Answer {
  readonly Code: string;
  readonly Message: string;
  readonly Details: unknown;
}

export interface DaemonOptions {
  readonly seeds: readonly string[];
  /** Or made of the directory that the daemon gets. */
  readonly config?:
    | Readonly<Record<string, unknown>>
    | ((directory: string, port: number) => Readonly<Record<string, unknown>>);
  readonly arguments?: readonly string[];
  readonly place?: Place;
}

/** Asks `probe` until it answers something, every 20 ms; fails with `what` after the deadline. */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined | false>,
  deadlineMs = 40_000,
): Promise<T> {
  const end = Date.now() + deadlineMs;
  let last: unknown;
  while (Date.now() < end) {
    try {
      const answer = await probe();
      if (answer !== undefined && answer !== false) return answer;
    } catch (err) {
      last = err;
    }
    await delay(20);
  }
  throw new Error(`not within ${deadlineMs} ms: ${what}${last instanceof Error ? ` (${last.message})` : ''}`);
}

/** A free port on loopback, below the range that the kernel hands out to clients. */
export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  return port ?? 0;
}

/** The compiled daemon as an operator runs it: one process, one configuration file, a backend of its own. */
export class Daemon {
  readonly directory: string;
  readonly #place: Place;
  readonly #arguments: readonly string[];
  #program: Program | undefined;

  private constructor(directory: string, place: Place, extra: readonly string[]) {
    this.directory = directory;
    this.#place = place;
    this.#arguments = extra;
  }

  static async start(options: DaemonOptions): Promise<Daemon> {
    const daemon = await Daemon.prepare(options);
    await daemon.launch();
    return daemon;
  }

  /** With its configuration, and not running. */
  static async prepare(options: DaemonOptions): Promise<Daemon> {
    const place = options.place ?? (await onThisHost());
    const daemon = new Daemon(mkdtempSync(join(tmpdir(), 'orchestrator-')), place, options.arguments ?? []);
    const config = {
      ListenAddress: place.listen,
      BackendDB: 'sqlite',
      SQLite3DataFile: join(daemon.directory, 'orchestrator.sqlite3'),
      DaemonFindTimeoutMilliseconds: 10_000,
      MySQLTopologyUser: 'orchestrator',
      MySQLTopologyPassword: 'orch_topology',
      HostnameResolveMethod: 'none',
      MySQLHostnameResolveMethod: 'none',
      DiscoverySeeds: options.seeds,
      RecoverMasterClusterFilters: ['*'],
      RecoverIntermediateMasterClusterFilters: ['*'],
      ...(typeof options.config === 'function' ? options.config(daemon.directory, daemon.port) : options.config),
    };
    writeFileSync(join(daemon.directory, 'orchestrator.conf.json'), JSON.stringify(config, null, 2));
    return daemon;
  }

  /** Also after `kill`: the same configuration, the same backend. */
  async launch(deadlineMs?: number): Promise<void> {
    const config = join(this.directory, 'orchestrator.conf.json');
    const args = [entry, '-config', config, ...this.#arguments, 'http'];
    const program = await this.#place.run(process.execPath, args, join(this.directory, 'daemon.log'));
    this.#program = program;
    void program.ended.then(() => {
      if (this.#program === program) this.#program = undefined;
    });
    const found = await until(
      'the daemon answers',
      async () => {
        if (!this.runs) return 'it ended';
        const path = `${this.url}${this.#place.ready ?? '/api/clusters'}`;
        return (await fetch(path, { signal: AbortSignal.timeout(2_000) })).ok && 'it answers';
      },
      deadlineMs,
    );
    if (found === 'it ended') throw new Error(`the daemon ended: ${this.log().slice(-2000)}`);
  }

  /** It runs, or has run. */
  get began(): boolean {
    return existsSync(join(this.directory, 'daemon.log'));
  }

  get runs(): boolean {
    return this.#program !== undefined;
  }

  get port(): number {
    return Number(this.#place.door.split(':')[1]);
  }

  get url(): string {
    return `http://${this.#place.door}`;
  }

  async api<T = unknown>(path: string): Promise<T> {
    return (await (await fetch(`${this.url}/api/${path}`)).json()) as T;
  }

  /** A call that succeeds. */
  async done(path: string): Promise<Answer> {
    const answer = await this.api<Answer>(path);
    assert.equal(answer.Code, 'OK', `${path}: ${answer.Message}`);
    return answer;
  }

  log(): string {
    return readFileSync(join(this.directory, 'daemon.log'), 'utf8');
  }

  /** Waits for a log line that contains `text`. */
  async logged(text: string, deadlineMs?: number): Promise<void> {
    await until(`the log says "${text}"`, async () => this.log().includes(text), deadlineMs);
  }

  /** Steps that recoveries wrote down before they took them, oldest first; read from the backend, so also of a dead daemon. */
  journal(): readonly string[] {
    const database = this.#backend();
    try {
      const rows = database.prepare('SELECT step FROM recovery_journal ORDER BY rowid').all();
      return (rows as { step: string }[]).map(({ step }) => step);
    } finally {
      database.close();
    }
  }

  /** Kills the daemon as soon as its journal holds this many steps: while it takes the last one of them, or just after. */
  async killAtStep(count: number): Promise<void> {
    await this.atStep(count);
    await this.kill('SIGKILL');
  }

  /** Resolves as soon as its journal holds this many steps. */
  async atStep(count: number): Promise<void> {
    const database = this.#backend();
    try {
      const counted = database.prepare('SELECT COUNT(*) AS steps FROM recovery_journal');
      const end = Date.now() + 40_000;
      while ((counted.get() as { steps: number }).steps < count) {
        if (Date.now() > end) throw new Error(`the journal never held ${count} steps: ${this.journal().join('; ')}`);
        await delay(1); // the daemon needs the processor more
      }
    } finally {
      database.close();
    }
  }

  /** Writes into the backend of a daemon that is down, as another tool would. */
  store(sql: string, values: readonly (string | number)[]): void {
    const database = new Database(join(this.directory, 'orchestrator.sqlite3'));
    try {
      database.prepare(sql).run(...values);
    } finally {
      database.close();
    }
  }

  /** What its backend holds, whether or not it runs. */
  rows(sql: string): readonly Readonly<Record<string, unknown>>[] {
    const database = this.#backend();
    try {
      return database.prepare(sql).all() as Record<string, unknown>[];
    } finally {
      database.close();
    }
  }

  #backend(): Database.Database {
    return new Database(join(this.directory, 'orchestrator.sqlite3'), { readonly: true });
  }

  /** Everything but its configuration and its log is lost: the log of the group and the backend. It does not run. */
  wipe(): void {
    for (const name of readdirSync(this.directory))
      if (name === 'raft' || name.startsWith('orchestrator.sqlite3'))
        rmSync(join(this.directory, name), { recursive: true });
  }

  /** Stops in its tracks, as a process that hangs: sockets stay open, nothing answers. */
  freeze(): void {
    this.#signal('SIGSTOP');
  }

  thaw(): void {
    this.#signal('SIGCONT');
  }

  /** Changes its configuration file and asks it, by SIGHUP, to read that again. */
  reconfigure(change: Readonly<Record<string, unknown>> | ((text: string) => string)): void {
    const file = join(this.directory, 'orchestrator.conf.json');
    const text = readFileSync(file, 'utf8');
    writeFileSync(
      file,
      typeof change === 'function' ? change(text) : JSON.stringify({ ...JSON.parse(text), ...change }),
    );
    this.#signal('SIGHUP');
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const program = this.#program;
    if (program === undefined) return;
    this.#signal(signal);
    await program.ended;
  }

  #signal(signal: NodeJS.Signals): void {
    try {
      if (this.#program !== undefined) process.kill(this.#program.pid, signal);
    } catch (err) {
      if ((err as NodeJS.ErrnoException).code !== 'ESRCH') throw err; // it ended by itself just now
    }
  }

  async stop(): Promise<void> {
    await this.kill('SIGKILL');
    rmSync(this.directory, { recursive: true, force: true });
  }
}
