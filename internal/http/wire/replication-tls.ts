import { NO_REPLICATION_TLS, type ReplicationTls } from '../../topology/instance.ts';

const nullBool = (value: boolean | undefined) => ({ Bool: value ?? false, Valid: value !== undefined });

/** The part of the contract's `Instance` that tells how its replication connection is secured. */
export function wireReplicationTls(tls: ReplicationTls = NO_REPLICATION_TLS) {
  return {
    ReplicationSSLCAFile: tls.caFile,
    ReplicationSSLCAPath: tls.caPath,
    ReplicationSSLCert: tls.cert,
    ReplicationSSLCipher: tls.cipher,
    ReplicationSSLCRLFile: tls.crlFile,
    ReplicationSSLCRLPath: tls.crlPath,
    ReplicationSSLKey: tls.key,
    ReplicationSSLVerifyServerCert: nullBool(tls.verifyServerCert),
    ReplicationTLSVersion: tls.version,
    ReplicationTLSCiphersuites: tls.ciphersuites,
    ReplicationSourcePublicKeyPath: tls.publicKeyPath,
    ReplicationGetSourcePublicKey: nullBool(tls.getPublicKey),
  };
}
