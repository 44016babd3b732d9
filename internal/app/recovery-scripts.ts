// The scripts of operators around a recovery: those that may say no before it, and those that follow it.

import type { RecoveryRecord } from '../recovery/book.ts';
import type { Mandate } from '../recovery/mandate.ts';
import type { HookList, ScriptsBehindDeps } from '../recovery/scripts-behind.ts';
import type { Verdict } from '../recovery/verdict.ts';
import type { Log } from '../runtime/log.ts';
import type { Agreement } from './agreement.ts';
import type { RunHooks } from './ports.ts';
import type { RecoveryLedger } from './recovery-ledger.ts';

export interface RecoveryScriptsDeps {
  readonly runHooks: RunHooks;
  readonly ledger: RecoveryLedger;
  /** How this node is called. */
  readonly node: string;
  readonly agreement: () => Agreement;
  readonly log: Log;
}

export class RecoveryScripts {
  readonly #deps: RecoveryScriptsDeps;
  /** That a script begins is agreed on, which is the leave to run it as well. */
  readonly behind: ScriptsBehindDeps;

  constructor(deps: RecoveryScriptsDeps) {
    const { ledger, log } = deps;
    this.#deps = deps;
    this.behind = {
      run: (list, from, record, verdict, begins) => {
        let next = from;
        const begin = async () => {
          await begins(next);
          next += 1;
        };
        return this.#run(list, record.uid, verdict, begin, record, from);
      },
      begins: (uid, list, number) => ledger.beginScript(uid, list, number),
      done: (uid) => ledger.later({ op: 'effects-done', uid }),
      note: (uid, message) => ledger.note(uid, message),
      log,
    };
  }

  /** False: one of them says no. */
  before(
    list: 'preFailover' | 'detection',
    uid: string,
    verdict: Verdict,
    mandate: Mandate,
    record?: RecoveryRecord,
  ): Promise<boolean> {
    return this.#run(list, uid, verdict, () => mandate.confirm(), record);
  }

  #run(
    list: HookList | 'detection',
    uid: string,
    verdict: Verdict,
    confirm: () => Promise<void>,
    record?: RecoveryRecord,
    from?: number,
  ): Promise<boolean> {
    const { runHooks, ledger, node, agreement } = this.#deps;
    const { key: failed, code, description, command, kind, snapshot } = verdict;
    const { term } = agreement();
    if (record !== undefined && term > 0) ledger.note(uid, `scripts (${list}) are run by ${node} in term ${term}`);
    const successor = record?.successor;
    const subject = { uid, code, description, command, kind, failed, snapshot, record, successor };
    return runHooks(list, subject, confirm, from);
  }
}
