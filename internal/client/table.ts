// All commands of the client in one table, and how a name is found in it.

import { nearest } from '../runtime/nearest.ts';
import { type Command, SECTIONS } from './command.ts';
import { INFORMATION } from './commands/information.ts';
import { MARKS } from './commands/marks.ts';
import { META } from './commands/meta.ts';
import { OPERATIONS } from './commands/operations.ts';
import { RECOVERY } from './commands/recovery.ts';
import { ClientError } from './errors.ts';

/** By section. */
export const COMMANDS: readonly Command[] = SECTIONS.flatMap((section) =>
  [...META, ...INFORMATION, ...OPERATIONS, ...MARKS, ...RECOVERY].filter((command) => command.section === section),
);

/** By its name or an older one; `slave` stands for `replica`. @throws {ClientError} there is no such command */
export function commandOf(name: string): Command {
  const wanted = name.replace('slave', 'replica');
  const found = COMMANDS.find(
    (command) => [name, wanted].includes(command.name) || command.synonyms?.includes(name) === true,
  );
  if (found !== undefined) return found;
  const similar = nearest(
    wanted,
    COMMANDS.map((command) => command.name),
  );
  const hint = similar.length === 0 ? '' : ` Did you mean ${similar.join(' or ')}?`;
  throw new ClientError(`Unsupported command ${name}.${hint} All commands: help`);
}
