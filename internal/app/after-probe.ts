// What follows from a read of a server, besides its place in the snapshot of its cluster.

import type { Inventory } from '../discovery/inventory.ts';
import type { ProbeEvent } from '../discovery/observer.ts';
import type { PlacesSeen } from '../operations/places-seen.ts';
import type { WatchedInstance } from '../topology/instance.ts';
import { keyText } from '../topology/instance-key.ts';
import type { Agreement } from './agreement.ts';
import type { OperatorRequests } from './operator-requests.ts';
import type { OperatorWishes } from './operator-wishes.ts';
import type { Storage } from './ports.ts';
import { keepReady, type ReadyDeps } from './ready-connections.ts';
import type { RecoveryRoom } from './recovery-room.ts';

/** Of the orchestrator. */
export interface ProbedHouse extends Pick<ReadyDeps, 'servers' | 'tasks'> {
  readonly inventory: Pick<Inventory, 'get' | 'restore'>;
  readonly requests: Pick<OperatorRequests, 'setPromotionRule'>;
  readonly agreement: Pick<Agreement, 'mayAct'>;
  readonly recovery: Pick<RecoveryRoom, 'fenceReturned'>;
}

export interface AfterProbeDeps extends Pick<ReadyDeps, 'settings' | 'log'> {
  readonly storage: Pick<Storage, 'instanceSeen'>;
  readonly places: Pick<PlacesSeen, 'saw'>;
  readonly wishes: Pick<OperatorWishes, 'ruleOf' | 'withRule'>;
  readonly onProbed: (event: ProbeEvent) => void;
  readonly passive?: boolean;
}

/** It is stored, told of, and where it answers seen to: its own rule counts, a replaced primary is fenced, a connection for that is at hand. */
export function afterProbe(event: ProbeEvent, cluster: string, house: ProbedHouse, deps: AfterProbeDeps): void {
  const { inventory, servers, tasks, recovery } = house;
  const { settings, storage, places, wishes, onProbed, passive, log } = deps;
  if (event.watched !== undefined) {
    if (event.ok) places.saw(event.watched.instance);
    registerDetectedRule(event.watched, house, deps);
    const watched = wishes.withRule(event.watched);
    if (watched !== event.watched) inventory.restore([watched]);
    storage.instanceSeen(watched, cluster);
  }
  onProbed(event);
  if (!event.ok || passive === true) return;
  keepReady(event.key, { settings, inventory, servers, tasks, log });
  if (event.watched !== undefined) recovery.fenceReturned(event.watched.instance);
}

/** What a server's own query says about its rule takes the place of what was registered. */
function registerDetectedRule(
  { instance: { key, detectedPromotionRule } }: WatchedInstance,
  { requests, agreement }: ProbedHouse,
  { wishes, log }: AfterProbeDeps,
): void {
  if (detectedPromotionRule === undefined || wishes.ruleOf(key) === detectedPromotionRule) return;
  if (!agreement.mayAct) return; // the leader says it for everybody
  requests.setPromotionRule(key, detectedPromotionRule).catch((err: unknown) => {
    log.debug({ instance: keyText(key), err }, 'promotion rule was not agreed on');
  });
}
