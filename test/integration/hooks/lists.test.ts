// Every list of scripts, from its key in the configuration file to what the process that ran was told.

import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hookRunner, hooksOn, takeMasterHooks } from '../../../internal/app/hooks.ts';
import type { HookSubject, RunHooks } from '../../../internal/app/ports.ts';
import { loadConfig } from '../../../internal/config/load.ts';
import { HookRunner } from '../../../internal/hooks/runner.ts';
import type { RecoveryRecord } from '../../../internal/recovery/book.ts';
import { systemClock } from '../../../internal/runtime/clock.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import { aSnapshot } from '../../support/a-cluster.ts';
import { anInstance, aReplica, PRIMARY_KEY } from '../../unit/topology/builders.ts';

const successor = aReplica(2, '').key;
const snapshot = {
  ...aSnapshot([anInstance(1, { key: PRIMARY_KEY }), aReplica(2, ''), aReplica(3, '')], [PRIMARY_KEY]),
  ...{ alias: 'shop', domain: 'shop.example' },
};

const SUBJECT: HookSubject = {
  ...{ uid: '17:ab', code: 'DeadMaster', description: 'it is gone', command: '', kind: 'primary' },
  ...{ failed: PRIMARY_KEY, snapshot, record: undefined, successor: undefined },
};
const CLAIMED: RecoveryRecord = {
  ...{ uid: '17:ab', kind: 'primary', code: 'DeadMaster', failed: PRIMARY_KEY, cluster: snapshot.name, alias: 'shop' },
  ...{ startedMs: 0, successful: false, lost: [], participants: [], errors: [], harmless: false },
};
const PROMOTED: RecoveryRecord = {
  ...CLAIMED,
  ...{ successful: true, successor, successorAlias: 'h2-alias', successorCoordinates: { file: 'b.7', position: 42 } },
  lost: [{ key: { hostname: 'h3', port: 3306 }, reason: 'it does not answer', reachable: false }],
};

/** What all of them are told about the failed server of `SUBJECT`. */
const COMMON = {
  ORC_FAILURE_TYPE: 'DeadMaster',
  ORC_INSTANCE_TYPE: 'master',
  ORC_IS_MASTER: 'true',
  ORC_IS_CO_MASTER: 'false',
  ORC_FAILURE_DESCRIPTION: 'it is gone',
  ORC_COMMAND: '',
  ORC_FAILED_HOST: 'primary',
  ORC_FAILED_PORT: '3306',
  ORC_FAILURE_CLUSTER: 'primary:3306',
  ORC_FAILURE_CLUSTER_ALIAS: 'shop',
  ORC_FAILURE_CLUSTER_DOMAIN: 'shop.example',
  ORC_COUNT_REPLICAS: '2',
  ORC_REPLICA_HOSTS: 'h2:3306,h3:3306',
  ORC_IS_DOWNTIMED: 'false',
  ORC_AUTO_MASTER_RECOVERY: 'true',
  ORC_AUTO_INTERMEDIATE_MASTER_RECOVERY: 'false',
  ORC_ORCHESTRATOR_HOST: 'here',
  ORC_RECOVERY_UID: '17:ab',
  ORC_IS_SUCCESSFUL: 'false',
  ORC_LOST_REPLICAS: '',
};
const SUCCEEDED = {
  ...{ ORC_IS_SUCCESSFUL: 'true', ORC_LOST_REPLICAS: 'h3:3306' },
  ...{ ORC_SUCCESSOR_HOST: 'h2', ORC_SUCCESSOR_PORT: '3306', ORC_SUCCESSOR_ALIAS: 'h2-alias' },
  ORC_SUCCESSOR_BINLOG_COORDINATES: 'b.7:42',
};
const PLANNED = { ORC_COMMAND: 'graceful-master-takeover' };
const planned = { command: 'graceful-master-takeover', successor } as const;
const NOBODY = '17:ab primary:3306 {successorHost}:{successorPort} {successorBinlogCoordinates}';
const SOMEBODY = '17:ab primary:3306 h2:3306 b.7:42';

interface Case {
  readonly key: string;
  readonly list: Parameters<RunHooks>[0];
  readonly subject?: Partial<HookSubject>;
  /** What its placeholders became. */
  readonly words: string;
  /** A failure is an answer: those behind it are not run. */
  readonly asks?: true;
  /** Besides `COMMON`. */
  readonly told?: Readonly<Record<string, string>>;
}

const succeeded = { record: PROMOTED, successor };
const CASES: readonly Case[] = [
  { key: 'OnFailureDetectionProcesses', list: 'detection', words: NOBODY, asks: true },
  { key: 'PreFailoverProcesses', list: 'preFailover', subject: { record: CLAIMED }, words: NOBODY, asks: true },
  {
    key: 'PreGracefulTakeoverProcesses',
    list: 'preGraceful',
    subject: { ...planned, uid: '' },
    words: 'primary:3306 h2:3306 {successorBinlogCoordinates}',
    asks: true,
    told: {
      ...{ ...PLANNED, ORC_RECOVERY_UID: '', ORC_IS_SUCCESSFUL: 'true' },
      ...{ ORC_SUCCESSOR_HOST: 'h2', ORC_SUCCESSOR_PORT: '3306', ORC_SUCCESSOR_ALIAS: '' },
    },
  },
  { key: 'PostMasterFailoverProcesses', list: 'postPrimary', subject: succeeded, words: SOMEBODY, told: SUCCEEDED },
  {
    key: 'PostIntermediateMasterFailoverProcesses',
    list: 'postIntermediate',
    subject: { ...succeeded, kind: 'intermediatePrimary' },
    words: SOMEBODY,
    told: { ...SUCCEEDED, ORC_INSTANCE_TYPE: 'intermediate-master', ORC_IS_MASTER: 'false' },
  },
  { key: 'PostFailoverProcesses', list: 'postFailover', subject: succeeded, words: SOMEBODY, told: SUCCEEDED },
  { key: 'PostUnsuccessfulFailoverProcesses', list: 'postUnsuccessful', subject: { record: CLAIMED }, words: NOBODY },
  {
    key: 'PostGracefulTakeoverProcesses',
    list: 'postGraceful',
    subject: { ...succeeded, ...planned },
    words: SOMEBODY,
    told: { ...SUCCEEDED, ...PLANNED },
  },
];
const NOTHING = { arguments: [], environment: {} };
const TAKE_MASTER = 'PostTakeMasterProcesses';

describe('a list of scripts in the configuration file', () => {
  let directory: string;
  let runner: HookRunner;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'hook-lists-'));
    const settings = { shellCommand: 'bash', timeoutMs: 10_000 };
    runner = new HookRunner({ ...settings, clock: systemClock, log: silentLog });
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  /** Each list has a script that writes what it was told into a file named after the key. */
  function config() {
    const script = join(directory, 'tell.sh');
    writeFileSync(script, `key=$1; shift; { echo "$@"; env | grep ^ORC_; } > ${directory}/$key.told\n`);
    const tell = (key: string) => `sh ${script} ${key}`;
    const words =
      '{recoveryUID} {failedHost}:{failedPort} {successorHost}:{successorPort} {successorBinlogCoordinates}';
    const keys = {
      ...Object.fromEntries(CASES.map(({ key }) => [key, [`${tell(key)} ${words}`]])),
      [TAKE_MASTER]: [`${tell(TAKE_MASTER)} {failedHost}`],
      RecoverMasterClusterFilters: ['shop'],
    };
    const file = join(directory, 'orchestrator.conf.json');
    writeFileSync(file, JSON.stringify(keys));
    return loadConfig({ file, env: {} }).config;
  }

  /** The arguments and variables of the one script that ran. */
  function told(key: string) {
    const ran = readdirSync(directory).filter((name) => name.endsWith('.told'));
    assert.deepEqual(ran, [`${key}.told`]);
    const [words = '', ...variables] = readFileSync(join(directory, `${key}.told`), 'utf8')
      .trimEnd()
      .split('\n');
    return { words: words.trim(), variables: Object.fromEntries(variables.map((line) => line.split(/=(.*)/s, 2))) };
  }

  for (const { key, list, subject, words, told: more } of CASES)
    it(`${key}: its script is run, and told what happened`, async () => {
      const inForce = config();
      const notes: string[] = [];
      const runHooks = hooksOn(
        runner,
        () => inForce,
        'here',
        (uid, message) => notes.push(`${uid} ${message}`),
      );
      let asked = 0;
      const confirm = async () => {
        asked += 1;
      };
      const about = { ...SUBJECT, ...subject };
      assert.equal(await runHooks(list, about, confirm), true);
      assert.deepEqual(told(key), { words, variables: { ...COMMON, ...more } });
      assert.equal(asked, 1, 'it was asked for before');
      assert.equal(notes.length, 2);
      assert.ok(notes.every((note) => note.startsWith(`${about.uid} ${key}: `)));
      rmSync(join(directory, `${key}.told`));
      assert.equal(await runHooks(list, about, confirm, 1), true, 'nothing is left behind the first');
      assert.equal(existsSync(join(directory, `${key}.told`)), false);
    });

  for (const { key, list, asks = false } of CASES)
    it(`${key}: ${asks ? 'one that fails ends it' : 'goes on behind one that fails'}, which is told`, async () => {
      const ran = join(directory, 'ran');
      const inForce = { ...config(), [key]: ['exit 3', `touch ${ran}`] };
      const runHooks = hooksOn(
        runner,
        () => inForce,
        'here',
        () => undefined,
      );
      assert.equal(await runHooks(list, SUBJECT, async () => undefined), false);
      assert.equal(existsSync(ran), !asks);
    });

  it(`${TAKE_MASTER}: its script is told who took whose place, in arguments, and nothing in it is replaced`, async () => {
    await takeMasterHooks(runner, config(), silentLog, successor, PRIMARY_KEY);
    assert.deepEqual(told(TAKE_MASTER), {
      words: '{failedHost} h2:3306 primary:3306',
      variables: { ORC_SUCCESSOR_HOST: 'h2:3306', ORC_FAILED_HOST: 'primary:3306' },
    });
  });

  it('is run by the shell of ProcessesShellCommand, for as long as HookTimeoutSeconds, as they are now, without our pass phrase', async () => {
    const shell = join(directory, 'shell.sh');
    writeFileSync(shell, `#!/bin/sh\necho "$2 [$ORCHESTRATOR_SSL_PASSPHRASE]" >> ${directory}/asked\nexec sleep 30\n`);
    chmodSync(shell, 0o755);
    const current = { config: { ...loadConfig({ searchPaths: [], env: {} }).config } };
    const hooks = hookRunner(current, systemClock, silentLog);
    const run = async () => {
      const notes: string[] = [];
      await hooks.runWith({ name: 'List', commands: ['true'] }, NOTHING, (note) => notes.push(note));
      return notes.join();
    };
    process.env.ORCHESTRATOR_SSL_PASSPHRASE = 'secret';
    try {
      assert.match(await run(), /true: done/);
      Object.assign(current.config, { ProcessesShellCommand: shell, HookTimeoutSeconds: 3 });
      assert.match(await run(), /not done within 3000 ms: ended/);
    } finally {
      delete process.env.ORCHESTRATOR_SSL_PASSPHRASE;
    }
    assert.equal(readFileSync(join(directory, 'asked'), 'utf8'), 'true "$@" []\n');
  });
});
