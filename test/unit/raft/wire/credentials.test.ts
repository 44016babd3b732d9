import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type CredentialKeys,
  nameProblem,
  readCredentials,
  refuseOpenPort,
} from '../../../../internal/raft/wire/credentials.ts';
import { Authority } from '../../../support/certificates.ts';

const NONE: CredentialKeys = {
  tlsCertFile: '',
  tlsPrivateKeyFile: '',
  tlsCaFile: '',
  tlsNamePattern: '',
  sharedSecretFile: '',
  insecure: false,
};
const LONG = 'x'.repeat(32);

describe('credentials of a node', () => {
  let directory: string;
  const tls: { -readonly [K in keyof CredentialKeys]: CredentialKeys[K] } = { ...NONE };
  let otherKey: string;
  let files: Readonly<Record<string, string>>;

  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'raft-credentials-'));
    const authority = new Authority(directory, 'ca');
    const node = authority.issue('n1', 'DNS:n1.example');
    otherKey = authority.issue('n2', 'DNS:n2.example').keyFile;
    Object.assign(tls, {
      tlsCertFile: node.certFile,
      tlsPrivateKeyFile: node.keyFile,
      tlsCaFile: authority.self.certFile,
    });
    files = {
      one: `  ${LONG}\n\n`,
      two: `${LONG}\n${'y'.repeat(40)}\n`,
      short: `${LONG}\nshort`,
      empty: '\n \n',
      three: [LONG, LONG, LONG].join('\n'),
    };
  });
  after(() => rmSync(directory, { recursive: true }));

  const read = (keys: Partial<CredentialKeys>) =>
    readCredentials({ ...NONE, ...keys }, (path) => files[path] ?? readFileSync(path, 'utf8'));

  it('are certificates, a secret, two of them, or none', () => {
    assert.equal(read({ ...tls, tlsNamePattern: '.*' }).mode, 'tls');
    assert.deepEqual(read({ sharedSecretFile: 'one' }), { mode: 'secret', secrets: [Buffer.from(LONG)] });
    const two = read({ sharedSecretFile: 'two' });
    assert.equal(two.mode === 'secret' && two.secrets.length, 2);
    assert.deepEqual(read({}), { mode: 'none', anywhere: false });
    assert.deepEqual(read({ insecure: true }), { mode: 'none', anywhere: true });
  });

  const refused: readonly (readonly [title: string, keys: () => Partial<CredentialKeys>, message: RegExp])[] = [
    ['both ways at once', () => ({ ...tls, sharedSecretFile: 'one' }), /exclude each other: keep one/],
    [
      'a certificate alone',
      () => ({ tlsCertFile: tls.tlsCertFile }),
      /need RaftTLSCAFile and RaftTLSPrivateKeyFile too/,
    ],
    ['a pattern alone', () => ({ tlsNamePattern: 'x' }), /RaftTLSNamePattern needs RaftTLSCertFile/],
    [
      'a file that is not there',
      () => ({ ...tls, tlsCaFile: '/nowhere' }),
      /cannot read \/nowhere, the file of RaftTLSCAFile: check/,
    ],
    [
      'a key as certificate',
      () => ({ ...tls, tlsCertFile: tls.tlsPrivateKeyFile }),
      /RaftTLSCertFile: .* no certificate/,
    ],
    [
      'the key of another',
      () => ({ ...tls, tlsPrivateKeyFile: otherKey }),
      /RaftTLSPrivateKeyFile: .* no private key of/,
    ],
    ['a bad pattern', () => ({ ...tls, tlsNamePattern: '(' }), /RaftTLSNamePattern: "\(" is not a regular expression/],
    ['a short secret', () => ({ sharedSecretFile: 'short' }), /secret 2 in short is shorter than 32 bytes: make one/],
    ['no secret', () => ({ sharedSecretFile: 'empty' }), /holds 0 secrets/],
    ['three secrets', () => ({ sharedSecretFile: 'three' }), /holds 3 secrets/],
    [
      'an unreadable secret',
      () => ({ sharedSecretFile: '/nowhere' }),
      /cannot read \/nowhere, the file of RaftSharedSecretFile/,
    ],
  ];
  for (const [title, keys, message] of refused)
    it(`are refused with ${title}`, () => {
      const thrown = (error: Error) => message.test(error.message) && !error.message.includes(LONG.slice(0, 8));
      assert.throws(() => read(keys()), thrown);
    });

  it('leave the port open on this host only, unless that is wished for', () => {
    const [near, far] = [
      { host: '127.0.0.1', port: 1 },
      { host: '0.0.0.0', port: 1 },
    ];
    refuseOpenPort(read({}), near, near.host);
    refuseOpenPort(read({ insecure: true }), far, far.host);
    refuseOpenPort(read({ sharedSecretFile: 'one' }), far, far.host);
    const message = /^RaftBind 0\.0\.0\.0:1 .* set RaftTLSCertFile, .* or RaftSharedSecretFile; RaftInsecure lifts/;
    assert.throws(() => refuseOpenPort(read({}), far, far.host), { code: 'CONFIG_INVALID', message });
  });

  const names: readonly (readonly [pattern: string, matches: boolean])[] = [
    ['n1\\.example', true],
    ['n1', false],
    ['10\\.0\\.0\\.\\d+', true],
    ['common', true],
    ['evil.*', false],
  ];
  for (const [pattern, matches] of names)
    it(`${matches ? 'match' : 'do not match'} a whole name with ${pattern}`, () => {
      const certificate = { subjectaltname: 'DNS:n1.example, IP Address:10.0.0.1', subject: { CN: 'common' } };
      const credentials = read({ ...tls, tlsNamePattern: pattern });
      assert(credentials.mode === 'tls');
      const problem = nameProblem(certificate as Parameters<typeof nameProblem>[0], credentials.namePattern);
      assert.equal(problem === undefined, matches);
    });
});
