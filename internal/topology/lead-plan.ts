// Plans by which one replica, named by an operator, takes the lead of its siblings. Pure.

import { type Instance, isBinlogServer, sourceKey } from './instance.ts';
import { type InstanceKey, keyText, sameKey } from './instance-key.ts';
import type { NoMove } from './move-steps.ts';
import { compareReceived, hasUnapplied } from './received.ts';
import { planRegroup, type Regroup, type RegroupRequest } from './regroup-plan.ts';

/** The source is gone: its replicas go below `leader`, which takes writes from then on. */
export function planMakePrimary(request: RegroupRequest, leader: InstanceKey): Regroup | NoMove {
  const { source, sourceAnswers, replicas } = request;
  const one = replicas.find(({ key }) => sameKey(key, leader));
  if (one === undefined) return refused(`${keyText(leader)} does not answer`);
  if (isBinlogServer(one)) return refused(`${keyText(leader)} is a binlog server: it holds no data`);
  if (sourceAnswers)
    return refused(`${keyText(source.key)}, the source of ${keyText(leader)}, answers: use a takeover`);
  if (!one.readOnly) return refused(`${keyText(leader)} takes writes already`);
  const no = whyNotFurthest(
    one,
    replicas.filter((other) => other !== one),
  );
  if (no !== undefined) return refused(no);
  if (hasUnapplied(one)) return refused(`${keyText(leader)} has not applied everything that it received`);
  return planRegroup({ ...request, leader });
}

/** What a sibling has beyond it would be lost, or could not be replicated from it. */
export function whyNotFurthest(one: Instance, siblings: readonly Instance[]): string | undefined {
  const ahead = siblings.find((other) => ['ahead', 'diverged', 'unknown'].includes(compareReceived(other, one)));
  return ahead && `${keyText(ahead.key)} has received what ${keyText(one.key)} has not`;
}

/** The source of a replica and the source of that, where there are both. */
export function linesAbove(one: Instance, known: (key: InstanceKey) => Instance | undefined) {
  const above = sourceKey(one);
  const source = above && known(above);
  const top = source && sourceKey(source);
  return above === undefined || top === undefined ? undefined : { source: above, top };
}

function refused(reason: string): NoMove {
  return { kind: 'refused', reason };
}
