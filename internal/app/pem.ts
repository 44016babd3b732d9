import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Config } from '../config/keys.ts';
import { OrchestratorError } from '../runtime/errors.ts';
import { PASS_PHRASE } from '../runtime/pass-phrase.ts';

type PemKey = keyof Config & `${string}SSL${string}File`;

/** The one private key that may be encrypted: that of the listener. */
const MAY_BE_LOCKED = 'SSLPrivateKeyFile';

/**
 * What servers are verified by, and what a client shows of itself: the latter only where both files are named.
 *
 * @throws {OrchestratorError} `CONFIG_INVALID`: one cannot be read
 */
export function clientPems(
  config: Config,
  keys: { readonly ca: PemKey; readonly cert: PemKey; readonly key: PemKey },
): { readonly ca?: string; readonly cert?: string; readonly key?: string } {
  const pem = (name: PemKey) => (config[name] === '' ? undefined : readPem(name, config[name]));
  const [ca, cert, key] = [pem(keys.ca), pem(keys.cert), pem(keys.key)];
  return { ...(ca === undefined ? {} : { ca }), ...(cert === undefined || key === undefined ? {} : { cert, key }) };
}

/**
 * @param passPhrase of an encrypted key, which is answered decrypted
 * @throws {OrchestratorError} `CONFIG_INVALID`, with the key of the configuration that names the file: it cannot be read, or
 *   is encrypted and stays so
 */
export function readPem(key: string, file: string, passPhrase?: string): string {
  const pem = readText(key, file);
  if (!isLocked(pem)) return pem;
  const plain = `openssl pkey -in ${file} -out PLAIN, have PLAIN readable by the daemon alone, and name that`;
  if (key !== MAY_BE_LOCKED) throw unusable(`${key} "${file}": is encrypted: ${plain}`);
  if (passPhrase === undefined)
    throw unusable(
      `${key} "${file}": is encrypted, and nobody is there to be asked for its pass phrase: start on a terminal, set the environment variable ${PASS_PHRASE}, or ${plain}`,
    );
  try {
    return createPrivateKey({ key: pem, passphrase: passPhrase }).export({ type: 'pkcs8', format: 'pem' }).toString();
  } catch (cause) {
    throw unusable(`${key} "${file}": the pass phrase does not decrypt it`, cause);
  }
}

/** Whether a private key asks for a pass phrase; false where it cannot be read. */
export function isLockedFile(file: string): boolean {
  try {
    return isLocked(readFileSync(file, 'utf8'));
  } catch {
    return false; // whoever needs it says what is wrong
  }
}

/** In the newer or in the older form. */
function isLocked(pem: string): boolean {
  return pem.includes('-----BEGIN ENCRYPTED PRIVATE KEY-----') || /^Proc-Type: 4,ENCRYPTED/m.test(pem);
}

function readText(key: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw unusable(`${key} "${file}": cannot be read`, cause);
  }
}

function unusable(message: string, cause?: unknown): OrchestratorError {
  return new OrchestratorError('CONFIG_INVALID', message, cause === undefined ? {} : { cause });
}
