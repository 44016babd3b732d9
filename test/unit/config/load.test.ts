import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../../../internal/config/keys.ts';
import { defaultConfig, loadConfig } from '../../../internal/config/load.ts';

describe('the configuration', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'config-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  function write(name: string, text: string): string {
    const file = join(directory, name);
    writeFileSync(file, text);
    return file;
  }

  const load = (text: string, env: Record<string, string> = {}) => loadConfig({ file: write('c.json', text), env });

  /** What a file changes, besides what it says. */
  const ADJUSTED: readonly (readonly [string, Partial<Config>, Partial<Config>])[] = [
    ['minutes alone count', { RecoveryPeriodBlockMinutes: 2 }, { RecoveryPeriodBlockSeconds: 120 }],
    [
      'seconds beat minutes',
      { RecoveryPeriodBlockMinutes: 2, RecoveryPeriodBlockSeconds: 7 },
      { RecoveryPeriodBlockSeconds: 7 },
    ],
    [
      'seconds of 0 leave it to the minutes',
      { RecoveryPeriodBlockMinutes: 2, RecoveryPeriodBlockSeconds: 0 },
      { RecoveryPeriodBlockSeconds: 120 },
    ],
    [
      'both 0 are no block',
      { RecoveryPeriodBlockMinutes: 0, RecoveryPeriodBlockSeconds: 0 },
      { RecoveryPeriodBlockSeconds: 0 },
    ],
    ['minutes of 0 alone are no block', { RecoveryPeriodBlockMinutes: 0 }, { RecoveryPeriodBlockSeconds: 0 }],
    ['an old query moves', { SlaveLagQuery: 'select 1' }, { ReplicationLagQuery: 'select 1', SlaveLagQuery: '' }],
    ['an old limit moves', { PostponeSlaveRecoveryOnLagMinutes: 3 }, { PostponeReplicaRecoveryOnLagMinutes: 3 }],
    ['the old default detaches', {}, { DetachLostReplicasAfterMasterFailover: true }],
    [
      'the new name alone decides',
      { DetachLostReplicasAfterMasterFailover: false },
      { DetachLostReplicasAfterMasterFailover: false },
    ],
    [
      'the old name switches off',
      { DetachLostSlavesAfterMasterFailover: false },
      { DetachLostReplicasAfterMasterFailover: false },
    ],
    [
      'the old name switches on',
      { DetachLostSlavesAfterMasterFailover: true, DetachLostReplicasAfterMasterFailover: false },
      { DetachLostReplicasAfterMasterFailover: true },
    ],
    [
      'the old name of another switch',
      { MasterFailoverDetachSlaveMasterHost: true },
      { MasterFailoverDetachReplicaMasterHost: true },
    ],
    ['slashes of the prefix', { URLPrefix: '//a/b//' }, { URLPrefix: '/a/b' }],
    ['slashes alone are no prefix', { URLPrefix: '//' }, { URLPrefix: '' }],
    ['Raft tells its own address', { RaftBind: 'n1' }, { RaftAdvertise: 'n1' }],
    ['a path ends in one slash', { KVClusterMasterPrefix: 'a//' }, { KVClusterMasterPrefix: 'a/' }],
    ['no path is the root', { KVClusterMasterPrefix: '' }, { KVClusterMasterPrefix: '/' }],
    ['the root stays', { KVClusterMasterPrefix: '/' }, { KVClusterMasterPrefix: '/' }],
    [
      'markers by themselves',
      { AutoPseudoGTID: true },
      {
        PseudoGTIDPattern: 'drop view if exists `_pseudo_gtid_`',
        PseudoGTIDPatternIsFixedSubstring: true,
        PseudoGTIDMonotonicHint: 'asc:',
        DetectPseudoGTIDQuery: 'select 1',
      },
    ],
    ['a small transaction', { ConsulMaxKVsPerTransaction: 1 }, { ConsulMaxKVsPerTransaction: 5 }],
    ['a large transaction', { ConsulMaxKVsPerTransaction: 99 }, { ConsulMaxKVsPerTransaction: 64 }],
    ['a lock counts like lag', { ReasonableReplicationLagSeconds: 4 }, { ReasonableLockedSemiSyncMasterSeconds: 4 }],
    ['no room, no buffer', { BufferInstanceWrites: true, InstanceWriteBufferSize: 0 }, { BufferInstanceWrites: false }],
    [
      'a lag of less than nothing',
      { ReasonableReplicationLagSeconds: -1 },
      { ReasonableLockedSemiSyncMasterSeconds: 0 },
    ],
    ['a period of nothing', { InstancePollSeconds: 0 }, { InstancePollSeconds: 1 }],
  ];
  for (const [title, set, expected] of ADJUSTED) {
    it(`adjusts: ${title}`, () => {
      const { config } = load(JSON.stringify(set));
      for (const name of Object.keys(expected) as (keyof Config)[])
        assert.deepEqual(config[name], expected[name], name);
    });
  }

  it('warns in one line each, with file and line where a file set the key', () => {
    const { warnings } = load(`{
      "#": "a comment", "#": "another", "_comment": 1,
      "Nonsense": 1,
      "AuditPageSize": 20,
      "StatusSimpleHealth": true,
      "ServeAgentsHttp": true,
      "ServeAgentsHttp": false,
      "AgentPollMinutes": 5,
      "MySQLTopologyMaxAllowedPacket": 4096,
      "RaftNodes": [],
      "SkipBinlogServerUnresolveCheck": false,
      "ConsulScheme": "ftp",
      "RecoverMasterClusterFilters": ["*", "alias=([", "alias~=([", "(?i)ok"],
      "ProbeIntervalMilliseconds": 1
    }`);
    const file = join(directory, 'c.json');
    assert.deepEqual(warnings, [
      `${file}:3: unknown key Nonsense: ignored`,
      `${file}:4: AuditPageSize has no effect: fixed at 20 rows`,
      `${file}:7: ServeAgentsHttp is set a second time: this one counts`,
      `${file}:8: AgentPollMinutes has no effect any more: remove it`,
      `${file}:9: MySQLTopologyMaxAllowedPacket has no effect yet: the driver has no such limit, and no statement to a server is long`,
      `${file}:11: SkipBinlogServerUnresolveCheck has no effect yet`,
      `${file}: ProbeIntervalMilliseconds is 1: using 10, the least that works`,
      `${file}: RecoverMasterClusterFilters: "([" is not a regular expression that can be used here: it never matches`,
      `${file}: ConsulScheme: unknown value "ftp": use one of http, https`,
    ]);
  });

  it('takes keys in any case, prefers the exact spelling, and lets the last one count', () => {
    const { config } = load(
      '{ "WebMessage": "a", "webmessage": "b", "pseudogtidpattern": "c", "Debug": false, "Debug": true }',
    );
    assert.deepEqual([config.WebMessage, config.PseudoGTIDPattern, config.Debug], ['a', 'c', true]);
  });

  it('takes what other readers of these files take: a text after the object, comments, trailing commas', () => {
    const text = '\uFEFF{ // why\n "PowerAuthUsers": null, "AuthUserHeader": "", "ListenAddress": null, }\nand more';
    const { config } = load(text);
    assert.deepEqual([config.PowerAuthUsers, config.AuthUserHeader, config.ListenAddress], [[], '', ':3000']);
  });

  it('reads the files of the search path in order, skips what is not there, and merges maps alone', () => {
    const searchPaths = [
      write(
        '1.json',
        '{ "DiscoverySeeds": ["a", "b"], "WebMessage": "1", "ClusterNameToAlias": { "x": "1", "y": "1" } }',
      ),
      join(directory, 'none.json'),
      write('2.json', '{ "DiscoverySeeds": ["c"], "ClusterNameToAlias": { "y": "2" } }'),
    ];
    const { config, files } = loadConfig({ searchPaths, env: {} });
    assert.deepEqual(files, [searchPaths[0], searchPaths[2]]);
    assert.deepEqual(config.DiscoverySeeds, ['c']);
    assert.equal(config.WebMessage, '1');
    assert.deepEqual({ ...config.ClusterNameToAlias }, { x: '1', y: '2' });
  });

  it('reads one more file on top, and refuses to go without it', () => {
    const file = write('1.json', '{ "WebMessage": "1", "CustomOrcIdentity": "1" }');
    const extra = write('2.json', '{ "WebMessage": "2" }');
    const { config } = loadConfig({ file, extra, env: {} });
    assert.deepEqual([config.WebMessage, config.CustomOrcIdentity], ['2', '1']);
    assert.throws(
      () => loadConfig({ file, extra: `${extra}x`, env: {} }),
      /cannot read the configuration file .*2\.jsonx/,
    );
  });

  it('runs on defaults without a file, adjusted like any other', () => {
    const { config, files, warnings } = loadConfig({ searchPaths: [], env: {} });
    assert.deepEqual([files, warnings], [[], []]);
    assert.equal(config.KVClusterMasterPrefix, 'mysql/master/');
    assert.ok(Object.isFrozen(config) && Object.isFrozen(defaultConfig()));
  });

  for (const [written, env, expected, warned] of [
    ['${SECRET}', { SECRET: 'x' }, 'x', []],
    ['a${SECRET}b', { SECRET: 'x' }, 'x', []],
    ['${A}${B}', { 'A}${B': 'greedy' }, 'greedy', []],
    ['$SECRET', { SECRET: 'x' }, '$SECRET', []],
    ['${SECRET}', {}, '', ['the environment variable SECRET is not set']],
    ['pass${word}', {}, '', ['the environment variable in it is not set']],
  ] as const) {
    it(`takes the password ${written} with ${JSON.stringify(env)} for ${JSON.stringify(expected)}`, () => {
      const { config, warnings } = load(JSON.stringify({ MySQLTopologyPassword: written }), env);
      assert.equal(config.MySQLTopologyPassword, expected);
      const lines = warned.map(
        (text) => `${join(directory, 'c.json')}: MySQLTopologyPassword: ${text}: the password is empty`,
      );
      assert.deepEqual(warnings, lines);
    });
  }

  it('lets a credentials file replace user and password, both', () => {
    const credentials = write('my.cnf', '[client]\npassword = ${SECRET}\n');
    const keys = { MySQLTopologyUser: 'u', MySQLTopologyCredentialsConfigFile: credentials };
    const { config } = load(JSON.stringify(keys), { SECRET: 'x' });
    assert.deepEqual([config.MySQLTopologyUser, config.MySQLTopologyPassword], ['', 'x']);
  });

  for (const sample of readdirSync('conf').filter((name) => name.endsWith('.json'))) {
    it(`loads conf/${sample} without a warning`, () => {
      const env = { ORCHESTRATOR_PASSWORD: 'x' };
      assert.deepEqual(loadConfig({ file: join('conf', sample), env }).warnings, []);
    });
  }
});
