import { errorText } from '../runtime/errors.ts';
import { parseArguments } from './arguments.ts';

const HELP = `orchestrator: high availability for MySQL and MariaDB replication

Usage: orchestrator [flags] http

  http             run the daemon: discovery, recovery, HTTP API

Flags (one dash or two):
  -config FILE     configuration file; default: /etc/orchestrator.conf.json, conf/orchestrator.conf.json, orchestrator.conf.json
  -noop            watch and analyse; change nothing
  -debug           log more
  -version         print the version
  -help            print this
`;

export interface Streams {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Runs one command; the answer is the exit status. Errors of the user are one line, never a stack. */
export async function main(argv: readonly string[], streams: Streams): Promise<number> {
  try {
    const { texts, switches, words } = parseArguments(argv);
    if (switches.has('version')) {
      streams.out('0.1.0\n');
      return 0;
    }
    if (switches.has('help') || switches.has('h') || words.length === 0 || words[0] === 'help') {
      streams.out(HELP);
      return words.length === 0 && !switches.has('help') && !switches.has('h') ? 1 : 0;
    }
    if (words[0] !== 'http') {
      streams.err(`unknown command: ${words.join(' ')}; see --help\n`);
      return 1;
    }
    const { loadConfig } = await import('../config/load.ts');
    const { runDaemon } = await import('../app/daemon.ts');
    const file = texts.get('config');
    const { config, warnings } = loadConfig({ ...(file === undefined ? {} : { file }), env: streams.env });
    await runDaemon({ config, warnings, noop: switches.has('noop'), debug: switches.has('debug') });
    return 0;
  } catch (err) {
    streams.err(`orchestrator: ${errorText(err)}\n`);
    return 1;
  }
}
