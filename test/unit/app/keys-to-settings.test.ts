// Each key of the configuration, and exactly what the rooms are told for it. That the rooms heed it is for their own tests to show.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CONFIG_NAMES, type Config, type ConfigName, keyOf } from '../../../internal/config/keys.ts';
import { OF_RECOVERIES, OF_SERVERS } from '../../support/told-by-key.ts';
import { OF_NODES } from '../../support/told-by-key-of-nodes.ts';
import { differences, toldOf } from '../../support/told-settings.ts';

const ROWS = { ...OF_SERVERS, ...OF_RECOVERIES, ...OF_NODES };

/** Who founds a group, and how its nodes trust each other: rules over several keys, with tests of their own. */
const OF_SEVERAL_KEYS: ReadonlySet<ConfigName> = new Set([
  ...(['RaftBind', 'RaftAdvertise', 'RaftNodes', 'RaftBootstrapExpect', 'RaftSharedSecretFile'] as const),
  ...(['RaftTLSCertFile', 'RaftTLSPrivateKeyFile', 'RaftTLSCAFile', 'RaftTLSNamePattern'] as const),
]);

async function told(more: Partial<Config>, given: Partial<Config> = {}) {
  return differences(await toldOf(given), await toldOf({ ...given, ...more }));
}

describe('what the rooms are told for a key', () => {
  for (const name of CONFIG_NAMES) {
    const row = ROWS[name];
    if (row === undefined) continue;
    const [value, expected, given] = row;
    it(name, async () => assert.deepEqual(await told({ [name]: value }, given), expected));
  }

  it('stands here for each one of which they are told anything', async () => {
    const missing: string[] = [];
    for (const name of CONFIG_NAMES) {
      if (name in ROWS || name in FILES || OF_SEVERAL_KEYS.has(name)) continue;
      const found = await told({ [name]: anotherValue(name) });
      if (Object.keys(found).length > 0) missing.push(`${name}: ${JSON.stringify(found)}`);
    }
    assert.deepEqual(missing, []);
  });

  it('waits for a restart where the backend is told at the start only: all but the login', () => {
    const once = Object.entries(OF_NODES).filter(([, [, rooms]]) =>
      Object.keys(rooms).some((path) => /^backend\.(?!login\.)/.test(path)),
    );
    assert.ok(once.length > 5);
    const live = once.map(([name]) => name as ConfigName).filter((name) => keyOf(name).restart !== true);
    assert.deepEqual(live, []);
  });
});

const LONG_SECRET = 'x'.repeat(64);
const TOPOLOGY = { MySQLTopologySSLCertFile: 'cert', MySQLTopologySSLPrivateKeyFile: 'key' };
const BACKEND = { MySQLOrchestratorSSLCertFile: 'cert', MySQLOrchestratorSSLPrivateKeyFile: 'key' };
const LISTENER = { SSLCertFile: 'cert', SSLPrivateKeyFile: 'key' };
const ELSEWHERE = { HTTPAdvertise: 'https://node1:3000', BackendDB: '', UseMutualTLS: true };

/** Keys that name a file: what else is set, and what the rooms are told in place of what the file holds, or of its name. */
const FILES: {
  readonly [K in keyof Config]?: readonly [given: Partial<Config>, more: Partial<Config>, paths: readonly string[]];
} = {
  MySQLTopologySSLCAFile: [{}, { MySQLTopologySSLCAFile: 'ca' }, ['servers.tls.options.ca']],
  MySQLTopologySSLCertFile: [{}, TOPOLOGY, ['servers.tls.options.cert', 'servers.tls.options.key']],
  MySQLTopologySSLPrivateKeyFile: [
    { MySQLTopologySSLCertFile: 'cert' },
    TOPOLOGY,
    ['servers.tls.options.cert', 'servers.tls.options.key'],
  ],
  MySQLOrchestratorSSLCAFile: [
    { MySQLOrchestratorUseMutualTLS: true },
    { MySQLOrchestratorSSLCAFile: 'ca' },
    ['backend.tls.ca'],
  ],
  MySQLOrchestratorSSLCertFile: [
    { MySQLOrchestratorUseMutualTLS: true },
    BACKEND,
    ['backend.tls.cert', 'backend.tls.key'],
  ],
  MySQLOrchestratorSSLPrivateKeyFile: [
    { MySQLOrchestratorUseMutualTLS: true, MySQLOrchestratorSSLCertFile: 'cert' },
    BACKEND,
    ['backend.tls.cert', 'backend.tls.key'],
  ],
  UseSSL: [LISTENER, { UseSSL: true }, ['http.tls.cert', 'http.tls.key']],
  SSLCAFile: [{ ...ELSEWHERE }, { SSLCAFile: 'ca' }, ['http.raft.tls.ca']],
  SSLCertFile: [ELSEWHERE, { SSLCertFile: 'cert' }, ['http.raft.tls.cert']],
  SSLPrivateKeyFile: [ELSEWHERE, { SSLPrivateKeyFile: 'key' }, ['http.raft.tls.key']],
  AccessTokenSecretFile: [{}, { AccessTokenSecretFile: LONG_SECRET }, ['tokens.secrets']],
};

describe('what the rooms are told for a key that names a file', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'keys-'));
    for (const text of ['ca', 'cert', 'key', LONG_SECRET]) writeFileSync(join(directory, text), text);
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const inDirectory = (keys: Partial<Config>) =>
    Object.fromEntries(
      Object.entries(keys).map(([name, value]) => [name, /File$/.test(name) ? join(directory, String(value)) : value]),
    );

  for (const [name, [given, more, paths]] of Object.entries(FILES))
    it(name, async () => {
      const found = await told(inDirectory(more), inDirectory(given));
      assert.deepEqual(Object.keys(found), paths);
      const holds = (path: string) => path.split('.').at(-1) ?? '';
      for (const path of paths) assert.deepEqual(found[path], holds(path) === 'secrets' ? [LONG_SECRET] : holds(path));
    });

  it('AccessTokenSecretFile is named where it is of no use', async () => {
    for (const [file, message] of [
      ['nowhere', /^cannot read .*nowhere, the file of AccessTokenSecretFile: /],
      ['key', /^AccessTokenSecretFile: secret 1 in .*key is shorter than 32 bytes/],
    ] as const)
      await assert.rejects(told(inDirectory({ AccessTokenSecretFile: file })), { code: 'CONFIG_INVALID', message });
  });

  it('SSLCAFile is the authority of clients too where TLS is spoken', async () => {
    const given = { ...LISTENER, UseSSL: true, UseMutualTLS: true };
    const both = { 'http.tls.ca': 'ca', 'http.raft.tls.ca': 'ca' };
    assert.deepEqual(await told(inDirectory({ SSLCAFile: 'ca' }), inDirectory(given)), both);
  });
});

function anotherValue(name: ConfigName): unknown {
  const { type, default: value } = keyOf(name);
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'number') return value + 1;
  if (type === 'string[]') return ['x'];
  if (type === 'map') return { x: 'y' };
  return typeof value === 'string' ? 'x' : value;
}
