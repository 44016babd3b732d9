// All commands in one table, and how a name is found in it.

import { nearest } from '../runtime/nearest.ts';
import type { Command } from './command.ts';
import { DOMAINS } from './commands/domains.ts';
import { INFORMATION } from './commands/information.ts';
import { INSTANCES } from './commands/instances.ts';
import { LOG_LOOK_UPS } from './commands/log-look-ups.ts';
import { META } from './commands/meta.ts';
import { OPERATION_COMMANDS } from './commands/operations.ts';
import { POOLS } from './commands/pools.ts';
import { PUBLISHING } from './commands/publishing.ts';
import { RAFT } from './commands/raft.ts';
import { RAFT_IMPORT } from './commands/raft-import.ts';
import { RAFT_RESCUE } from './commands/raft-rescue.ts';
import { RECOVERY } from './commands/recovery.ts';
import { REGROUP_COMMANDS } from './commands/regroup.ts';
import { REPLICATION_INFORMATION } from './commands/replication-information.ts';
import { TAGS } from './commands/tags.ts';

export const COMMANDS: readonly Command[] = [
  ...OPERATION_COMMANDS,
  ...REGROUP_COMMANDS,
  ...POOLS,
  ...LOG_LOOK_UPS,
  ...INFORMATION,
  ...DOMAINS,
  ...PUBLISHING,
  ...TAGS,
  ...INSTANCES,
  ...RECOVERY,
  ...REPLICATION_INFORMATION,
  ...META,
  ...RAFT,
  ...RAFT_RESCUE,
  ...RAFT_IMPORT,
];

export type Lookup =
  | { readonly kind: 'command'; readonly command: Command }
  | { readonly kind: 'unknown'; readonly similar: readonly string[] };

export function lookUp(name: string): Lookup {
  const command = COMMANDS.find((one) => one.name === name || one.synonyms?.includes(name));
  if (command !== undefined) return { kind: 'command', command };
  const names = COMMANDS.flatMap((command) => [command.name, ...(command.synonyms ?? [])]);
  return { kind: 'unknown', similar: nearest(name, names) };
}
