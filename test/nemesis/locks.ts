// A register with compare-and-set: the maintenance lock of a server. To begin maintenance sets the reason where there is none, in one
// step of the log, and is refused where there is one; to end it empties the register. The API offers no comparison with anything else.
// Every lock that was granted stays behind as a row, numbered by its place in the log: a list that only grows, the same everywhere.

import assert from 'node:assert/strict';
import type { Daemon } from '../support/daemon.ts';
import { answerOf, envelopeOf, type Outcome, refusal, type Turn, type Workload } from './clients.ts';
import type { Operation, Value } from './linearizability.ts';

const BEGINS = 0.4;
const ENDS = 0.2;

export const maintenanceLock: Workload = (turn) => {
  const chance = turn.random.next();
  if (chance < BEGINS) return begin(turn);
  return chance < BEGINS + ENDS ? end(turn) : read(turn);
};

async function begin({ server: { key }, client, freshValue, ask }: Turn): Promise<Outcome> {
  const value = freshValue();
  const answer = await envelopeOf(ask(`begin-maintenance/${key.hostname}/${key.port}/${client}/${value}/48h`));
  const swapped = answer?.Code === 'OK';
  const outcome = swapped || answer?.Message.startsWith('Cannot begin maintenance') ? 'ok' : refusal(answer?.Message);
  return { action: { kind: 'compare-and-set', expected: undefined, value, swapped }, outcome };
}

async function end({ server: { key }, ask }: Turn): Promise<Outcome> {
  const answer = await envelopeOf(ask(`end-maintenance/${key.hostname}/${key.port}`));
  const outcome = answer?.Code === 'OK' ? 'ok' : refusal(answer?.Message);
  return { action: { kind: 'write', value: undefined }, outcome };
}

async function read({ server: { key }, ask }: Turn): Promise<Outcome> {
  const all = await answerOf<readonly { Key: { Port: number }; Reason: string }[]>(ask('maintenance'));
  const seen: Value = all?.find(({ Key }) => Key.Port === key.port)?.Reason;
  return { action: { kind: 'read', seen }, outcome: all === undefined ? 'unknown' : 'ok' };
}

/** All locks that were ever granted, as this node holds them, in their order in the log. */
function granted(daemon: Daemon): readonly string[] {
  const rows = daemon.rows(
    'SELECT reason FROM database_instance_maintenance ORDER BY database_instance_maintenance_id',
  );
  return rows.map(({ reason }) => String(reason));
}

/** Every lock that was acknowledged is there once, none that nobody asked for or that was refused, in one order on all nodes. */
export function verifyLocks(daemons: readonly Daemon[], history: readonly Operation[]): void {
  const [first = [], ...others] = daemons.map(granted);
  for (const list of others) assert.deepEqual(list, first, 'the same order everywhere');
  assert.equal(new Set(first).size, first.length, 'each lock is granted once');
  const asked = history.flatMap(({ action, outcome }) =>
    action.kind === 'compare-and-set' ? [{ ...action, outcome }] : [],
  );
  const held = new Set(first);
  for (const { value, swapped, outcome } of asked) {
    if (outcome === 'ok')
      assert.equal(held.delete(value), swapped, `lock ${value}: ${swapped ? 'granted' : 'refused'}`);
    else if (outcome === 'fail') assert.ok(!held.has(value), `lock ${value}: nothing was done`);
    else held.delete(value); // it may be there
  }
  assert.deepEqual([...held], [], 'nobody asked for these');
}
