import { constants, X509Certificate } from 'node:crypto';
import { createSecureContext, type PeerCertificate, type SecureContextOptions } from 'node:tls';
import { OrchestratorError } from '../../runtime/errors.ts';
import { compileGoRegexp } from '../../runtime/go-regexp.ts';
import { type Address, formatAddress, isLoopback } from '../address.ts';

/** The keys that say how nodes recognise each other, as written. */
export interface CredentialKeys {
  readonly tlsCertFile: string;
  readonly tlsPrivateKeyFile: string;
  readonly tlsCaFile: string;
  readonly tlsNamePattern: string;
  readonly sharedSecretFile: string;
  readonly insecure: boolean;
}

export type Credentials =
  | { readonly mode: 'tls'; readonly tls: SecureContextOptions; readonly namePattern: RegExp | undefined }
  /** The first one is the one to stay; either counts. */
  | { readonly mode: 'secret'; readonly secrets: readonly Uint8Array[] }
  /** `anywhere`: on addresses besides those of this host. */
  | { readonly mode: 'none'; readonly anywhere: boolean };

const LEAST_SECRET_BYTES = 32;
const MOST_SECRETS = 2;

/**
 * Reads and checks the files. Called at the start and at each reload; what it returns is used for connections from then on.
 *
 * @throws {OrchestratorError} `CONFIG_INVALID`: the key, the file, what to do; never anything of a secret
 */
export function readCredentials(keys: CredentialKeys, readFile: (path: string) => string): Credentials {
  const tlsFiles = [keys.tlsCertFile, keys.tlsPrivateKeyFile, keys.tlsCaFile];
  const anyTls = tlsFiles.some((file) => file !== '');
  if (anyTls && keys.sharedSecretFile !== '')
    throw invalid('RaftTLSCertFile and RaftSharedSecretFile exclude each other: keep one way to recognise nodes');
  if (anyTls) return readTls(keys, readFile);
  if (keys.tlsNamePattern !== '') throw invalid('RaftTLSNamePattern needs RaftTLSCertFile: set it');
  if (keys.sharedSecretFile !== '') return { mode: 'secret', secrets: readSecrets(keys.sharedSecretFile, readFile) };
  return { mode: 'none', anywhere: keys.insecure };
}

/**
 * Without authentication nodes talk within this host only, unless that is lifted in so many words.
 *
 * @param ip what `bind` stands for
 * @throws {OrchestratorError} `CONFIG_INVALID`
 */
export function refuseOpenPort(credentials: Credentials, bind: Address, ip: string): void {
  if (credentials.mode !== 'none' || credentials.anywhere || isLoopback(ip)) return;
  throw invalid(
    `RaftBind ${formatAddress(bind)} is reached from other hosts and nothing says which nodes may talk to it: set RaftTLSCertFile, RaftTLSPrivateKeyFile and RaftTLSCAFile, or RaftSharedSecretFile; RaftInsecure lifts this check`,
  );
}

/** For TLS in both roles: own authority, certificates on both sides, and no resumption, which would skip the look at them. */
export function tlsOptions(tls: SecureContextOptions) {
  return {
    ...tls,
    minVersion: 'TLSv1.2',
    secureOptions: constants.SSL_OP_NO_TICKET,
    rejectUnauthorized: true,
  } as const;
}

/** Undefined where a whole name in the certificate matches, or no pattern is set. Otherwise what to say. */
export function nameProblem(certificate: PeerCertificate, pattern: RegExp | undefined): string | undefined {
  if (pattern === undefined) return undefined;
  const alternatives = (certificate.subjectaltname ?? '')
    .split(', ')
    .map((name) => name.replace(/^(DNS|IP Address):/, ''));
  const common = [certificate.subject?.CN ?? []].flat();
  const names = [...alternatives, ...common].filter((name) => name !== '');
  if (names.some((name) => pattern.test(name))) return undefined;
  return `no name of the certificate (${names.join(', ').slice(0, 200)}) matches RaftTLSNamePattern`;
}

function readTls(keys: CredentialKeys, readFile: (path: string) => string): Credentials {
  const { tlsCertFile, tlsPrivateKeyFile, tlsCaFile, tlsNamePattern } = keys;
  const certificates = { RaftTLSCertFile: tlsCertFile, RaftTLSCAFile: tlsCaFile };
  const files = Object.entries({ ...certificates, RaftTLSPrivateKeyFile: tlsPrivateKeyFile });
  const missing = files.flatMap(([name, file]) => (file === '' ? [name] : []));
  if (missing.length > 0) throw invalid(`certificates between nodes need ${missing.join(' and ')} too: set it`);
  const key = readNamed('the file of RaftTLSPrivateKeyFile', tlsPrivateKeyFile, readFile);
  const [cert = '', ca = ''] = Object.entries(certificates).map(([name, file]) => {
    const pem = readNamed(`the file of ${name}`, file, readFile);
    attempt(`${name}: ${file} holds no certificate in PEM form`, () => new X509Certificate(pem));
    return pem;
  });
  attempt(`RaftTLSPrivateKeyFile: ${tlsPrivateKeyFile} holds no private key of the certificate in ${tlsCertFile}`, () =>
    createSecureContext({ cert, key, ca }),
  );
  const namePattern = tlsNamePattern === '' ? undefined : compileGoRegexp(`^(?:${tlsNamePattern})$`);
  if (tlsNamePattern !== '' && namePattern === undefined)
    throw invalid(`RaftTLSNamePattern: "${tlsNamePattern}" is not a regular expression that can be used here`);
  return { mode: 'tls', tls: { cert, key, ca }, namePattern };
}

/**
 * One secret to a line, the one that is in use first.
 *
 * @param key that names the file
 * @throws {OrchestratorError} `CONFIG_INVALID`
 */
export function readSecrets(
  file: string,
  readFile: (path: string) => string,
  key = 'RaftSharedSecretFile',
): readonly Uint8Array[] {
  const lines = readNamed(`the file of ${key}`, file, readFile).split('\n');
  const secrets = lines.map((line) => Buffer.from(line.trim())).filter(({ length }) => length > 0);
  if (secrets.length === 0 || secrets.length > MOST_SECRETS)
    throw invalid(
      `${key}: ${file} holds ${secrets.length} secrets: write one in a line, or two while they are exchanged`,
    );
  const short = secrets.findIndex(({ length }) => length < LEAST_SECRET_BYTES);
  if (short >= 0)
    throw invalid(
      `${key}: secret ${short + 1} in ${file} is shorter than ${LEAST_SECRET_BYTES} bytes: make one with "openssl rand -base64 48"`,
    );
  return secrets;
}

function readNamed(what: string, file: string, readFile: (path: string) => string): string {
  return attempt(`cannot read ${file}, ${what}: check that it exists and may be read`, () => readFile(file));
}

function attempt<T>(problem: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new OrchestratorError('CONFIG_INVALID', problem, { cause });
  }
}

function invalid(message: string): OrchestratorError {
  return new OrchestratorError('CONFIG_INVALID', message);
}
