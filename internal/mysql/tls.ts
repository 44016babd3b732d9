import { isIP, type Socket } from 'node:net';
import { OrchestratorError } from '../runtime/errors.ts';

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
 * The certificate must be for the name or address that was connected to, and this is checked before the login is sent. For
 * an address mysql2 gives no name to compare with, and Node then takes the one of the socket, which it notes for names only.
 */
export function nameForIdentity(socket: Socket, hostname: string): void {
  if (isIP(hostname) !== 0) Object.assign(socket, { _host: hostname });
}
