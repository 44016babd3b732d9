import type { DaemonOptions } from '../app/daemon.ts';
import type { Config } from '../config/keys.ts';
import { systemClock } from '../runtime/clock.ts';
import { errorText } from '../runtime/errors.ts';
import { ProcessSignals } from '../runtime/process-signals.ts';
import type { Level } from '../runtime/readable-line.ts';
import { Arguments, FlagError } from './arguments.ts';
import { exitStatusOf } from './exit-status.ts';
import { flagList, USAGE } from './flags.ts';
import { StderrLog } from './stderr-log.ts';
import { virtualNames } from './virtual-names.ts';

export interface Streams {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const PROMOTION_RULES = ['prefer', 'neutral', 'prefer_not', 'must_not'];

/**
 * Runs one command line; the answer is the exit status: 0, 2 for flags that cannot be understood, else that of `exitStatusOf`.
 * Errors of the user are one line on the standard error; `-stack` adds where they came from. What is not needed is not
 * loaded: a command on a small backend is over in a fraction of a second.
 */
export async function main(argv: readonly string[], streams: Streams): Promise<number> {
  if (argv[0] === 'client') {
    const { clientMain } = await import('../client/main.ts');
    return clientMain(argv.slice(1), streams);
  }
  let log = makeLog(streams);
  try {
    const given = new Arguments(argv);
    log = makeLog(streams, given);
    return await dispatch(given, streams, log);
  } catch (err) {
    if (!(err instanceof FlagError)) {
      log.fatal(errorText(err), err);
      return exitStatusOf(err);
    }
    streams.err(`${err.message}\n${flagList()}`);
    return 2;
  }
}

/** What does not need a configuration, in the order of the contract; then what does. */
async function dispatch(given: Arguments, streams: Streams, log: StderrLog): Promise<number> {
  if (given.on('help')) {
    streams.err(flagList());
    return 0;
  }
  if (given.text('s') !== '' && given.text('d') !== '') return refuse(log, '-s and -d are synonyms: give one of them');
  if (!PROMOTION_RULES.includes(given.text('promotion-rule')))
    return refuse(log, `-promotion-rule must be one of ${PROMOTION_RULES.join(', ')}`);
  if (given.on('version')) {
    const { buildCommit, VERSION } = await import('../runtime/version.ts');
    streams.out(`${VERSION}\n${buildCommit()}\n`);
    return 0;
  }
  const signals = isDaemon(given) ? hearSignals() : undefined;
  const { loadConfig } = await import('../config/load.ts');
  const file = given.text('config');
  const load = (extra?: string) => {
    const files = { ...(file === '' ? {} : { file }), ...(extra === undefined ? {} : { extra }) };
    const loaded = loadConfig({ ...files, env: streams.env });
    if (!asksForUpdate(given)) return loaded;
    return { ...loaded, config: { ...loaded.config, SkipOrchestratorDatabaseUpdate: false } };
  };
  const { config, warnings } = load();
  const daemon = async (heard: ProcessSignals, parts: Pick<DaemonOptions, 'http' | 'discovery'>) => {
    const { runDaemon } = await import('../app/daemon.ts');
    await runDaemon({
      ...{ config, warnings, load, signals: heard, env: streams.env, ...parts },
      noop: given.on('noop'),
      virtualNames: virtualNames(given),
      grabElection: given.on('grab-election'),
      adoptBackend: given.on('adopt-backend'),
      logLevel: given.on('quiet') ? 'error' : given.on('debug') || config.Debug ? 'debug' : 'info',
      logStacks: given.on('stack'),
    });
    return 0;
  };
  if (signals !== undefined) return daemon(signals, { http: true, discovery: given.on('discovery') });
  const loop = () => daemon(hearSignals(), { http: false, discovery: true });
  const session = { given, config, streams, log: makeLog(streams, given, config), loop };
  for (const warning of warnings) session.log.warn({}, warning);
  return runWords(session);
}

function hearSignals(): ProcessSignals {
  return new ProcessSignals({ process, clock: systemClock });
}

/** A word on the command line counts for more than `SkipOrchestratorDatabaseUpdate`. */
function asksForUpdate(given: Arguments): boolean {
  return given.on('enable-database-update') || [given.text('c'), given.words[0]].includes('redeploy-internal-db');
}

function isDaemon(given: Arguments): boolean {
  return given.text('c') === '' && given.words[0] === 'http';
}

interface Session {
  readonly given: Arguments;
  readonly config: Config;
  readonly streams: Streams;
  readonly log: StderrLog;
  /** Discovers and recovers without an API, until it is told to stop. */
  readonly loop: () => Promise<number>;
}

/** `-c COMMAND`, `-c COMMAND help`, `help`, `help COMMAND`, `COMMAND`, or nothing. */
async function runWords(session: Session): Promise<number> {
  const { given, streams } = session;
  const [word, ...rest] = given.words;
  const name = given.text('c');
  const asked = name !== '' ? name : word === 'help' ? rest[0] : undefined;
  const { CHEAT_SHEET, commandHelp } = await import('./help.ts');
  if (word === 'help' && asked !== undefined) streams.out(commandHelp(asked));
  else if (name !== '') return runNamed(name, session);
  else if (word === undefined) streams.out(CHEAT_SHEET);
  else {
    // A command may also stand by itself; flags may then follow it.
    return runNamed(word, { ...session, given: new Arguments(rest, given) });
  }
  return 0;
}

async function runNamed(name: string, { given, config, streams, log, loop }: Session): Promise<number> {
  const { lookUp } = await import('./table.ts');
  if (name === 'help') {
    const { commandList } = await import('./help.ts');
    streams.err(commandList());
    return 0;
  }
  const found = lookUp(name);
  switch (found.kind) {
    case 'unknown': {
      const hint = found.similar.length === 0 ? '' : ` Did you mean ${found.similar.join(' or ')}?`;
      log.fatal(`Unknown command: "${name}".${hint} All commands: orchestrator help`);
      if (given.text('c') === '') streams.err(USAGE);
      return 1;
    }
    case 'command': {
      if ('loops' in found.command) {
        if (!config.RaftEnabled) return loop();
        return refuse(
          log,
          `RaftEnabled is set: the nodes of a group need an API each; use http in the place of ${name}`,
        );
      }
      const { runCommand } = await import('./run.ts');
      return runCommand(found.command, { arguments: given, config, log, out: streams.out });
    }
  }
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
