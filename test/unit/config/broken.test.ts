import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../../internal/config/load.ts';
import { OrchestratorError } from '../../../internal/runtime/errors.ts';

const NOBODY = 65_534;
/** Each with the whole message; FILE stands for the path of the file. */
const BROKEN: readonly (readonly [title: string, text: string, message: string])[] = [
  ['nothing', '', 'FILE:1:1: not valid JSON here (ValueExpected): correct this place'],
  ['half a word', '{ "Debug": tru }', 'FILE:1:12: not valid JSON here (InvalidSymbol): correct this place'],
  [
    'a missing comma',
    '{\n  "Debug": true\n  "ReadOnly": true\n}',
    'FILE:3:3: not valid JSON here (CommaExpected): correct this place',
  ],
  [
    'a text that does not end',
    '{ "WebMessage": "abc\n}',
    'FILE:1:17: not valid JSON here (UnexpectedEndOfString): correct this place',
  ],
  ['a list', '[]', 'FILE: expected one JSON object: { "Key": value, ... }'],
  ['a number', '7', 'FILE: expected one JSON object: { "Key": value, ... }'],
  [
    'a very deep list',
    `{ "DiscoverySeeds": ${'['.repeat(100_000)}`,
    'FILE: nested too deeply: no key holds more than a list or an object of texts',
  ],
  [
    'a text for a number',
    '{\n"InstancePollSeconds": "5" }',
    'FILE:2: InstancePollSeconds must be a whole number, 0 or more, not "5"',
  ],
  [
    'a negative one',
    '{ "InstancePollSeconds": -1 }',
    'FILE:1: InstancePollSeconds must be a whole number, 0 or more, not -1',
  ],
  [
    'a fraction',
    '{ "InstancePollSeconds": 5.0 }',
    'FILE:1: InstancePollSeconds must be a whole number, 0 or more, not 5.0',
  ],
  ['an exponent', '{ "DefaultRaftPort": 1e3 }', 'FILE:1: DefaultRaftPort must be a whole number, not 1e3'],
  [
    'a number beyond its type',
    '{ "MySQLTopologyMaxAllowedPacket": 2147483648 }',
    'FILE:1: MySQLTopologyMaxAllowedPacket must be a whole number, at most 2147483647, not 2147483648',
  ],
  [
    'a port that is none',
    '{ "DefaultInstancePort": 65536 }',
    'FILE:1: DefaultInstancePort must be a whole number, at most 65535, not 65536',
  ],
  ['a text for a switch', '{ "debug": "true" }', 'FILE:1: Debug must be true or false, not "true"'],
  ['a number for a text', '{ "WebMessage": 5 }', 'FILE:1: WebMessage must be a text, not a number'],
  ['an object for a text', '{ "WebMessage": {} }', 'FILE:1: WebMessage must be a text, not an object like this'],
  [
    'a secret of another type',
    '{ "MySQLTopologyPassword": ["s3cret"] }',
    'FILE:1: MySQLTopologyPassword must be a text, not a list like this',
  ],
  ['a text for a list', '{ "DiscoverySeeds": "db1" }', 'FILE:1: DiscoverySeeds must be a list of texts, not a string'],
  [
    'a list with a number in it',
    '{ "DiscoverySeeds": ["db1", 1] }',
    'FILE:1: DiscoverySeeds must be a list of texts, not a list like this',
  ],
  [
    'a map with a number in it',
    '{ "ClusterNameToAlias": { "a": 1 } }',
    'FILE:1: ClusterNameToAlias must be an object of texts, not an object like this',
  ],
  [
    'a text for a factor',
    '{ "DeadInstancePollSecondsMultiplyFactor": "2" }',
    'FILE:1: DeadInstancePollSecondsMultiplyFactor must be a number, not "2"',
  ],
  ['the first of two that is wrong', '{ "Debug": 1, "Debug": true }', 'FILE:1: Debug must be true or false, not 1'],
  [
    'contradictory switches',
    '{ "FailMasterPromotionIfSQLThreadNotUpToDate": true, "DelayMasterPromotionIfSQLThreadNotUpToDate": true }',
    'FILE: FailMasterPromotionIfSQLThreadNotUpToDate and DelayMasterPromotionIfSQLThreadNotUpToDate exclude each other: set one of them',
  ],
  [
    'a lag limit without a query',
    '{ "FailMasterPromotionOnLagMinutes": 1 }',
    'FILE: FailMasterPromotionOnLagMinutes needs ReplicationLagQuery: set it, or set the minutes to 0',
  ],
  [
    'two lag queries',
    '{ "ReplicationLagQuery": "a", "SlaveLagQuery": "b" }',
    'FILE: SlaveLagQuery is the old name of ReplicationLagQuery and they differ: keep ReplicationLagQuery',
  ],
  [
    'two limits',
    '{ "PostponeSlaveRecoveryOnLagMinutes": 1, "PostponeReplicaRecoveryOnLagMinutes": 2 }',
    'FILE: PostponeSlaveRecoveryOnLagMinutes is the old name of PostponeReplicaRecoveryOnLagMinutes and they differ: keep the new name',
  ],
  ['an unknown backend', '{ "BackendDB": "postgres" }', 'FILE: BackendDB must be mysql or sqlite3'],
  [
    'SQLite without a file',
    '{ "BackendDB": "sqlite3" }',
    'FILE: BackendDB is SQLite and SQLite3DataFile is empty: set it to the path of the data file',
  ],
  ['Raft without a directory', '{ "RaftEnabled": true }', 'FILE: RaftEnabled needs RaftDataDir: set it'],
  [
    'Raft without an address',
    '{ "RaftEnabled": true, "RaftDataDir": "/d", "RaftBind": "" }',
    'FILE: RaftEnabled needs RaftBind: set it',
  ],
  [
    'an address with a path',
    '{ "HTTPAdvertise": "http://a:1/" }',
    'FILE: HTTPAdvertise must be scheme://host:port, without a path',
  ],
  [
    'an address without a port',
    '{ "HTTPAdvertise": "http://a" }',
    'FILE: HTTPAdvertise must be scheme://host:port, without a path',
  ],
  [
    'a method without a user',
    '{ "AuthenticationMethod": "Multi" }',
    'FILE: AuthenticationMethod multi needs HTTPAuthUser: set it',
  ],
  [
    'a shrinking period',
    '{ "DeadInstancePollSecondsMultiplyFactor": 0.5 }',
    'FILE: DeadInstancePollSecondsMultiplyFactor must be 1 or more',
  ],
  [
    'periods in the wrong order',
    '{ "InstancePollSeconds": 301 }',
    'FILE: DeadInstancePollSecondsMax (300) is below InstancePollSeconds (301): raise it',
  ],
  [
    'a missing credentials file',
    '{ "MySQLTopologyCredentialsConfigFile": "/none/my.cnf" }',
    'FILE: MySQLTopologyCredentialsConfigFile: cannot read /none/my.cnf: check that it exists and may be read',
  ],
];

describe('a broken configuration', () => {
  let directory: string;
  let file: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'config-'));
    file = join(directory, 'c.json');
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const refused = (message: string) => (err: unknown) => {
    assert.ok(err instanceof OrchestratorError);
    assert.deepEqual([err.code, err.message], ['CONFIG_INVALID', message]);
    return true;
  };

  /** Root may read every file, so its rights are laid down meanwhile. */
  function asOrdinaryUser(body: () => void): void {
    const root = process.geteuid?.() === 0;
    chmodSync(directory, 0o755);
    if (root) process.seteuid?.(NOBODY);
    try {
      body();
    } finally {
      if (root) process.seteuid?.(0);
    }
  }

  for (const [title, text, message] of BROKEN) {
    it(`is refused: ${title}`, () => {
      writeFileSync(file, text);
      assert.throws(() => loadConfig({ file, env: {} }), refused(message.replaceAll('FILE', file)));
    });
  }

  for (const [title, prepare] of [
    ['is not there', () => undefined],
    ['is a directory', () => mkdirSync(file)],
    [
      'may not be read',
      () => {
        writeFileSync(file, '{}');
        chmodSync(file, 0);
      },
    ],
  ] as const) {
    it(`is refused when it was named and ${title}`, () => {
      prepare();
      const message = `cannot read the configuration file ${file}: check that it exists and may be read`;
      asOrdinaryUser(() => assert.throws(() => loadConfig({ file, env: {} }), refused(message)));
    });
  }

  it('is refused also when it is the second one of the search path', () => {
    writeFileSync(file, '{}');
    writeFileSync(`${file}2`, '{ "Debug": 1 }');
    const load = () => loadConfig({ searchPaths: [file, `${file}2`], env: {} });
    assert.throws(load, refused(`${file}2:1: Debug must be true or false, not 1`));
  });
});
