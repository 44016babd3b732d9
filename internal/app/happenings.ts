// What this node tells those who listen to events: whatever is stored, whether or not the backend takes it, and what becomes of the group.
// In a group all nodes store what was agreed on, so that each of them tells of it.

import { randomBytes } from 'node:crypto';
import { NO_PROBLEM } from '../analysis/analyse.ts';
import type { GroupView } from '../http/group-view.ts';
import type { GroupStanding, Happening, Standing } from '../http/v2/events/happenings.ts';
import { EventRing } from '../http/v2/events/ring.ts';
import type { RecoveryRecord } from '../recovery/book.ts';
import type { Clock } from '../runtime/clock.ts';
import { sourceKey, type WatchedInstance } from '../topology/instance.ts';
import { type InstanceKey, keyText, sameKey } from '../topology/instance-key.ts';
import type { Restored, Storage } from './ports.ts';
import { FIRST_SCRIPTS_NUMBER } from './scripts-left.ts';

const GROUP_LOOK_MS = 100;
/** A failover of a large cluster is some hundred of them. */
const MOST_KEPT = 5_000;

type Tell = (happening: Happening) => void;
type RecoveryPhase = Extract<Happening, { type: 'recovery' }>['phase'];

export class Happenings {
  /** For those who listen. */
  readonly events: EventRing;
  readonly #clock: Pick<Clock, 'every'>;
  /** By `host:port`. */
  readonly #standings = new Map<string, Standing | undefined>();
  readonly #codes = new Map<string, string>();
  /** Owner and reason, by `host:port`. */
  readonly #wishes = { downtime: new Map<string, string>(), maintenance: new Map<string, string>() };
  /** Recoveries that were told to have ended. */
  readonly #ended = new Set<string>();
  #group = '';

  /** @param restored known before this process: no news */
  constructor(
    { instances, recoveries, downtimes, maintenances }: Restored,
    clock: Pick<Clock, 'every' | 'nowMs'>,
    epoch = randomBytes(8).toString('hex'),
  ) {
    this.#clock = clock;
    this.events = new EventRing(epoch, MOST_KEPT, () => clock.nowMs());
    for (const { instance } of instances) this.#standings.set(keyText(instance.key), undefined);
    for (const { uid, endedMs } of recoveries) if (endedMs !== undefined) this.#ended.add(uid);
    for (const wish of downtimes) this.#wishes.downtime.set(keyText(wish.key), wishText(wish));
    for (const wish of maintenances) this.#wishes.maintenance.set(keyText(wish.key), wishText(wish));
  }

  /** The same storage, told of. */
  around(storage: Storage): Storage {
    const tell: Tell = (happening) => this.events.tell(happening);
    return {
      ...storage,
      instanceSeen: (watched, cluster) => {
        this.#seen(watched, cluster);
        storage.instanceSeen(watched, cluster);
      },
      forgotten: (key) => {
        this.#forgotten(key);
        storage.forgotten(key);
      },
      analysed: (key, code) => {
        this.#analysed(key, code);
        storage.analysed(key, code);
      },
      detected: (detection) => {
        const { failed: key, code, cluster } = detection;
        tell({ type: 'detection', key, code, cluster });
        storage.detected(detection);
      },
      opened: (record) => {
        this.#recovery('began', record);
        return storage.opened(record);
      },
      takenOver: (record) => {
        this.#recovery('takenOver', record);
        return storage.takenOver(record);
      },
      closed: (record) => {
        // closed again when a script behind it fails
        if (!this.#ended.has(record.uid)) this.#recovery('ended', record);
        this.#ended.add(record.uid);
        return storage.closed(record);
      },
      acknowledged: (records) => {
        for (const record of records) this.#recovery('acknowledged', record);
        return storage.acknowledged(records);
      },
      stepStarted: (uid, number, step) => {
        this.#step('began', uid, number, step);
        return storage.stepStarted(uid, number, step);
      },
      stepEnded: (uid, number, step, result) => {
        this.#step('ended', uid, number, step, result.error);
        return storage.stepEnded(uid, number, step, result);
      },
      downtime: (key, downtime) => {
        this.#wish('downtime', key, downtime);
        storage.downtime(key, downtime);
      },
      maintenanceBegun: (key, lock, id) => {
        this.#wish('maintenance', key, lock);
        return storage.maintenanceBegun(key, lock, id);
      },
      maintenanceEnded: (key) => {
        this.#wish('maintenance', key, undefined);
        return storage.maintenanceEnded(key);
      },
      recoveriesDisabled: (disabled) => {
        tell({ type: 'globalRecoveries', enabled: !disabled });
        storage.recoveriesDisabled(disabled);
      },
    };
  }

  /** What was known here was replaced by what others know. */
  replaced(): void {
    this.#standings.clear();
    this.#codes.clear();
    this.events.tell({ type: 'reset', reason: 'stateReplaced' });
  }

  /** Tells of the group whenever it looks otherwise. The answer ends it. */
  watch(group: GroupView): () => void {
    return this.#clock.every(GROUP_LOOK_MS, () => {
      const standing = groupStanding(group);
      const text = JSON.stringify(standing);
      if (text === this.#group) return;
      this.#group = text;
      this.events.tell({ type: 'group', ...standing });
    });
  }

  #seen(watched: WatchedInstance, cluster: string): void {
    const { key } = watched.instance;
    const text = keyText(key);
    const now = standingOf(watched, cluster);
    const isNews = !this.#standings.has(text);
    const before = this.#standings.get(text);
    this.#standings.set(text, now);
    if (isNews) this.events.tell({ type: 'topology', change: 'added', key, changed: [], now });
    const changed = before === undefined ? [] : differences(before, now);
    if (changed.length > 0) this.events.tell({ type: 'topology', change: 'changed', key, changed, now });
  }

  #forgotten(key: InstanceKey): void {
    this.#codes.delete(keyText(key));
    if (!this.#standings.delete(keyText(key))) return;
    this.events.tell({ type: 'topology', change: 'forgotten', key, changed: [], now: undefined });
  }

  /** The first word about a server is news only where it is bad. */
  #analysed(key: InstanceKey, code: string): void {
    const before = this.#codes.get(keyText(key));
    this.#codes.set(keyText(key), code);
    if ((before ?? NO_PROBLEM) !== code) this.events.tell({ type: 'analysis', key, code, before });
  }

  #recovery(phase: RecoveryPhase, record: RecoveryRecord): void {
    const { uid, kind, code, failed: key, cluster, successor, errors, endedMs, successful } = record;
    const outcome = { successful: endedMs === undefined ? undefined : successful, successor, errors };
    this.events.tell({ type: 'recovery', phase, uid, kind, code, key, cluster, ...outcome });
  }

  #step(phase: 'began' | 'ended', uid: string, number: number, step: string, error?: string): void {
    if (number < FIRST_SCRIPTS_NUMBER) this.events.tell({ type: 'recoveryStep', phase, uid, number, step, error });
  }

  /** One that is prolonged is no news. */
  #wish(
    type: 'downtime' | 'maintenance',
    key: InstanceKey,
    wish: { readonly owner: string; readonly reason: string; readonly endMs: number } | undefined,
  ): void {
    const known = this.#wishes[type];
    const before = known.get(keyText(key));
    const now = wish === undefined ? undefined : wishText(wish);
    if (before === now) return;
    if (now === undefined) known.delete(keyText(key));
    else known.set(keyText(key), now);
    const { owner = '', reason = '', endMs: endsMs } = wish ?? {};
    this.events.tell({ type, key, owner, reason, endsMs });
  }
}

const wishText = ({ owner, reason }: { readonly owner: string; readonly reason: string }) =>
  JSON.stringify([owner, reason]);

function standingOf({ instance, valid }: WatchedInstance, cluster: string): Standing {
  return {
    ...{ cluster, source: sourceKey(instance), readOnly: instance.readOnly, reachable: valid },
    receiver: instance.replication?.receiver ?? 'none',
    applier: instance.replication?.applier ?? 'none',
    version: instance.version,
  };
}

function differences(before: Standing, now: Standing): readonly (keyof Standing)[] {
  const same = (name: keyof Standing) =>
    name === 'source' ? before.source === now.source || sameKey(before.source, now.source) : before[name] === now[name];
  return (Object.keys(now) as (keyof Standing)[]).filter((name) => !same(name));
}

function groupStanding(group: GroupView): GroupStanding {
  const { role, leader, term, draining, members } = group.now();
  return {
    ...{ role, leads: group.mayAct, leader: leader?.address, term, draining },
    members: members.map(({ address, kind, healthy }) => ({ address, kind, healthy })),
  };
}
