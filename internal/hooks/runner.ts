import { type ChildProcess, spawn } from 'node:child_process';
import type { Clock } from '../runtime/clock.ts';
import { errorText } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
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

const OUTPUT_LIMIT = 64 * 1024;

/** Runs operators' scripts: in order, each with a time limit, values in the environment and JSON on standard input. */
export class HookRunner {
  readonly #deps: HookRunnerDeps;

  constructor(deps: HookRunnerDeps) {
    this.#deps = deps;
  }

  /** False when a hook failed. `note` hears of each start and end. */
  async run(list: HookList, context: HookContext, note: (message: string) => void): Promise<boolean> {
    let ok = true;
    for (const written of list.commands) {
      const trimmed = written.trim();
      const background = trimmed.endsWith('&');
      const command = substitutePlaceholders(background ? trimmed.replace(/[&\s]+$/, '') : trimmed, context);
      const startedMs = this.#deps.clock.monotonicMs();
      note(`${list.name}: running ${command}`);
      const running = this.#one(command, context);
      if (background) {
        void running.then((error) => note(`${list.name}: ${command}: ${error ?? 'done'} (in the background)`));
        continue;
      }
      const error = await running;
      const durationMs = Math.round(this.#deps.clock.monotonicMs() - startedMs);
      note(`${list.name}: ${command}: ${error ?? 'done'} after ${durationMs} ms`);
      if (error === undefined) continue;
      this.#deps.log.warn({ hook: list.name, command, error }, 'hook failed');
      ok = false;
      if (list.stopOnFailure) break;
    }
    return ok;
  }

  /** Undefined when the hook ended with 0, else what happened and what it said. */
  #one(command: string, context: HookContext): Promise<string | undefined> {
    const { shellCommand, timeoutMs, clock } = this.#deps;
    return new Promise((resolve) => {
      let output = '';
      let timedOut = false;
      const child = spawn(shellCommand, ['-c', command], {
        env: { ...process.env, ...hookEnvironment(context) },
        detached: true, // a group of its own, so that the limit reaches what the hook started too
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      const deadline = clock.timeoutSignal(timeoutMs);
      const onDeadline = () => {
        timedOut = true;
        killGroup(child);
      };
      deadline.addEventListener('abort', onDeadline, { once: true });
      const collect = (chunk: Buffer) => {
        if (output.length < OUTPUT_LIMIT) output += chunk.toString('utf8').slice(0, OUTPUT_LIMIT - output.length);
      };
      child.stdout.on('data', collect);
      child.stderr.on('data', collect);
      child.stdin.on('error', () => undefined); // a hook need not read what it is given
      child.stdin.end(JSON.stringify(context));
      const settle = (error: string | undefined) => {
        deadline.removeEventListener('abort', onDeadline);
        resolve(error === undefined ? undefined : `${error}${output.trim() === '' ? '' : `: ${output.trim()}`}`);
      };
      child.once('error', (err) => settle(`cannot start ${shellCommand}: ${errorText(err)}`));
      child.once('exit', (code, signal) => {
        if (timedOut) settle(`not done within ${timeoutMs} ms: ended`);
        else settle(code === 0 ? undefined : `failed with ${signal ?? `status ${code}`}`);
      });
    });
  }
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    child.kill('SIGKILL'); // the group is gone already
  }
}
