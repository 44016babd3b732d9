// /etc/profile.d/orchestrator-client.sh: where operators keep the address of the API. It is a shell script, so a shell reads it.

import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';

export const PROFILE = '/etc/profile.d/orchestrator-client.sh';

/** What the client reads of its environment. */
export const VARIABLES = [
  'ORCHESTRATOR_API',
  'ORCHESTRATOR_INSTANCE',
  'ORCHESTRATOR_AUTH_USER',
  'ORCHESTRATOR_AUTH_PASSWORD',
  'ORCHESTRATOR_AUTH_USER_HEADER',
  'ORCHESTRATOR_API_CERT',
  'ORCHESTRATOR_API_KEY',
  'CURL_CA_BUNDLE',
] as const;
export type Environment = Readonly<Record<string, string | undefined>>;

const SHELL = '/bin/sh';
const LONGEST_MS = 5_000;

/** The environment, with what the profile sets in the place of what was there; as it is where there is no such file. */
export async function withProfile(
  env: Environment,
  tell: (text: string) => void,
  profile = PROFILE,
): Promise<Environment> {
  const exists = await access(profile).then(
    () => true,
    () => false,
  );
  if (!exists) return env;
  const shown = VARIABLES.map((name) => `"\${${name}:-}"`).join(' ');
  const script = `. "$0" > /dev/null && printf '%s\\000' ${shown}`;
  return new Promise((resolve) => {
    execFile(SHELL, ['-c', script, profile], { env: { ...env }, timeout: LONGEST_MS }, (err, stdout, stderr) => {
      const values = stdout.split('\0');
      if (err !== null || values.length <= VARIABLES.length) {
        tell(`${profile} is left out: ${SHELL} cannot read it${stderr === '' ? '' : `: ${stderr.trim()}`}`);
        resolve(env);
      } else resolve({ ...env, ...Object.fromEntries(VARIABLES.map((name, index) => [name, values[index]])) });
    });
  });
}
