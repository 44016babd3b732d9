import { keyText } from '../topology/instance-key.ts';
import type { FailoverPlan, LostReplica } from './plan.ts';

type Promotion = Extract<FailoverPlan, { kind: 'promote' }>;

const PREFIX = 'plan: ';

/** A plan among the notes of its recovery, where whoever takes over after a crash finds it. */
export function planNote(plan: Promotion): string {
  return `${PREFIX}${JSON.stringify(plan)}`;
}

/** The plan noted last; undefined where there is none, or none that can be read. */
export function lastPlanIn(notes: readonly string[]): Promotion | undefined {
  const last = notes.findLast((note) => note.startsWith(PREFIX));
  if (last === undefined) return undefined;
  try {
    const plan = JSON.parse(last.slice(PREFIX.length)) as Promotion;
    return plan.kind === 'promote' && Array.isArray(plan.steps) ? plan : undefined;
  } catch {
    return undefined;
  }
}

/** Who was left behind, and why. */
export function lostText({ key, reason }: LostReplica): string {
  return `lost ${keyText(key)}: ${reason}`;
}
