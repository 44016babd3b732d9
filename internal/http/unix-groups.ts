import { execFile } from 'node:child_process';

const LIMIT_MS = 2_000;

/** Names of the groups that a user of this host is in, as `id` tells them, directories of users included; none on failure. */
export function unixGroupsOf(user: string): Promise<readonly string[]> {
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.@\\-]*$/.test(user)) return Promise.resolve([]);
  return new Promise((resolve) => {
    execFile('id', ['-Gn', '--', user], { timeout: LIMIT_MS }, (error, stdout) => {
      resolve(error === null ? stdout.trim().split(/\s+/) : []);
    });
  });
}
