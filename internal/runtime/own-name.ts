import { userInfo } from 'node:os';

/** Of the user that this process runs as; its number where the system has no name for it, as in a container that is run under any number. */
export function ownName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? '');
  }
}
