import type { Command, Op } from '../../command/command.ts';
import { OrchestratorError } from '../../runtime/errors.ts';

/** They stand in rows that are read as a whole. */
const WORDS: ReadonlySet<Op> = new Set<Op>([
  'begin-downtime',
  'end-downtime',
  'register-candidate',
  'maintenance-begin',
  'maintenance-end',
  'set-cluster-alias-manual-override',
  'disable-global-recoveries',
  'enable-global-recoveries',
  'submit-pool-instances',
]);

/** They are done as they were said. */
const DEEDS: ReadonlySet<Op> = new Set<Op>([
  'discover',
  'forget',
  'forget-cluster',
  'ack-recovery',
  'put-key-value',
  'put-instance-tag',
  'delete-instance-tag',
  'register-hostname-unresolve',
]);

export const isWord = (op: Op): boolean => WORDS.has(op);

/** What an operator may ask of any node. */
export const isWish = (op: Op): boolean => WORDS.has(op) || DEEDS.has(op);

/** What it is about, as far as the order counts in which two of them are done: hosts, recoveries, a key. */
export function subjectsOf(command: Command): readonly string[] {
  switch (command.op) {
    case 'discover':
    case 'forget':
    case 'put-instance-tag':
    case 'register-hostname-unresolve':
      return [`host ${command.key.hostname}`];
    case 'forget-cluster':
    case 'delete-instance-tag':
      return command.keys.map(({ hostname }) => `host ${hostname}`);
    case 'ack-recovery':
      return command.uids.map((uid) => `recovery ${uid}`);
    case 'put-key-value':
      return [`key ${command.name}`];
    default:
      return [];
  }
}

/** As it stands in its row. @throws {OrchestratorError} `BACKEND_CORRUPT`: it is none, nor will it be */
export function readWish(text: string): Command {
  let command: unknown;
  try {
    command = JSON.parse(text);
  } catch (cause) {
    throw new OrchestratorError('BACKEND_CORRUPT', 'a wish of an operator is no JSON', { cause });
  }
  const op = (command as Partial<Command> | null)?.op;
  if (op === undefined || !isWish(op))
    throw new OrchestratorError('BACKEND_CORRUPT', 'a wish of an operator is of no kind that this version knows');
  return command as Command;
}
