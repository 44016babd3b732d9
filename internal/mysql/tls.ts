import { isIP } from 'node:net';
import { checkServerIdentity, type PeerCertificate, type TLSSocket } from 'node:tls';
import { OrchestratorError } from '../runtime/errors.ts';
import { type InstanceKey, keyText } from '../topology/instance-key.ts';

/** How monitored servers are reached. One frozen object per setting: contexts and sessions are cached by its identity. */
export interface TlsSettings {
  /** `asked`: without TLS first; with it where the server insists. */
  readonly when: 'never' | 'asked' | 'always';
  readonly options: Readonly<{
    ca?: string;
    cert?: string;
    key?: string;
    rejectUnauthorized: boolean;
    minVersion: 'TLSv1.2';
  }>;
  /** How long the answer to "does it insist?" is kept. */
  readonly cacheMs: number;
}

const TLS_REQUIRED_ERRNO = 3159; // ER_SECURE_TRANSPORT_REQUIRED
const ACCESS_DENIED_ERRNO = 1045; // what a server says to an account created with REQUIRE SSL

/** Whether a server that refused a plain connection may accept one with TLS. */
export function mayWantTls(error: unknown): boolean {
  const errno = error instanceof OrchestratorError ? error.context.errno : undefined;
  return errno === TLS_REQUIRED_ERRNO || errno === ACCESS_DENIED_ERRNO;
}

/**
 * The certificate must be for the name or address that was connected to. mysql2 checks names; addresses are checked here.
 *
 * @throws {OrchestratorError} `CONNECT_FAILED`
 */
export function checkAddress(key: InstanceKey, stream: unknown): void {
  if (isIP(key.hostname) === 0) return;
  const certificate = (stream as Partial<TLSSocket>).getPeerCertificate?.() as PeerCertificate | undefined;
  if (certificate === undefined || Object.keys(certificate).length === 0) return; // a resumed session was checked before
  const problem = checkServerIdentity(key.hostname, certificate);
  if (problem === undefined) return;
  throw new OrchestratorError(
    'CONNECT_FAILED',
    `${keyText(key)}: its certificate is for someone else: ${problem.message}`,
    {
      context: { key: keyText(key), errno: 0, refused: false },
    },
  );
}
