import type { Config } from '../config/keys.ts';
import { systemClock } from '../runtime/clock.ts';
import { errorText } from '../runtime/errors.ts';
import { VERSION } from '../runtime/version.ts';
import { Arguments, FlagError } from './arguments.ts';
import { flagList, USAGE } from './flags.ts';
import { type Level, StderrLog } from './stderr-log.ts';

export interface Streams {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const PROMOTION_RULES = ['prefer', 'neutral', 'prefer_not', 'must_not'];

/**
 * Runs one command line; the answer is the exit status: 0, 1 for whatever fails, 2 for flags that cannot be understood.
 * Errors of the user are one line on the standard error; `-stack` adds where they came from. What is not needed is not
 * loaded: a command on a small backend is over in a fraction of a second.
 */
export async function main(argv: readonly string[], streams: Streams): Promise<number> {
  let log = makeLog(streams);
  try {
    const given = new Arguments(argv);
    log = makeLog(streams, given);
    return await dispatch(given, streams, log);
  } catch (err) {
    if (!(err instanceof FlagError)) {
      log.fatal(errorText(err), err);
      return 1;
    }
    streams.err(`${err.message}\n${flagList()}`);
    return 2;
  }
}

async function dispatch(given: Arguments, streams: Streams, log: StderrLog): Promise<number> {
  if (given.on('help')) {
    streams.err(flagList());
    return 0;
  }
  if (given.text('s') !== '' && given.text('d') !== '') return refuse(log, '-s and -d are synonyms: give one of them');
  if (!PROMOTION_RULES.includes(given.text('promotion-rule')))
    return refuse(log, `-promotion-rule must be one of ${PROMOTION_RULES.join(', ')}`);
  if (given.on('version')) {
    const { buildCommit } = await import('../runtime/version.ts');
    streams.out(`${VERSION}\n${buildCommit()}\n`);
    return 0;
  }
  const { loadConfig } = await import('../config/load.ts');
  const file = given.text('config');
  const { config, warnings } = loadConfig({ ...(file === '' ? {} : { file }), env: streams.env });
  const [word, ...rest] = given.words;
  if (given.text('c') === '' && word === 'http') {
    const { runDaemon } = await import('../app/daemon.ts');
    const logLevel = given.on('quiet') ? 'error' : given.on('debug') || config.Debug ? 'debug' : 'info';
    await runDaemon({ config, warnings, noop: given.on('noop'), discovery: given.on('discovery'), logLevel });
    return 0;
  }
  const configured = makeLog(streams, given, config);
  for (const warning of warnings) configured.warn({}, warning);
  if (given.text('c') !== '')
    return runNamed(given.text('c'), word === 'help' ? 'help' : 'run', given, config, streams, configured);
  if (word === 'help' && rest[0] !== undefined) return runNamed(rest[0], 'help', given, config, streams, configured);
  if (word === undefined) {
    const { CHEAT_SHEET } = await import('./help.ts');
    streams.out(CHEAT_SHEET);
    return 0;
  }
  // A command may also stand by itself; flags may then follow it.
  return runNamed(word, 'word', new Arguments(rest, given), config, streams, configured);
}

async function runNamed(
  name: string,
  how: 'run' | 'word' | 'help',
  given: Arguments,
  config: Config,
  streams: Streams,
  log: StderrLog,
): Promise<number> {
  const { commandHelp, commandList } = await import('./help.ts');
  if (how === 'help') {
    streams.out(commandHelp(name));
    return 0;
  }
  if (name === 'help') {
    streams.err(commandList());
    return 0;
  }
  const { lookUp } = await import('./table.ts');
  const found = lookUp(name);
  if (found.kind === 'unknown') {
    const hint = found.similar.length === 0 ? '' : ` Did you mean ${found.similar.join(' or ')}?`;
    log.fatal(`Unknown command: "${name}".${hint} All commands: orchestrator help`);
    if (how === 'word') streams.err(USAGE);
    return 1;
  }
  if (found.kind === 'later') return refuse(log, `Command ${found.name} is not available in this version`);
  const { runCommand } = await import('./run.ts');
  return runCommand(found.command, { arguments: given, config, log, out: streams.out });
}

function refuse(log: StderrLog, message: string): number {
  log.fatal(message);
  return 1;
}

/** Errors only, unless more is asked for: flags first, then the key `Debug`, and `-quiet` beats both. */
function makeLog(streams: Streams, given?: Arguments, config?: Config): StderrLog {
  let threshold: Level = 'ERROR';
  if (given?.on('verbose')) threshold = 'INFO';
  if (given?.on('debug') || config?.Debug) threshold = 'DEBUG';
  if (given?.on('quiet')) threshold = 'ERROR';
  return new StderrLog({ write: streams.err, threshold, stacks: given?.on('stack') ?? false, clock: systemClock });
}
