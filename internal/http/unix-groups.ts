import { execFile } from 'node:child_process';

/** How long `id` gets, ms: it may ask a directory of users. */
export const GROUPS_MS = 2_000;

/**
 * Names of the groups that a user of this host is in, as `id` tells them, directories of users included; none on failure. Names of such
 * directories may hold blanks, which tell names apart only where `id` says itself that it knows nothing better, as that of BusyBox.
 */
export async function unixGroupsOf(user: string, signal: AbortSignal): Promise<readonly string[]> {
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.@\\-]*$/.test(user)) return [];
  const exact = await answerOf('-Gnz', user, signal);
  const told = exact === 'refused' ? await answerOf('-Gn', user, signal) : exact;
  if (told === 'refused' || told === 'failed') return [];
  return told.names.split(exact === 'refused' ? /\s+/ : '\0').filter((name) => name !== '');
}

/** `refused`: it ended by itself, with an error. */
function answerOf(
  how: string,
  user: string,
  signal: AbortSignal,
): Promise<{ readonly names: string } | 'refused' | 'failed'> {
  return new Promise((resolve) => {
    execFile('id', [how, '--', user], { signal }, (error, names) => {
      if (error === null) resolve({ names });
      else resolve(typeof error.code === 'number' ? 'refused' : 'failed');
    });
  });
}
