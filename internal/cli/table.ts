// All commands in one table, and how a name is found in it.

import type { Command } from './command.ts';
import { INFORMATION } from './commands/information.ts';
import { INSTANCES } from './commands/instances.ts';
import { LATER } from './commands/later.ts';
import { META } from './commands/meta.ts';
import { RAFT } from './commands/raft.ts';
import { RAFT_RESCUE } from './commands/raft-rescue.ts';
import { RECOVERY } from './commands/recovery.ts';
import { REPLICATION_INFORMATION } from './commands/replication-information.ts';
import { TAGS } from './commands/tags.ts';

export const COMMANDS: readonly Command[] = [
  ...INFORMATION,
  ...TAGS,
  ...INSTANCES,
  ...RECOVERY,
  ...REPLICATION_INFORMATION,
  ...META,
  ...RAFT,
  ...RAFT_RESCUE,
];

export type Lookup =
  | { readonly kind: 'command'; readonly command: Command }
  /** Of the established product, not carried out by this version. */
  | { readonly kind: 'later'; readonly name: string }
  | { readonly kind: 'unknown'; readonly similar: readonly string[] };

export function lookUp(name: string): Lookup {
  const command = COMMANDS.find((one) => one.name === name || one.synonyms?.includes(name));
  if (command !== undefined) return { kind: 'command', command };
  const later = Object.entries(LATER).find(([own, synonyms]) => own === name || synonyms.includes(name));
  if (later !== undefined) return { kind: 'later', name: later[0] };
  return { kind: 'unknown', similar: similarNames(name) };
}

/** Names that somebody may have meant: a few letters away, or with the same beginning. Best first, three at most. */
function similarNames(name: string): readonly string[] {
  const limit = Math.max(1, Math.floor(name.length / 4));
  return COMMANDS.flatMap((command) => [command.name, ...(command.synonyms ?? [])])
    .map((known) => ({ known, distance: known.startsWith(name) ? 0 : editDistance(name, known) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance || a.known.length - b.known.length)
    .slice(0, 3)
    .map(({ known }) => known);
}

/** Letters to insert, to leave out or to replace (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const replaced = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
