// A register for reading and writing: the reason of a server's downtime, a text that the group agrees on and nothing else touches.

import { answerOf, envelopeOf, type Outcome, refusal, type Turn, type Workload } from './clients.ts';

const WRITES = 0.4;

export const downtimeRegister: Workload = (turn) => (turn.random.chance(WRITES) ? write(turn) : read(turn));

/** Reads what any node holds, however old, as if it were the latest: a history that shows it must be found out. */
export const staleRegister: Workload = (turn) => (turn.random.chance(WRITES) ? write(turn) : read(turn, true));

async function write({ server: { key }, client, freshValue, ask }: Turn): Promise<Outcome> {
  const value = freshValue();
  const answer = await envelopeOf(ask(`begin-downtime/${key.hostname}/${key.port}/${client}/${value}/48h`));
  return { action: { kind: 'write', value }, outcome: answer?.Code === 'OK' ? 'ok' : refusal(answer?.Message) };
}

async function read({ server: { key }, ask }: Turn, stale = false): Promise<Outcome> {
  const path = `instance/${key.hostname}/${key.port}${stale ? '?stale=true' : ''}`;
  const answer = await answerOf<{ IsDowntimed: boolean; DowntimeReason: string }>(ask(path), stale);
  if (answer === undefined) return { action: { kind: 'read', seen: undefined }, outcome: 'unknown' };
  const seen = answer.IsDowntimed ? answer.DowntimeReason : undefined;
  return { action: { kind: 'read', seen }, outcome: 'ok' };
}
