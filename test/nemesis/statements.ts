import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { SandboxServer } from '../../scripts/sandbox/sandbox.ts';

/** Server options with which a server writes down every statement that it is sent. */
export const WRITES_DOWN: readonly string[] = ['--general-log=1', '--general-log-file=general.log'];

const CHANGES =
  /\b(?:Query|Execute)\s+((?:\/\*.*?\*\/\s*)?(?:STOP|START|CHANGE|RESET|KILL|SET\s+(?:@@)?GLOBAL|CREATE|DROP|ALTER|GRANT|INSERT|UPDATE|DELETE|FLUSH)\b.*)/gi;

/** Statements that changed something, on all of these servers together, since this was made. */
export class StatementsSince {
  readonly #marks: ReadonlyMap<string, number>;

  constructor(servers: readonly SandboxServer[]) {
    this.#marks = new Map(
      servers.map(({ directory }) => {
        const file = join(directory, 'general.log');
        return [file, statSync(file).size];
      }),
    );
  }

  get changes(): readonly string[] {
    return [...this.#marks].flatMap(([file, from]) =>
      [...readFileSync(file).subarray(from).toString().matchAll(CHANGES)].map(([, statement = '']) => statement),
    );
  }
}
