// How the store fails: damage that was found, a disk without room, and everything else, which ends the process.

import { errorText, OrchestratorError } from '../../runtime/errors.ts';

/** What cannot be believed any more. Nothing is ever cut away or repaired here. */
export interface Damage {
  readonly kind: DamageKind;
  /** File, and where in it. */
  readonly where: string;
  readonly what: string;
}

export type DamageKind =
  /** Not to be read as what it should be. */
  | 'unreadable'
  /** Made by a release with another layout of the file. */
  | 'schema'
  | 'missing'
  /** Bytes that are not those that were written. */
  | 'checksum'
  /** An index is not there. */
  | 'gap'
  /** Terms go down. */
  | 'term'
  /** Log, snapshot and term do not fit together. */
  | 'join'
  /** Less than what was reported durable. */
  | 'shortened'
  /** Files of different nodes or lives beside each other. */
  | 'mixed';

export function damageText({ where, what }: Damage): string {
  return `${where}: ${what}`;
}

/** Thrown where one finding is enough to know that the rest cannot be read. */
export class DamageFound extends Error {
  readonly damage: Damage;

  constructor(kind: DamageKind, where: string, what: string, cause?: unknown) {
    super(`${where}: ${what}`, cause === undefined ? {} : { cause });
    this.name = 'DamageFound';
    this.damage = { kind, where, what };
  }
}

/** What was asked for is durable, or the disk has no room: then nothing of it was done, and it may be asked for again. */
export type Outcome = 'durable' | 'full';

/** Whether there is just no room. SQLite says it in its own words. */
export function isFull(err: unknown): boolean {
  const code = codeOf(err);
  return code === 'ENOSPC' || code === 'EDQUOT' || code.startsWith('SQLITE_FULL');
}

export function codeOf(err: unknown): string {
  return String((err as { code?: unknown } | null)?.code ?? '');
}

/**
 * The end of this process's work with the directory: a sync that failed may have dropped what it was asked to keep and would succeed the
 * next time, and of other failures nobody knows what they left.
 */
export function fatal(directory: string, doing: string, cause: unknown): OrchestratorError {
  if (cause instanceof OrchestratorError) return cause;
  return new OrchestratorError(
    'RAFT_STORE_FAILED',
    `${doing} in RaftDataDir ${directory} failed: ${errorText(cause)}`,
    {
      context: { directory },
      cause,
    },
  );
}

export function inUse(directory: string): OrchestratorError {
  return new OrchestratorError(
    'CONFLICT',
    `RaftDataDir ${directory} is in use by another process: stop it, or give each node a directory of its own`,
    { context: { directory } },
  );
}
