import { errorText } from '../runtime/errors.ts';
import { ownName } from '../runtime/own-name.ts';
import { parseKey } from '../topology/instance-key.ts';
import type { Command, Need, Pieces } from './command.ts';
import { ClientError } from './errors.ts';
import { type CommandLine, type OptionName, optionUsage } from './options.ts';
import type { Environment } from './profile.ts';

const DEFAULT_PORT = '3306';
const DEFAULT_DURATION = '10m';

/** What was given, by options, environment and habit, as pieces of a path. */
export class Given implements Pieces {
  readonly #values: CommandLine['values'];
  readonly #env: Environment;

  constructor(values: CommandLine['values'], env: Environment) {
    this.#values = values;
    this.#env = env;
  }

  get instance(): string {
    return this.#hostAndPort('instance');
  }

  get destination(): string {
    return this.#hostAndPort('destination');
  }

  get cluster(): string {
    return segment(this.text('alias') || this.text('instance'));
  }

  readonly of = (name: OptionName): string =>
    name === 'path' ? this.text(name).replace(/^\//, '') : segment(this.text(name));

  /** As it was given; empty where it was not. */
  text(name: OptionName): string {
    return this.#values.get(name) ?? this.#default(name);
  }

  /** @throws {ClientError} something that the command cannot do without is missing */
  check({ name, needs }: Pick<Command, 'name' | 'needs'>): void {
    for (const need of needs) {
      const given = need === 'cluster' ? this.cluster : this.text(need === 'text' ? 'instance' : need);
      if (given.trim() === '')
        throw new ClientError(`${MISSING[need] ?? need} must be provided: ${name} ${usageOf(need)}`);
    }
  }

  #default(name: OptionName): string {
    switch (name) {
      case 'instance':
        return this.#env.ORCHESTRATOR_INSTANCE ?? '';
      case 'owner':
        return ownName();
      case 'duration':
        return DEFAULT_DURATION;
      case 'default-port':
        return DEFAULT_PORT;
      default:
        return '';
    }
  }

  #hostAndPort(name: 'instance' | 'destination'): string {
    const text = this.text(name).trim();
    if (text === '') return '';
    const defaultPort = Number(this.text('default-port'));
    if (!/^\d{1,5}$/.test(this.text('default-port'))) throw new ClientError('-D PORT: not a port');
    try {
      const { hostname, port } = parseKey(text, defaultPort);
      return `${segment(hostname)}/${port}`;
    } catch (cause) {
      throw new ClientError(`${optionUsage(name)}: ${errorText(cause)}`, { cause });
    }
  }
}

/** In the words of the established client where it has its own. */
const MISSING: Partial<Record<Need, string>> = { cluster: 'instance|alias', text: 'instance' };

/** How it is given. */
export function usageOf(need: Need): string {
  if (need === 'cluster') return `${optionUsage('alias')} | ${optionUsage('instance')}`;
  return need === 'text' ? '-i TEXT' : optionUsage(need);
}

/** One segment of a path, or a value of a query. A colon stands for itself, as the API writes it. */
function segment(text: string): string {
  return encodeURIComponent(text).replaceAll('%3A', ':');
}
