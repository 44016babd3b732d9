// Storage for a node of a group: what an entry of the log says is written in one transaction with that entry; what this
// node found out or did by itself is written as it comes.

import type { Agreed, AgreedEntry } from '../../backend/agreed.ts';
import { stepNote } from '../../recovery/step-note.ts';
import { keyText } from '../../topology/instance-key.ts';
import type { Storage } from '../ports.ts';
import { FIRST_SCRIPTS_NUMBER } from '../scripts-left.ts';

type Work = () => Promise<void>;

export class AgreedStorage {
  /** To be used for everything. */
  readonly storage: Storage;
  readonly #agreed: Agreed;
  /** Of the entry that is being applied; undefined between entries. */
  #works: Work[] | undefined;

  constructor(local: Storage, agreed: Agreed) {
    this.#agreed = agreed;
    this.storage = { ...local, ...this.#agreedParts(local) };
  }

  /** Applies one entry. `written` resolves when what it had stored is in the database. */
  during<T>(entry: AgreedEntry, apply: () => T): { readonly result: T; readonly written: Promise<void> } {
    const works: Work[] = [];
    this.#works = works;
    try {
      const result = apply();
      return { result, written: this.#agreed.write(entry, works) };
    } finally {
      this.#works = undefined;
    }
  }

  #agreedParts(local: Storage): Partial<Storage> {
    const agreed = this.#agreed;
    /** With the entry where one is being applied; else by itself. */
    const within =
      <A extends readonly unknown[], R>(work: (...values: A) => Promise<void>, otherwise: (...values: A) => R) =>
      (...values: A): R | Promise<void> => {
        if (this.#works === undefined) return otherwise(...values);
        this.#works.push(() => work(...values));
        return Promise.resolve();
      };
    return {
      opened: within((record) => agreed.tables.recoveries.opened(record), local.opened),
      takenOver: within((record) => agreed.tables.recoveries.takenOver(record), local.takenOver),
      closed: within((record) => agreed.tables.recoveries.closed(record), local.closed),
      acknowledged: within((records) => agreed.tables.acknowledged(records), local.acknowledged),
      stepStarted: within(
        (uid, number, text) => agreed.tables.journal.stepStarted(uid, number, text),
        local.stepStarted,
      ),
      stepEnded: within(
        (uid, number, text, { statements, error }) =>
          agreed.tables.journal.stepEnded(uid, number, error, stepNote(text, statements, error)),
        local.stepEnded,
      ),
      scriptsEnded: within((uid) => agreed.tables.journal.endedFrom(uid, FIRST_SCRIPTS_NUMBER), local.scriptsEnded),
      note: within((uid, message) => agreed.tables.journal.note(uid, message), local.note),
      fenceIntended: within(
        (failed, cluster, successor) => agreed.tables.journal.fenceIntended(failed, cluster, successor),
        local.fenceIntended,
      ),
      fenced: within((key) => agreed.tables.journal.fenced(key), local.fenced),
      recoveriesDisabled: within(
        (disabled) => agreed.tables.words.recoveriesDisabled(disabled),
        local.recoveriesDisabled,
      ),
      promotionRule: within((key, rule) => agreed.tables.words.promotionRule(key, rule), local.promotionRule),
      downtime: within((key, downtime) => agreed.tables.words.downtime(key, downtime), local.downtime),
      aliasOverride: within(
        (cluster, alias) => agreed.tables.names.put('aliasOverride', cluster, alias),
        local.aliasOverride,
      ),
      clusterRenamed: within((from, to) => agreed.tables.names.moveOverride(from, to), local.clusterRenamed),
      writerOf: within((name, key) => agreed.tables.names.attribute(name, keyText(key)), local.writerOf),
      tagged: within((key, name, value) => agreed.tables.names.tag(key, name, value), local.tagged),
      untagged: within((keys, name, value) => agreed.tables.names.untag(keys, name, value), local.untagged),
      virtualName: within((host, name) => agreed.tables.names.virtualName(host, name), local.virtualName),
      poolSubmitted: within((pool, keys) => agreed.tables.pools.submitted(pool, keys), local.poolSubmitted),
      marked: within((cluster) => agreed.tables.positions.marked(cluster), local.marked),
      tokenTaken: within((token) => agreed.tables.tokens.taken(token), local.tokenTaken),
      published: within((name, value) => agreed.tables.names.put('value', name, value), local.published),
      detected: within((detection) => agreed.tables.detections.detected(detection), local.detected),
      maintenanceBegun: (key, lock, id) => {
        if (this.#works === undefined) return local.maintenanceBegun(key, lock, id);
        this.#works.push(async () => void (await agreed.tables.words.beginMaintenance(key, lock, id)));
        return Promise.resolve(id);
      },
      maintenanceEnded: within((key) => agreed.tables.words.endMaintenance(key), local.maintenanceEnded),
      callKept: within((call) => agreed.tables.calls.keep(call), local.callKept),
      callForgotten: within((id) => agreed.tables.calls.forget(id), local.callForgotten),
      expired: within((nowMs, retention) => agreed.tables.expire(nowMs, retention), local.expired),
    };
  }
}
