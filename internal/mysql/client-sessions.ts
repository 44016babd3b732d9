import { errorText, OrchestratorError } from '../runtime/errors.ts';
import type { Row } from './server-connection.ts';

const SERVER_USERS: ReadonlySet<string> = new Set(['system user', 'event_scheduler']);
const SERVER_COMMANDS: ReadonlySet<string> = new Set([
  'Daemon',
  'Binlog Dump',
  'Binlog Dump GTID',
  'Slave_IO',
  'Slave_SQL',
]);
/** The session left by itself. */
const UNKNOWN_THREAD_ERRNO = 1094;

/**
 * Ends what clients run: not replication, not the server's own threads, not us. The answer is what could not be ended,
 * such as a session of an account with `SYSTEM_USER`, which outranks ours.
 */
export async function endClientSessions(run: (sql: string) => Promise<readonly Row[]>): Promise<readonly string[]> {
  const left: string[] = [];
  const [own] = await run("SELECT CONNECTION_ID() AS id, SUBSTRING_INDEX(CURRENT_USER(), '@', 1) AS user");
  for (const { Id, User, Command } of await run('SHOW PROCESSLIST')) {
    if (String(Id) === String(own?.id) || User === own?.user || SERVER_USERS.has(String(User))) continue;
    const id = Number(Id);
    if (SERVER_COMMANDS.has(String(Command)) || !Number.isSafeInteger(id)) continue;
    await run(`KILL ${id}`).catch((err: unknown) => {
      const errno = err instanceof OrchestratorError ? err.context.errno : undefined;
      if (!errno) throw err; // the connection is gone, not the session
      if (errno !== UNKNOWN_THREAD_ERRNO) left.push(`${id} of ${String(User)}: ${errorText(err)}`);
    });
  }
  return left;
}
