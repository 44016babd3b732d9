// A replica that an operator names takes the lead: of the replicas of a dead source, or in the place of its source below the next one.

import { OrchestratorError } from '../runtime/errors.ts';
import { type Instance, sourceKey } from '../topology/instance.ts';
import { type InstanceKey, keyText, sameKey } from '../topology/instance-key.ts';
import { linesAbove, planMakePrimary, whyNotFurthest } from '../topology/lead-plan.ts';
import type { MovePlan, NoMove } from '../topology/move-steps.ts';
import { planRelocation } from '../topology/relocation-plan.ts';
import type { Mover } from './mover.ts';
import type { Servers } from './ports.ts';
import { moveSiblings, type RegroupRoom, readReplicas } from './regroup.ts';
import type { OperationOutcome } from './requests.ts';

export interface LeadRoom extends RegroupRoom {
  readonly servers: Servers;
  readonly mover: Pick<Mover, 'locked'>;
  /** Moves each of them below a server, by whichever way is safe. */
  relocateAll(siblings: readonly Instance[], below: InstanceKey): Promise<Pick<OperationOutcome, 'moved' | 'errors'>>;
}

/** @throws {OrchestratorError} `CONFLICT`: nothing was changed; `OPERATION_FAILED` */
export async function makePrimary(room: LeadRoom, target: InstanceKey, signal: AbortSignal): Promise<OperationOutcome> {
  const { settings, servers, mover, audit } = room;
  const named = await room.refresh(target, signal);
  const { key } = named;
  const dead = sourceKey(named);
  if (dead === undefined) throw conflict(`instance is not a replica: ${keyText(key)}`);
  const request = { ...(await readReplicas(room, dead, signal)), way: 'any' as const, options: settings };
  const plan = planMakePrimary(request, key);
  if (plan.kind === 'refused') throw conflict(plan.reason);
  if (plan.prepare !== undefined) await room.move(plan.prepare, key, 'make-master');
  const { moved, failed } = await moveSiblings(room, plan);
  const sent = await mover.locked([key], `make-master ${keyText(key)}`, () =>
    servers.operate(key, settings.stepTimeoutMs, signal, async (session) => {
      await session.setReadOnly(false, false);
      return session.statements;
    }),
  );
  const errors = [...plan.lost.map((one) => `${keyText(one.key)}: ${one.reason}`), ...failed];
  const text = [`${keyText(key)} now made master, with ${moved.length} replicas below it`, ...errors].join('; ');
  audit('make-master', key, [text, ...sent].join('; '));
  return { subject: key, moved: [key, ...moved.map((one) => one.key)], errors, text };
}

/** @throws {OrchestratorError} the same */
export async function makeLocalPrimary(
  room: LeadRoom,
  target: InstanceKey,
  signal: AbortSignal,
): Promise<OperationOutcome> {
  const { key } = await room.refresh(target, signal);
  const before = room.ends(key);
  const above = linesAbove(before.target, (one) => tryEnds(room, one));
  if (above === undefined) throw conflict(`the source of ${keyText(key)} is no replica, or is not known`);
  const { replicas, sourceAnswers } = await readReplicas(room, above.source, signal);
  const top = await room.refresh(above.top, signal);
  const { snapshot, target: replica } = room.ends(key);
  const siblings = replicas.filter((one) => !sameKey(one.key, key));
  const no = sourceAnswers ? undefined : whyNotFurthest(replica, siblings);
  if (no !== undefined) throw conflict(no);
  const up = planRelocation({ snapshot, replica, below: room.ends(top.key).target, options: room.settings });
  await room.move(mustMove(up), key, 'relocate-below');
  const { moved, errors } = await room.relocateAll(siblings, key);
  const text = [
    `${keyText(key)} now made local master below ${keyText(top.key)}, with ${moved.length} siblings below it`,
    ...errors,
  ].join('; ');
  room.audit('make-local-master', key, text);
  return { subject: key, moved: [key, ...moved], errors, text };
}

function tryEnds(room: LeadRoom, key: InstanceKey): Instance | undefined {
  try {
    return room.ends(key).target;
  } catch {
    return undefined; // nothing is known of it
  }
}

function mustMove(plan: MovePlan | NoMove): MovePlan {
  if (plan.kind === 'refused') throw conflict(plan.reason);
  return plan;
}

function conflict(message: string): OrchestratorError {
  return new OrchestratorError('CONFLICT', message);
}
