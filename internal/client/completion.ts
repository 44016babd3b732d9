// What a shell offers when somebody asks it to go on: commands, options, and, as far as the API answers at once, instances, clusters and tags.

import { basename } from 'node:path';
import type { Api } from './api.ts';
import { ClientError } from './errors.ts';
import { Given } from './given.ts';
import { type CommandLine, OPTION_NAMES, OPTIONS, type OptionName, optionOf, readCommandLine } from './options.ts';
import type { Environment } from './profile.ts';
import { apiFor } from './run.ts';
import { COMMANDS, commandOf } from './table.ts';

/** Whoever presses a key waits no longer. */
const LOOK_MS = 1000;
const RULES = ['prefer', 'neutral', 'prefer_not', 'must_not'];
const EVERYWHERE: readonly OptionName[] = ['help', 'json', 'api', 'auth', 'headers-auth', 'cacert', 'cert', 'key'];

/** A word that may stand there, and what it means. */
export type Candidate = readonly [word: string, meaning: string];

/** @param typed the line up to the cursor, the name of the program included */
export async function candidates(typed: string, env: Environment): Promise<readonly Candidate[]> {
  const words = typed.trimStart().split(/\s+/);
  const current = words.pop() ?? '';
  const program = basename(words.shift() ?? '');
  if (program === 'orchestrator' && words.shift() !== 'client')
    return words.length === 0 ? starting(current, ['client']) : [];
  const [, name, partial] = /^--?([a-z-]+)=(.*)$/.exec(current) ?? [];
  const option = optionOf(name === undefined ? (words.at(-1) ?? '') : `--${name}`);
  if (option === undefined || OPTIONS[option].value === undefined) return names(current, lineOf(words));
  const before = current.slice(0, current.length - (partial ?? current).length);
  const line = lineOf(name === undefined ? words.slice(0, -1) : words);
  const found = await values(option, partial ?? current, line, env);
  return found.map(([word, meaning]) => [`${before}${word}`, meaning]);
}

/** Options and commands. */
function names(current: string, line: CommandLine): readonly Candidate[] {
  const command = line.values.get('command');
  if (current.startsWith('-'))
    return optionsOf(command).flatMap((name) => {
      const { letters, summary } = OPTIONS[name];
      const typed = [...[...letters].map((letter) => `-${letter}`), `--${name}`];
      return starting(current, current.startsWith('--') ? typed.slice(-1) : typed, summary);
    });
  if (command === undefined || command === 'help') return commandNames(current);
  return command === 'completion' ? starting(current, Object.keys(SHELLS)) : [];
}

async function values(
  option: OptionName,
  current: string,
  line: CommandLine,
  env: Environment,
): Promise<readonly Candidate[]> {
  switch (option) {
    case 'command':
      return commandNames(current);
    case 'promotion-rule':
      return starting(current, RULES);
    case 'instance':
    case 'destination': {
      const found = await look(apiFor(line, env), `search?s=${encodeURIComponent(current)}`);
      return starting(
        current,
        found.map(({ Key }) => `${Key?.Hostname}:${Key?.Port}`),
      );
    }
    case 'alias': {
      const found = await look(apiFor(line, env), 'clusters-info');
      return found.flatMap(({ ClusterAlias, ClusterName }) => {
        const [alias, name] = [String(ClusterAlias ?? ''), String(ClusterName ?? '')];
        return alias === name
          ? starting(current, [name])
          : [...starting(current, [alias], name), ...starting(current, [name], alias)];
      });
    }
    case 'tag': {
      const { instance } = new Given(line.values, env);
      return instance === '' ? [] : starting(current, (await look(apiFor(line, env), `tags/${instance}`)).map(String));
    }
    default:
      return [];
  }
}

/** Members of what the API lists; of anything else: none. */
type Listed = { readonly Key?: { Hostname?: unknown; Port?: unknown } } & Readonly<Record<string, unknown>>;

async function look(api: Api, path: string): Promise<readonly Listed[]> {
  const found = await api.look(path, LOOK_MS);
  return Array.isArray(found) ? (found as Listed[]) : [];
}

function commandNames(current: string): readonly Candidate[] {
  return COMMANDS.flatMap(({ name, summary }) => starting(current, [name], summary));
}

/** Of a command that is known what it reads; otherwise all. */
function optionsOf(name: string | undefined): readonly OptionName[] {
  try {
    const { needs, takes = [] } = commandOf(name ?? '');
    const own = needs.flatMap((need): OptionName[] =>
      need === 'cluster' ? ['alias', 'instance'] : need === 'text' ? ['instance'] : [need],
    );
    return [...new Set([...own, ...takes, ...EVERYWHERE])];
  } catch {
    return OPTION_NAMES;
  }
}

/** What was typed so far, as much of it as can be understood. */
function lineOf(words: readonly string[]): CommandLine {
  try {
    return readCommandLine(words);
  } catch {
    return { values: new Map(), words: [], unknown: [] };
  }
}

function starting(current: string, words: readonly string[], meaning = ''): readonly Candidate[] {
  return words.filter((word) => word !== '' && word.startsWith(current)).map((word) => [word, meaning]);
}

/**
 * Bash takes a colon and an equals sign for the end of a word, so that only what is behind the last one is to be offered.
 */
const BASH = `# Completion of orchestrator-client for bash: source <(orchestrator-client completion bash)
_orchestrator_client() {
  local typed="\${COMP_LINE:0:COMP_POINT}" ask=("$1") word meaning
  [[ "\${1##*/}" == orchestrator ]] && ask+=(client)
  local current="\${typed##*[[:space:]]}"
  local head="\${current%"\${current##*[:=]}"}"
  COMPREPLY=()
  while IFS=$'\\t' read -r word meaning; do
    COMPREPLY+=("\${word#"$head"}")
  done < <("\${ask[@]}" __complete -- "$typed" 2> /dev/null)
}
complete -F _orchestrator_client orchestrator-client orchestrator
`;

const ZSH = `#compdef orchestrator-client orchestrator
# Completion of orchestrator-client for zsh: source <(orchestrator-client completion zsh), or a file _orchestrator-client in $fpath
_orchestrator_client() {
  local -a ask found shown
  local word meaning typed="\${(j: :)words[1,CURRENT-1]} $PREFIX"
  ask=("\${words[1]}")
  [[ "\${words[1]:t}" == orchestrator ]] && ask+=(client)
  while IFS=$'\\t' read -r word meaning; do
    found+=("$word")
    shown+=("$word\${meaning:+  -- $meaning}")
  done < <("\${ask[@]}" __complete -- "$typed" 2> /dev/null)
  compadd -l -d shown -a found
}
if [[ "\${funcstack[1]}" == _orchestrator-client ]]; then
  _orchestrator_client
else
  compdef _orchestrator_client orchestrator-client orchestrator
fi
`;

const SHELLS: Readonly<Record<string, string>> = { bash: BASH, zsh: ZSH };

/** @throws {ClientError} no such shell */
export function completionScript(shell: string | undefined): string {
  const script = SHELLS[shell ?? ''];
  if (script === undefined)
    throw new ClientError(`completion ${Object.keys(SHELLS).join(' or ')}, not "${shell ?? ''}"`);
  return script;
}
