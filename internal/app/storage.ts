// The backend as the storage that the orchestrator asks for.

import type { Backend } from '../backend/backend.ts';
import { lastPlanIn } from '../recovery/plan-note.ts';
import { type Begun, isScriptsList } from '../recovery/scripts-behind.ts';
import { stepNote } from '../recovery/step-note.ts';
import type { Log } from '../runtime/log.ts';
import type { WatchedInstance } from '../topology/instance.ts';
import { keyText } from '../topology/instance-key.ts';
import type { AuditTrail } from './audit-trail.ts';
import type { Restored, Storage } from './ports.ts';
import { FIRST_SCRIPTS_NUMBER, type ScriptsOf, scriptsIn } from './scripts-left.ts';

/** Recoveries kept in memory. */
const MOST_RECOVERIES = 200;

/**
 * @param toldSinceMs detections older than this are told of again
 * @throws {OrchestratorError} `BACKEND_FAILED`, `BACKEND_CORRUPT`
 */
export async function restore(backend: Backend, toldSinceMs: number): Promise<Restored> {
  const { instances, recoveries, detections, journal, words, names, positions, analyses, calls, pools, tokens } =
    backend;
  await analyses.load();
  return {
    instances: await instances.load(),
    recoveries: await recoveries.load(MOST_RECOVERIES),
    detections: await detections.active(toldSinceMs),
    openFences: await journal.openFences(),
    scriptsLeft: await scriptsLeftIn(backend),
    recoveriesDisabled: await words.areRecoveriesDisabled(),
    promotionRules: await words.promotionRules(),
    downtimes: await words.downtimes(),
    maintenances: await locksOn(backend),
    calls: await calls.all(),
    pools: await pools.all(),
    tokens: await tokens.all(),
    aliasOverrides: await names.all('aliasOverride'),
    names: { aliases: await names.all('alias'), domains: await names.all('domain') },
    resolvedNames: await names.all('resolved'),
    virtualNames: await names.all('unresolved'),
    markedClusters: await positions.marks(),
  };
}

/** An operation of the established product ends with its process, and so does the lock that it held. */
async function locksOn({ words, nodes }: Backend): Promise<Restored['maintenances']> {
  const locks = await words.maintenances();
  if (locks.every(({ bounded }) => bounded)) return locks;
  const living = await nodes.livingTokens();
  return locks.filter(({ bounded, token }) => bounded || living.has(token));
}

/** Scripts behind recoveries that were never told to have ended. */
async function scriptsLeftIn({ journal }: Backend): Promise<readonly ScriptsOf[]> {
  const left = new Map<string, Begun[]>();
  for (const { uid, step } of await journal.openFrom(FIRST_SCRIPTS_NUMBER)) {
    const { list = '', begun = 0 } = scriptsIn(step) ?? {};
    if (isScriptsList(list)) left.set(uid, [...(left.get(uid) ?? []), { list, begun }]);
  }
  return [...left].map(([uid, lists]) => ({ uid, lists }));
}

export function storageOn(
  backend: Backend,
  trail: AuditTrail,
  log: Log,
  depth: (watched: WatchedInstance) => number,
): Storage {
  const { instances, recoveries, detections, journal, words, names, positions, analyses, calls, pools, tokens } =
    backend;
  /** An empty list where the backend does not answer. */
  const listOf = <T>(rows: Promise<readonly T[]>): Promise<readonly T[]> =>
    rows.catch((err: unknown) => {
      log.error({ err }, 'the journal of a recovery cannot be read');
      return [];
    });
  const notes = async (uid: string) => (await listOf(journal.steps(uid))).map(({ message }) => message);
  return {
    instanceSeen: (watched, cluster) => instances.seen(watched, cluster, depth(watched)),
    opened: (record) => recoveries.opened(record),
    takenOver: (record) => recoveries.takenOver(record),
    closed: (record) => recoveries.closed(record),
    acknowledged: (records) => backend.acknowledged(records),
    stepStarted: (uid, number, text) => journal.stepStarted(uid, number, text),
    stepEnded: (uid, number, text, { statements, error }) =>
      journal.stepEnded(uid, number, error, stepNote(text, statements, error)),
    note: (uid, message) => journal.note(uid, message),
    scriptsEnded: (uid) => journal.endedFrom(uid, FIRST_SCRIPTS_NUMBER),
    journalled: (uid) => listOf(journal.begun(uid)),
    notes,
    planOf: async (uid) => lastPlanIn(await notes(uid)),
    fenceIntended: (failed, cluster, successor) => journal.fenceIntended(failed, cluster, successor),
    fenced: (key) => journal.fenced(key),
    audit: (type, key, cluster, message) => trail.add(type, key, cluster, message),
    recoveriesDisabled: (disabled) => void words.recoveriesDisabled(disabled),
    promotionRule: (key, rule) => void words.promotionRule(key, rule),
    downtime: (key, downtime) => void words.downtime(key, downtime),
    maintenanceBegun: (key, lock, id) => words.beginMaintenance(key, lock, id),
    maintenanceEnded: (key) => words.endMaintenance(key),
    aliasOverride: (cluster, alias) => void names.put('aliasOverride', cluster, alias),
    clusterRenamed: (from, to) => {
      names
        .moveOverride(from, to)
        .catch((err: unknown) => log.warn({ err, from, to }, 'an alias set by hand stays behind'));
    },
    writerOf: (name, key) => void names.attribute(name, keyText(key)),
    tagged: (key, name, value) => void names.tag(key, name, value),
    untagged: (keys, name, value) => void names.untag(keys, name, value),
    virtualName: (hostname, virtual) => void names.virtualName(hostname, virtual),
    poolSubmitted: (pool, keys) => void pools.submitted(pool, keys),
    equivalences: {
      record: (one, other) => void positions.equivalent(one, other),
      of: (place) => positions.equivalents(place),
      forget: (server) => void positions.forgotten(server),
    },
    marked: (cluster) => void positions.marked(cluster),
    tokenTaken: (token) => void tokens.taken(token),
    published: (name, value) => void names.put('value', name, value),
    analysed: (key, code) => analyses.seen(key, code),
    resolved: (given, name) => void names.resolved(given, name),
    resolvedNamesForgotten: () => names.clear('resolved'),
    forgotten: (key) => {
      void instances.forgotten(key);
      void analyses.forgotten(key);
    },
    detected: (detection) => void detections.detected(detection),
    blocked: (record) => void detections.blocked(record),
    callKept: (call) => void calls.keep(call),
    callForgotten: (id) => void calls.forget(id),
    expired: (nowMs, retention) => backend.expire(nowMs, retention),
  };
}
