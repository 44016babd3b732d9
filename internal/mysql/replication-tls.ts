import { NO_REPLICATION_TLS, type ReplicationStatus, type ReplicationTls } from '../topology/instance.ts';
import type { SqlValue } from './server-connection.ts';

/**
 * How a server that takes over the replication user of another one has to secure its connection: as that one does, with the
 * files that the operator's query names in place of its own. Undefined: neither asks for it.
 */
export function borrowedTls(
  replication: ReplicationStatus | undefined,
  files: { readonly caFile: string; readonly cert: string; readonly key: string },
): ReplicationTls | undefined {
  const own = replication?.tlsAllowed ? replication.tls : undefined;
  if (own === undefined && files.caFile === '' && files.cert === '') return undefined;
  const known = own ?? NO_REPLICATION_TLS;
  return {
    ...known,
    caFile: files.caFile || known.caFile,
    cert: files.cert || known.cert,
    key: files.key || known.key,
  };
}

/** The options of a secured connection, without their prefix; what is not set is left to the server. */
export function tlsOptions(
  tls: ReplicationTls | undefined,
  mariadb: boolean,
): readonly (readonly [name: string, value: SqlValue])[] {
  if (tls === undefined) return [];
  const texts: readonly (readonly [string, string])[] = [
    ['SSL_CA', tls.caFile],
    ['SSL_CAPATH', tls.caPath],
    ['SSL_CERT', tls.cert],
    ['SSL_KEY', tls.key],
    ['SSL_CIPHER', tls.cipher],
    ['SSL_CRL', tls.crlFile],
    ['SSL_CRLPATH', tls.crlPath],
    ['TLS_VERSION', mariadb ? '' : tls.version],
    ['TLS_CIPHERSUITES', mariadb ? '' : tls.ciphersuites],
    ['PUBLIC_KEY_PATH', mariadb ? '' : tls.publicKeyPath],
  ];
  const verify = tls.verifyServerCert;
  return [
    ['SSL', 1],
    ...texts.filter(([, value]) => value !== ''),
    ...(verify === undefined ? [] : [['SSL_VERIFY_SERVER_CERT', verify ? 1 : 0] as const]),
  ];
}
