import type { Actions } from '../app/actions.ts';
import type { Offline } from '../app/offline.ts';
import type { Config } from '../config/keys.ts';
import { OrchestratorError } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import type { Arguments } from './arguments.ts';
import type { TextFlag } from './flags.ts';
import type { Selection } from './selection.ts';

/** In the order of the list that `help` prints. */
export const SECTIONS = [
  'Smart relocation',
  'Classic file:pos relocation',
  'Binlog server relocation',
  'GTID relocation',
  'Pseudo-GTID relocation',
  'Replication, general',
  'Replication information',
  'Instance',
  'Binary logs',
  'Pools',
  'Information',
  'Key-value',
  'Tags',
  'Instance management',
  'Recovery',
  'Instance, meta',
  'Meta',
  'Raft',
] as const;
export type Section = (typeof SECTIONS)[number];

/** What a command is given. */
export interface CommandContext {
  readonly arguments: Arguments;
  readonly world: Offline;
  readonly select: Selection;
  /** Whoever carries out changes; asked for when there is something to change. */
  readonly actions: () => Promise<Actions>;
  readonly log: Log;
  readonly nowMs: number;
}

/** Lines of the standard output, without their line ends. */
export type Lines = readonly string[];

interface CommandRow {
  readonly name: string;
  /** Older names, accepted everywhere. */
  readonly synonyms?: readonly string[];
  readonly section: Section;
  /** One line, for the list. */
  readonly summary: string;
  /** The options it reads, as a usage line; a `!` behind one that must be given. */
  readonly options: string;
  /** What an operator has to know besides. */
  readonly notes?: string;
  /** Runs although this node is one of a group: it touches nothing that the group has in common. */
  readonly inGroup?: true;
}

export interface BackendCommand extends CommandRow {
  /** Speaks of the instance of `-i`: runs once for each one given. */
  readonly each?: true;
  /** Changes database servers, not only what is known of them: refused with `-noop`. */
  readonly changesServers?: true;
  readonly run: (context: CommandContext) => Lines | Promise<Lines>;
}

/** Needs no backend, and opens none. */
export interface PlainCommand extends CommandRow {
  readonly runPlain: (
    context: Pick<CommandContext, 'arguments' | 'log'> & {
      readonly config: Config;
      /** What is printed stays, should the command fail later. */
      readonly print: (lines: Lines) => void;
    },
  ) => Lines | Promise<Lines>;
}

/** Runs until it is told to stop. */
export interface LoopCommand extends CommandRow {
  readonly loops: true;
}

export type Command = BackendCommand | PlainCommand | LoopCommand;

/** @throws {OrchestratorError} `BAD_REQUEST`: the flag was not given */
export function required({ arguments: given }: Pick<CommandContext, 'arguments'>, flag: TextFlag): string {
  const text = given.text(flag);
  return text === '' ? fail(`No ${flag} given: use -${flag}`) : text;
}

/** @throws {OrchestratorError} `BAD_REQUEST`, always */
export function fail(message: string): never {
  throw new OrchestratorError('BAD_REQUEST', message);
}
