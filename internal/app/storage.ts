// The backend as the storage that the orchestrator asks for.

import type { SqliteStore } from '../backend/sqlite-store.ts';
import type { RecoveryKind } from '../recovery/book.ts';
import { lastPlanIn } from '../recovery/plan-note.ts';
import { stepNote } from '../recovery/step-note.ts';
import { keyText } from '../topology/instance-key.ts';
import type { Restored, Storage } from './ports.ts';

export function restore(store: SqliteStore): Restored {
  return {
    instances: store.loadInstances(),
    recoveries: store.loadRecoveries(200).map((record) => ({
      ...record,
      kind: kindOfCode(record.code),
      lost: record.lost.map(({ key }) => ({ key, reason: '', reachable: false })),
    })),
    detections: [],
    openFences: store.loadFences(),
    recoveriesDisabled: store.loadRecoveriesDisabled(),
    promotionRules: store.loadPromotionRules(),
    downtimes: store.loadDowntimes(),
  };
}

export function storageOn(
  store: SqliteStore,
  node: { hostname: string; token: string },
  depth: (key: string, cluster: string) => number,
): Storage {
  return {
    instanceSeen: (watched, cluster) =>
      store.instanceSeen(watched, cluster, depth(keyText(watched.instance.key), cluster)),
    opened: async (record) => store.recoveryOpened(record, node),
    closed: async (record) => store.recoveryClosed(record),
    acknowledged: async (records) => store.acknowledged(records),
    stepStarted: async (uid, number, text) => store.stepStarted(uid, number, text),
    stepEnded: async (uid, number, text, { statements, error }) => {
      store.stepEnded(uid, number, error);
      store.note(uid, stepNote(text, statements, error));
    },
    note: async (uid, message) => store.note(uid, message),
    journalled: async (uid) => store.journalled(uid),
    planOf: async (uid) => lastPlanIn(store.steps(uid).map(({ message }) => message)),
    fenceIntended: async (failed, cluster, successor) => store.fenceIntended(failed, cluster, successor),
    fenced: async (key) => store.fenced(key),
    audit: (type, key, cluster, message) => store.audit(type, key, cluster, message),
    recoveriesDisabled: (disabled) => store.recoveriesDisabled(disabled),
    promotionRule: (key, rule) => store.promotionRule(key, rule),
    downtime: (key, downtime) => store.downtime(key, downtime),
    forgotten: (key) => store.forgotten(key),
    detected: () => undefined,
    blocked: () => undefined,
  };
}

/** Rows of other tools hold no kind of ours. */
function kindOfCode(code: string): RecoveryKind {
  if (code.includes('CoMaster')) return 'coPrimary';
  return code.includes('IntermediateMaster') ? 'intermediatePrimary' : 'primary';
}
