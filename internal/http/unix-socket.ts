import { lstat, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { OrchestratorError } from '../runtime/errors.ts';

/**
 * Removes what a process that was killed has left at this path.
 *
 * @throws {OrchestratorError} `CONFIG_INVALID`: a process listens there, or it is no socket
 */
export async function clearSocket(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  const refuse = (why: string) => new OrchestratorError('CONFIG_INVALID', `ListenSocket ${path}: ${why}`);
  if (!found.isSocket()) throw refuse('there is a file that is no socket; remove it, or name another path');
  if (await isTaken(path)) throw refuse('another process listens there');
  await unlink(path);
}

function isTaken(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (err) => resolve(!('code' in err && err.code === 'ECONNREFUSED')));
  });
}
