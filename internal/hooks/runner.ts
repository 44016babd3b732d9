import { type ChildProcess, spawn } from 'node:child_process';
import type { Clock } from '../runtime/clock.ts';
import { errorText } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import { withoutPassPhrase } from '../runtime/pass-phrase.ts';
import { type HookContext, hookEnvironment, substitutePlaceholders } from './environment.ts';

export interface HookList {
  /** The configuration key, for people. */
  readonly name: string;
  readonly commands: readonly string[];
  /** A failure ends the list and is the answer. Otherwise all run, and a failure is only told. */
  readonly stopOnFailure: boolean;
}

export interface HookRunnerDeps {
  /** The shell, called with `-c` and the command. */
  readonly shellCommand: string;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** Bytes of its output that are kept. */
const OUTPUT_LIMIT = 64 * 1024;
/** What a hook wrote last may still be on its way when it ended; who holds its output open longer than this is not waited for. */
const OUTPUT_GRACE_MS = 50;

interface Ending {
  /** Undefined: it ended with status 0. */
  readonly error: string | undefined;
  readonly output: string;
}

/** What a script is given. */
interface Invocation {
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly input: string;
}

/** Runs operators' scripts: in order, each with a time limit, values in the environment and JSON on standard input. */
export class HookRunner {
  readonly #deps: HookRunnerDeps;

  constructor(deps: HookRunnerDeps) {
    this.#deps = deps;
  }

  /**
   * False when a hook failed. `note` hears of each start and end.
   *
   * @param confirm asked before each of them: where it throws, neither this one nor those behind it are run
   */
  async run(
    list: HookList,
    context: HookContext,
    note: (message: string) => void,
    confirm: () => Promise<void> = async () => undefined,
  ): Promise<boolean> {
    let ok = true;
    for (const written of list.commands) {
      const trimmed = written.trim();
      const background = trimmed.endsWith('&');
      const command = substitutePlaceholders(background ? trimmed.replace(/[&\s]+$/, '') : trimmed, context);
      await confirm();
      const startedMs = this.#deps.clock.monotonicMs();
      note(`${list.name}: running ${command}`);
      const running = this.#one(command, {
        arguments: [],
        environment: hookEnvironment(context),
        input: JSON.stringify(context),
      });
      if (background) {
        void running.then((ending) => note(`${list.name}: ${command}: ${told(ending, 'in the background')}`));
        continue;
      }
      const ending = await running;
      const durationMs = Math.round(this.#deps.clock.monotonicMs() - startedMs);
      note(`${list.name}: ${command}: ${told(ending, `after ${durationMs} ms`)}`);
      if (ending.error === undefined) continue;
      this.#deps.log.warn({ hook: list.name, command, ...ending }, 'hook failed');
      ok = false;
      if (list.stopOnFailure) break;
    }
    return ok;
  }

  /** Those of `list` one after another, with the same arguments, as they are written: nothing in them is replaced. Failures are only told. */
  async runWith(
    list: Pick<HookList, 'name' | 'commands'>,
    given: Omit<Invocation, 'input'>,
    note: (message: string) => void,
  ): Promise<void> {
    for (const command of list.commands) {
      const ending = await this.#one(`${command} "$@"`, { ...given, input: '' });
      note(`${list.name}: ${command}: ${told(ending, 'run')}`);
      if (ending.error !== undefined) this.#deps.log.warn({ hook: list.name, command, ...ending }, 'hook failed');
    }
  }

  #one(command: string, invocation: Invocation): Promise<Ending> {
    const { clock, timeoutMs } = this.#deps;
    return new Promise((resolve) => {
      const chunks: Buffer[] = [];
      let room = OUTPUT_LIMIT;
      const settle = (error: string | undefined) =>
        resolve({ error, output: Buffer.concat(chunks).toString('utf8').trim() });
      const child = this.#start(command, invocation, settle);
      if (child === undefined) return;
      let timedOut = false;
      const deadline = clock.timeoutSignal(timeoutMs);
      const onDeadline = () => {
        timedOut = true;
        killGroup(child);
      };
      deadline.addEventListener('abort', onDeadline, { once: true });
      const collect = (chunk: Buffer) => {
        if (room === 0) return; // even a part of no bytes keeps the whole of it in memory
        chunks.push(chunk.subarray(0, room));
        room = Math.max(0, room - chunk.length);
      };
      child.stdout.on('data', collect);
      child.stderr.on('data', collect);
      child.stdin.on('error', () => undefined); // a hook need not read what it is given
      child.stdin.end(invocation.input);
      child.once('exit', (code, signal) => {
        deadline.removeEventListener('abort', onDeadline);
        const failure = code === 0 ? undefined : `failed with ${signal ?? `status ${code}`}`;
        const error = timedOut ? `not done within ${timeoutMs} ms: ended` : failure;
        child.once('close', () => settle(error));
        void clock.sleep(OUTPUT_GRACE_MS).then(() => settle(error));
      });
    });
  }

  /** Undefined: it cannot be started, which `failed` was or will be told. */
  #start(command: string, invocation: Invocation, failed: (error: string) => void) {
    const { shellCommand } = this.#deps;
    const told = (err: unknown) => failed(`cannot start ${shellCommand}: ${errorText(err)}`);
    try {
      const child = spawn(shellCommand, ['-c', command, shellCommand, ...invocation.arguments], {
        env: { ...withoutPassPhrase(process.env), ...invocation.environment },
        detached: true, // a group of its own, so that the limit reaches what the hook started too
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      child.once('error', told);
      return child.pid === undefined ? undefined : child; // it has not even streams where this process may open no more files
    } catch (err) {
      told(err); // a NUL character, for one
      return undefined;
    }
  }
}

function told({ error, output }: Ending, when: string): string {
  return `${error ?? 'done'} ${when}${output === '' ? '' : `: ${output}`}`;
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    child.kill('SIGKILL'); // the group is gone already
  }
}
