import { errorText } from '../runtime/errors.ts';
import type { Command, OwnCommand } from './command.ts';
import { ClientError } from './errors.ts';
import { type CommandLine, readCommandLine } from './options.ts';
import { type Environment, withProfile } from './profile.ts';
import { apiFor, type Outputs, runApiCommand } from './run.ts';
import { commandOf } from './table.ts';

/** Of the shells' completion, and of nobody else. */
const COMPLETE = '__complete';

export interface ClientStreams {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly env: Environment;
}

/**
 * Runs one command line of the client; the answer is the exit status: 0, 1 where it failed, 5 where the answer of the API is of another
 * form than the command reads. It loads neither configuration nor backend: all it knows is what the API says.
 */
export async function clientMain(argv: readonly string[], { out, err, env }: ClientStreams): Promise<number> {
  const tell = (text: string) => err(`orchestrator-client[${process.pid}]: ${text}\n`);
  try {
    if (argv[0] === COMPLETE) return await complete(argv.at(-1) ?? '', { out, err, env });
    const line = readCommandLine(argv);
    if (['auth', 'headers-auth'].some((name) => line.values.has(name as 'auth'))) hideArguments();
    return await dispatch(line, env, { out, err, tell });
  } catch (cause) {
    tell(errorText(cause));
    return cause instanceof ClientError ? cause.status : 1;
  }
}

async function dispatch(line: CommandLine, env: Environment, outputs: Outputs): Promise<number> {
  const name = line.values.get('command') ?? (line.values.has('help') ? 'help' : '');
  if (name === '')
    throw new ClientError(
      'No command given. Use orchestrator-client -c <command> [...] or orchestrator client <command> [...] to do something useful; help lists the commands',
    );
  const command = commandOf(name);
  if (line.values.has('help') && name !== 'help') return help(name, outputs);
  refuseLeftOver(command, line, outputs);
  const known = await withProfile(env, outputs.tell);
  return 'own' in command ? runOwn(command, line, known, outputs) : runApiCommand(command, line, known, outputs);
}

async function runOwn({ own }: OwnCommand, line: CommandLine, env: Environment, outputs: Outputs): Promise<number> {
  switch (own) {
    case 'help':
      return help(line.words[0], outputs);
    case 'which-api':
      outputs.out(`${await apiFor(line, env).base()}\n`);
      return 0;
    case 'completion': {
      const { completionScript } = await import('./completion.ts');
      outputs.out(completionScript(line.words[0]));
      return 0;
    }
  }
}

async function help(name: string | undefined, { out }: Outputs): Promise<number> {
  const { commandUsage, usage } = await import('./help.ts');
  out(name === undefined ? usage() : commandUsage(commandOf(name)));
  return 0;
}

/** What nobody understands is left out where that does no harm. @throws {ClientError} where it may */
function refuseLeftOver(command: Command, { words, unknown }: CommandLine, { tell }: Outputs): void {
  const left = 'own' in command ? [] : words;
  if (unknown.length + left.length === 0) return;
  const following = left.length > 1 ? ' and what follows' : '';
  const text = `not understood: ${[...unknown.map(withoutValue), ...left.slice(0, 1)].join(' ')}${following}`;
  const harmful = unknown.length > 0 || left.some((word) => word.startsWith('-'));
  if (harmful && 'changes' in command) throw new ClientError(`${text}; ${command.name} --help lists the options`);
  tell(`${text}; ignored`);
}

/** What is attached to an option may be a password. */
function withoutValue(option: string): string {
  return option.startsWith('--') ? option.replace(/=.*/s, '') : option.slice(0, 2);
}

async function complete(typed: string, { out, env }: ClientStreams): Promise<number> {
  const { candidates } = await import('./completion.ts');
  const known = await withProfile(env, () => undefined);
  const found = await candidates(typed, known);
  out(found.map(([word, meaning]) => `${word}\t${meaning}\n`).join(''));
  return 0;
}

/** A login on the command line is not for everybody who lists processes. */
function hideArguments(): void {
  process.title = 'orchestrator-client';
}
