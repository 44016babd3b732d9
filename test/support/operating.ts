// What an operator does to the servers of a scenario, and what has to be true afterwards.

import assert from 'node:assert/strict';
import type { SandboxServer } from '../../scripts/sandbox/sandbox.ts';
import { type Answer, until } from './daemon.ts';
import type { Scenario } from './scenario.ts';
import { Writer } from './writer.ts';

/** On a busy machine a connection takes longer than two seconds now and then. */
export const CREDENTIALS = {
  ReplicationCredentialsQuery: "SELECT 'repl', 'repl_pw'",
  AuditToBackendDB: true,
  AttachWatchTimeoutMilliseconds: 20_000,
};

export const path = ({ key }: SandboxServer) => `${key.hostname}/${key.port}`;

export function operating(scenario: Scenario) {
  const ask = (call: string) => scenario.daemon.api<Answer>(call);

  const done = (call: string) => scenario.daemon.done(call);

  /** It is refused, for this reason. */
  const no = async (call: string, reason: RegExp) => {
    const answer = await ask(call);
    assert.equal(answer.Code, 'ERROR', call);
    assert.match(answer.Message, reason);
  };

  /** An application that writes all the time; afterwards every server holds all of it. */
  async function whileWriting(work: () => Promise<void>): Promise<void> {
    const writer = new Writer([scenario.primary], 1_000);
    scenario.onSettle(() => writer.stop());
    await until('the application writes', async () => writer.ids.length > 0);
    await work();
    await writer.stop();
    for (const replica of scenario.replicas) await scenario.holds(replica, await scenario.rows(scenario.primary));
  }

  /** For each server the index of the one that it follows; undefined: it is not asked. */
  const tree = async (...sources: readonly (number | undefined)[]) => {
    for (const [at, above] of sources.entries())
      if (above !== undefined) await scenario.follows(scenario.server(at), scenario.server(above));
  };

  const byPosition = async (...servers: readonly number[]) => {
    for (const at of servers) await done(`disable-gtid/${path(scenario.server(at))}`);
  };

  return { ask, done, no, whileWriting, tree, byPosition };
}
