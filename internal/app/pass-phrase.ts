// The pass phrase of an encrypted key of the listener: from the environment, or asked for at the start, on a terminal, without showing it.

import type { Config } from '../config/keys.ts';
import { OrchestratorError } from '../runtime/errors.ts';
import { PASS_PHRASE } from '../runtime/pass-phrase.ts';
import { readsKey } from './api-tls.ts';
import { isLockedFile } from './pem.ts';

/** Who may be asked. */
export interface Terminal {
  readonly input: {
    readonly isTTY: boolean;
    setRawMode(raw: boolean): unknown;
    resume(): unknown;
    pause(): unknown;
    on(event: 'data', listener: (chunk: Buffer) => void): unknown;
    on(event: 'error' | 'end' | 'close', listener: (err?: Error) => void): unknown;
    off(event: 'data', listener: (chunk: Buffer) => void): unknown;
    off(event: 'error' | 'end' | 'close', listener: (err?: Error) => void): unknown;
  };
  readonly print: (text: string) => void;
}

/** That of this process. */
const ownTerminal = (): Terminal => ({
  input: process.stdin,
  print: (text) => process.stderr.write(text),
});

const [CTRL_C, CTRL_D, BACKSPACE, DELETE] = ['\u0003', '\u0004', '\b', '\u007f'];

/**
 * Undefined: none is needed, or nobody is there to be asked.
 *
 * @param stopped somebody wants the process to end: nobody is waited for any longer
 * @throws {OrchestratorError} `STOPPED`; `CONFIG_INVALID`: the terminal went away before it was typed
 */
export async function passPhraseFor(
  config: Config,
  env: Readonly<Record<string, string | undefined>>,
  stopped: Promise<unknown>,
  terminal = ownTerminal,
): Promise<string | undefined> {
  const file = config.SSLPrivateKeyFile;
  if (file === '' || !readsKey(config) || !isLockedFile(file)) return undefined;
  const given = env[PASS_PHRASE];
  if (given !== undefined) return given;
  const asked = terminal();
  return asked.input.isTTY ? ask(file, asked, stopped) : undefined;
}

/** One line, of which the terminal shows nothing. */
async function ask(file: string, { input, print }: Terminal, stopped: Promise<unknown>): Promise<string> {
  let typed = '';
  let hear: (chunk: Buffer) => void = () => {};
  let lose: (cause?: unknown) => void = () => {};
  const line = new Promise<string>((resolve, reject) => {
    hear = (chunk) => {
      for (const char of chunk.toString('utf8')) {
        if (char === '\r' || char === '\n' || char === CTRL_D) return resolve(typed);
        if (char === CTRL_C) return reject(interrupted());
        typed = char === BACKSPACE || char === DELETE ? [...typed].slice(0, -1).join('') : typed + char;
      }
    };
    lose = (cause) => reject(gone(file, cause));
  });
  line.catch(() => undefined); // the terminal may go away once nobody waits for it
  input.on('error', lose); // it stays: what is told to a terminal that has gone must not end the process
  input.on('end', lose);
  input.on('close', lose);
  input.setRawMode(true); // before the question: what is typed from then on is not shown
  input.on('data', hear);
  input.resume();
  print(`pass phrase of ${file}: `);
  try {
    return await Promise.race([line, stopped.then(() => Promise.reject(interrupted()))]);
  } finally {
    input.off('data', hear);
    input.off('end', lose);
    input.off('close', lose);
    input.pause();
    print('\n');
    input.setRawMode(false);
  }
}

function interrupted(): OrchestratorError {
  return new OrchestratorError('STOPPED', 'interrupted while the pass phrase was asked for');
}

function gone(file: string, cause: unknown): OrchestratorError {
  const what = `the terminal went away while the pass phrase of SSLPrivateKeyFile ${file} was asked for`;
  const details = cause instanceof Error ? { cause } : {}; // one that is closed tells whether it had failed
  return new OrchestratorError('CONFIG_INVALID', `${what}: start it on a terminal, or set ${PASS_PHRASE}`, details);
}
