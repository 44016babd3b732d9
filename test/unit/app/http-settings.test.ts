import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FullName } from '../../../internal/app/full-name.ts';
import { httpSettings } from '../../../internal/app/http-settings.ts';
import { settingsFrom } from '../../../internal/app/settings-from-config.ts';
import type { Config } from '../../../internal/config/keys.ts';
import { defaultConfig } from '../../../internal/config/load.ts';
import { silentLog } from '../../../internal/runtime/log.ts';

const NODE = { hostname: 'node1', token: 't' };

function settings(more: Partial<Config>, fullName = 'node1.example.com', passPhrase?: string) {
  const config = { ...defaultConfig(), ...more };
  return httpSettings(
    { config, settings: settingsFrom(config, { noop: false }) },
    NODE,
    { get: () => fullName },
    passPhrase,
  );
}

describe('what the routes are told', () => {
  for (const [wanted, custom, prefix] of [
    ['', 'c', ''],
    ['none', 'c', ''],
    ['FQDN', 'c', 'Orchestrator node1.example.com says: '],
    ['hostname', 'c', 'Orchestrator node1 says: '],
    ['custom', 'c', 'Orchestrator c says: '],
    ['custom', '', ''],
  ] as const)
    it(`messages begin with "${prefix}" for PrependMessagesWithOrcIdentity "${wanted}"`, () => {
      const { messagePrefix } = settings({ PrependMessagesWithOrcIdentity: wanted, CustomOrcIdentity: custom });
      assert.equal(messagePrefix, prefix);
    });

  it('an encrypted private key is decrypted by its pass phrase, in either form of such files, and refused without it', () => {
    const directory = mkdtempSync(join(tmpdir(), 'locked-key-'));
    try {
      const plain = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
      const der = plain.export({ type: 'pkcs8', format: 'der' });
      const locked = { format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' } as const;
      for (const type of ['pkcs8', 'sec1'] as const) {
        const file = join(directory, `${type}.pem`);
        writeFileSync(file, plain.export({ ...locked, type }));
        const more = { UseSSL: true, SSLCertFile: join(directory, 'cert.pem'), SSLPrivateKeyFile: file };
        writeFileSync(more.SSLCertFile, 'a certificate');
        const { tls } = settings(more, '', 'secret');
        assert.deepEqual(createPrivateKey(tls?.key ?? '').export({ type: 'pkcs8', format: 'der' }), der);
        for (const [passPhrase, message] of [
          [undefined, /SSLPrivateKeyFile ".*pem": is encrypted.* ORCHESTRATOR_SSL_PASSPHRASE, .*openssl pkey/],
          ['wrong', /SSLPrivateKeyFile ".*pem": the pass phrase does not decrypt it$/],
        ] as const)
          assert.throws(() => settings(more, '', passPhrase), { code: 'CONFIG_INVALID', message });
        const other = { MySQLTopologySSLCertFile: more.SSLCertFile, MySQLTopologySSLPrivateKeyFile: file };
        const refused = { code: 'CONFIG_INVALID', message: /MySQLTopologySSLPrivateKeyFile .*: is encrypted: openssl/ };
        assert.throws(() => settings(other, '', 'secret'), refused);
      }
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe('the full name of this host', () => {
  const warnings: string[] = [];
  const log = { ...silentLog, warn: (_fields: object, text: string) => warnings.push(text) };
  const settled = () => new Promise((resolve) => setImmediate(resolve));

  for (const [title, host, names, expected, warned] of [
    [
      'is the one of its names that has its domain',
      'node1',
      ['localhost', 'node1.example.com.'],
      'node1.example.com',
      0,
    ],
    ['is not that of another host', 'node1', ['node10.example.com', 'localhost.localdomain'], 'node1', 1],
    ['is its name where no name service answers', 'node1', undefined, 'node1', 1],
    ['is its name where that has a domain', 'node1.example.com', undefined, 'node1.example.com', 0],
  ] as const)
    it(title, async () => {
      warnings.length = 0;
      const name = new FullName(host, log, async () => names ?? Promise.reject(new Error('refused')));
      assert.equal(name.get(), host);
      await settled();
      assert.equal(name.get(), expected);
      assert.equal(warnings.length, warned);
    });
});
