import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../../internal/config/load.ts';

describe('the configuration file', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'config-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  function load(text: string, env: Record<string, string> = {}) {
    const file = join(directory, 'c.json');
    writeFileSync(file, text);
    return loadConfig({ file, env });
  }

  for (const [title, text, message] of [
    ['no JSON', '{ "Debug": tru }', /c\.json:1:12: not valid JSON/],
    ['a list instead of an object', '[]', /expected one JSON object/],
    [
      'a text for a number',
      '{\n"InstancePollSeconds": "5" }',
      /c\.json:2: InstancePollSeconds must be a whole number, 0 or more, not "5"/,
    ],
    [
      'a negative unsigned number',
      '{ "InstancePollSeconds": -1 }',
      /InstancePollSeconds must be a whole number, 0 or more/,
    ],
    ['a text for a switch', '{ "Debug": "true" }', /Debug must be true or false/],
    ['a list with a number in it', '{ "DiscoverySeeds": [1] }', /DiscoverySeeds must be a list of texts/],
    [
      'two keys that exclude each other',
      '{ "FailMasterPromotionIfSQLThreadNotUpToDate": true, "DelayMasterPromotionIfSQLThreadNotUpToDate": true }',
      /exclude each other/,
    ],
    ['a lag limit without a lag query', '{ "FailMasterPromotionOnLagMinutes": 1 }', /needs ReplicationLagQuery/],
  ] as const) {
    it(`refuses ${title} and says where`, () => assert.throws(() => load(text), message));
  }

  it('refuses a file that is not there', () => {
    assert.throws(() => loadConfig({ file: join(directory, 'none'), env: {} }), /cannot read the configuration file/);
  });

  it('warns once of an unknown key and takes keys in any case', () => {
    const { config, warnings } = load('{ "instancepollseconds": 7, "Nonsense": 1, "#": "a comment" }');
    assert.equal(config.InstancePollSeconds, 7);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', /c\.json:1: unknown key Nonsense/);
  });

  it('takes a password from the environment and never from half of it', () => {
    assert.equal(load('{ "MySQLTopologyPassword": "${SECRET}" }', { SECRET: 'x' }).config.MySQLTopologyPassword, 'x');
    assert.equal(load('{ "MySQLTopologyPassword": "${SECRET}" }').config.MySQLTopologyPassword, '');
  });

  it('takes user and password from a credentials file', () => {
    const credentials = join(directory, 'my.cnf');
    writeFileSync(credentials, '[client]\nuser = "a b" # who\npassword = p#w\n');
    const { config } = load(JSON.stringify({ MySQLTopologyCredentialsConfigFile: credentials }));
    assert.equal(config.MySQLTopologyUser, 'a b');
    assert.equal(config.MySQLTopologyPassword, 'p');
  });

  for (const sample of readdirSync('conf')) {
    it(`loads conf/${sample} without a warning`, () => {
      assert.deepEqual(loadConfig({ file: join('conf', sample), env: { ORCHESTRATOR_PASSWORD: 'x' } }).warnings, []);
    });
  }
});
