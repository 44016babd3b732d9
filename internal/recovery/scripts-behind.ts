// The operator's scripts behind a recovery that has ended. Which of them are due is agreed on together with its end, and each one is
// agreed on before it begins: so the next leader runs those that a dead one had not begun, and none a second time.

import { errorText } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import type { RecoveryRecord } from './book.ts';
import { KINDS } from './kinds.ts';
import { isLost } from './mandate.ts';
import type { Verdict } from './verdict.ts';

/** Lists that run behind a recovery, by the keys of the configuration. */
export const SCRIPTS_BEHIND = {
  postPrimary: 'PostMasterFailoverProcesses',
  postIntermediate: 'PostIntermediateMasterFailoverProcesses',
  postFailover: 'PostFailoverProcesses',
  postUnsuccessful: 'PostUnsuccessfulFailoverProcesses',
} as const;

export type ScriptsList = keyof typeof SCRIPTS_BEHIND;
export type HookList = 'preFailover' | ScriptsList;

export function isScriptsList(name: string): name is ScriptsList {
  return Object.hasOwn(SCRIPTS_BEHIND, name);
}

/** How many scripts of one list have been begun, by whomever. */
export interface Begun {
  readonly list: ScriptsList;
  readonly begun: number;
}

export interface ScriptsBehindDeps {
  /**
   * Runs one list from the script with this number on; false when one of them failed.
   *
   * @param begins asked before each: where it throws, neither that one nor those behind it are run
   */
  readonly run: (
    list: ScriptsList,
    from: number,
    record: RecoveryRecord,
    verdict: Verdict,
    begins: (number: number) => Promise<void>,
  ) => Promise<boolean>;
  /** Agrees on the begin of a script, counted from 0. @throws {OrchestratorError} `NOT_LEADER`: it must not be run */
  readonly begins: (uid: string, list: ScriptsList, number: number) => Promise<void>;
  readonly done: (uid: string) => void;
  readonly note: (uid: string, message: string) => void;
  readonly log: Log;
}

/** Those that are to follow a recovery, in order. */
export function scriptsDue({ successful, kind }: RecoveryRecord): readonly ScriptsList[] {
  return successful ? KINDS[kind].scripts : ['postUnsuccessful'];
}

/**
 * Runs what is left of them; the answer is what went wrong.
 *
 * @throws {OrchestratorError} `NOT_LEADER`: the others are left for whoever leads
 */
export async function runScriptsBehind(
  record: RecoveryRecord,
  verdict: Verdict,
  left: readonly Begun[],
  deps: ScriptsBehindDeps,
): Promise<readonly string[]> {
  const { uid } = record;
  const { run, begins, done, note, log } = deps;
  const failures: string[] = [];
  for (const { list, begun } of left) {
    if (begun > 0)
      note(uid, `script ${begun} of ${SCRIPTS_BEHIND[list]} was begun before: whether it ended is not known`);
    const ok = await run(list, begun, record, verdict, (number) => begins(uid, list, number)).catch((err: unknown) => {
      if (isLost(err)) throw err;
      log.error({ err, list }, 'hooks could not run');
      note(uid, errorText(err));
      return false;
    });
    if (ok) continue;
    failures.push(`a script of ${SCRIPTS_BEHIND[list]} failed`);
    note(uid, failures.at(-1) ?? '');
  }
  done(uid);
  return failures;
}
