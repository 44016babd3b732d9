import type { Instance } from './instance.ts';
import { atLeast, parseServerVersion } from './server-version.ts';

/**
 * What to send so that `statement` runs while replication stands still, and the threads that ran before run again. Each ends in `;`.
 */
export function restartStatements(instance: Instance, statement: string): readonly string[] {
  const word = replicaWord(instance);
  const { replication } = instance;
  const receives =
    replication !== undefined && (replication.receiver === 'running' || replication.receiver === 'other');
  const applies = replication?.applier === 'running';
  return [
    ...(receives ? [`stop ${word} io_thread`] : []),
    ...(applies ? [`stop ${word} sql_thread`] : []),
    statement.trim().replace(/;\s*$/, ''),
    ...(applies ? [`start ${word} sql_thread`] : []),
    ...(receives ? [`start ${word} io_thread`] : []),
  ].map((sql) => `${sql};`);
}

function replicaWord({ family, version }: Instance): 'replica' | 'slave' {
  return family === 'mysql' && atLeast(parseServerVersion(version), 8, 0, 22) ? 'replica' : 'slave';
}
