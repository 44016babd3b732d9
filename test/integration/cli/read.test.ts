import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fillBackend } from '../../support/backend-fixture.ts';
import { CLI_ENTRY, type CliResult, callCli, inParallel, runCli } from '../../support/cli.ts';
import { inventory } from './inventory.ts';

/** Command line → exact standard output, status, and a part of the standard error (nothing: it stays empty). */
type Case = readonly [command: string, stdout: string, status?: number, stderr?: string];

/** Run as processes; the others inside this one, which is twenty times as fast. */
const AS_PROCESSES = new Set([
  '-c clusters',
  'topology -i db4',
  '-c topology-tabulated -a main',
  '-c topology -alias nowhere',
  '-c which-instance -i db2,nowhere,db3',
  '-c which-cluster',
  '-c clutsers',
  '-unheard-of',
  'help',
  'help nonsense',
]);

const MAIN = ['db1:3306', 'db2:3306', 'db3:3306', 'db4:3306', 'db5:3306'];
const lines = (...all: readonly string[]) => all.map((line) => `${line}\n`).join('');

const TREE = lines(
  'db1:3306          [0s,ok,8.0.36,rw,ROW,>>,GTID]',
  '+ db2:3306 (left) [0s,ok,8.0.36,ro,ROW,>>,GTID,downtimed]',
  '+ db3:3306        [25s,lag,8.0.36,ro,ROW,>>,GTID]',
  '  + db4:3306      [0s,ok,8.0.36,ro,nobinlog,GTID]',
  '- db5:3306        [null,nonreplicating,8.0.36,ro,ROW,>>,GTID,downtimed]',
);
const TABLE = lines(
  'db1:3306         |  0s|ok            |8.0.36|rw|ROW     |>>,GTID          ',
  '+ db2:3306 (left)|  0s|ok            |8.0.36|ro|ROW     |>>,GTID,downtimed',
  '+ db3:3306       | 25s|lag           |8.0.36|ro|ROW     |>>,GTID          ',
  '  + db4:3306     |  0s|ok            |8.0.36|ro|nobinlog|GTID             ',
  '- db5:3306       |null|nonreplicating|8.0.36|ro|ROW     |>>,GTID,downtimed',
);

const CASES: readonly Case[] = [
  ['-c clusters', lines('db1:3306', 'other:3307')],
  ['--c=clusters', lines('db1:3306', 'other:3307')],
  ['clusters', lines('db1:3306', 'other:3307')],
  ['-c clusters cli -unheard-of', lines('db1:3306', 'other:3307')],
  ['-c clusters-alias', lines('db1:3306\tmain', 'other:3307\tbyhand')],
  ['-c all-clusters-masters', lines('db1:3306', 'other:3307')],
  ['-c topology -alias main', TREE],
  ['-c topology --alias=db1:3306', TREE],
  ['-c topology -cluster main', TREE],
  ['topology -i db4', TREE],
  ['-i db5:3306 -c topology', TREE],
  ['-c topology-tabulated -a main', TABLE],
  ['-c topology -i other:3307', lines('other:3307 [unknown,invalid,10.11.6-MariaDB,rw,ROW,>>]')],
  ['-c topology -alias main -pattern ^17', lines('db1:3306', '- db2:3306', '  - db4:3306')],
  ['-c topology -i db2 -pattern 1700000000', lines('db3:3306', '- db1:3306')],
  ['-c topology-tabulated -alias main -pattern 0060$', lines('db1:3306', '- db2:3306', '  - db4:3306')],
  ['-c topology-tags -alias main -pattern ^17', lines('db1:3306', '- db2:3306', '  - db4:3306')],
  ['-c topology -alias db8:3306 -pattern .', lines('db8:3306')],
  ['-c topology -i nowhere -pattern .', '', 1, 'FATAL Unknown instance: nowhere:3306'],
  ['-c topology -alias main -pattern ^2', '', 1, 'FATAL No recorded topology of cluster db1:3306'],
  ['-c topology -alias main -pattern (', '', 1, 'FATAL -pattern is no regular expression'],
  ['-c topology -alias nowhere', '', 1, 'FATAL Unable to determine cluster: -alias nowhere'],
  ['-c topology -alias nowhere -i db1', '', 1, 'FATAL Unable to determine cluster: -alias nowhere'],
  ['-c topology -i nowhere', '', 1, 'FATAL Unknown instance: nowhere:3306'],
  ['-c topology', '', 1, 'FATAL Unable to determine cluster: name it with -alias or -i'],
  [
    '-c topology-tags -i db3',
    lines(
      'db1:3306          [0s,ok,8.0.36,rw,ROW,>>,GTID] [role=app]',
      '+ db2:3306 (left) [0s,ok,8.0.36,ro,ROW,>>,GTID,downtimed] [old,role=backup]',
      '+ db3:3306        [25s,lag,8.0.36,ro,ROW,>>,GTID] []',
      '  + db4:3306      [0s,ok,8.0.36,ro,nobinlog,GTID] []',
      '- db5:3306        [null,nonreplicating,8.0.36,ro,ROW,>>,GTID,downtimed] []',
    ),
  ],
  ['-c tags -i db2', lines('old=', 'role=backup')],
  ['-c tags -i db3', ''],
  ['-c tag-value -i db2 -tag role', lines('backup')],
  ['-c tag-value -i db2 -tag old', lines('')],
  ['-c tag-value -i db3 -tag role', ''],
  ['-c tag-value -i db2', '', 1, 'FATAL No tag given: use -tag'],
  ['-c tagged -tag role', lines('db1:3306', 'db2:3306')],
  ['-c tagged -tag ~role=app', lines('db2:3306')],
  ['-c tagged -tag ~', '', 1, 'FATAL not a tag: "~"'],
  [
    '-c cluster-pool-instances',
    lines(
      'db1:3306\tmain\treaders\tdb1:3306',
      'db1:3306\tmain\treaders\tdb3:3306',
      'db1:3306\tmain\tspare\tdb2:3306',
      'other:3307\tbyhand\tspare\tother:3307',
    ),
  ],
  ['-c which-heuristic-cluster-pool-instances -alias main', lines('db1:3306', 'db2:3306', 'db3:3306')],
  ['-c which-heuristic-cluster-pool-instances -i db4 -pool readers', lines('db1:3306', 'db3:3306')],
  ['-c which-heuristic-cluster-pool-instances -alias main -pool none', ''],
  ['-c which-heuristic-cluster-pool-instances -i other:3307', ''],
  ['-c in-maintenance -i db3', lines('db3:3306')],
  ['-c in-maintenance -i db4', ''],
  ['-c in-maintenance -i db5', ''],
  ['-c show-resolve-hosts', lines('10.0.0.4 db4', 'd1 db1', 'd2 db2')],
  ['-c show-unresolve-hosts', lines('db1 vip1')],
  ['-c active-nodes', ''],
  ['-c all-instances', lines('db1:3306', 'other:3307', 'db3:3306', 'db2:3306', 'db5:3306', 'db4:3306')],
  ['-c bulk-instances', lines(...MAIN, 'other:3307')],
  ['-c find -pattern ^db[24]:', lines('db2:3306', 'db4:3306')],
  ['-c find -pattern nowhere', ''],
  ['-c find -pattern (', '', 1, 'FATAL -pattern is no regular expression'],
  ['-c find', '', 1, 'FATAL No pattern given: use -pattern'],
  ['-c search -pattern mariadb', lines('other:3307')],
  ['-c search -pattern main', lines('db1:3306', 'db3:3306', 'db2:3306', 'db5:3306', 'db4:3306')],
  ['-c search -pattern 3307', lines('other:3307')],
  ['-c which-instance -i db2', lines('db2:3306')],
  ['-c which-instance -i b2', lines('db2:3306')],
  ['-c which-instance -i d2', lines('db2:3306')],
  ['-c which-instance -i 10.0.0.4', lines('db4:3306')],
  ['-c which-instance -i 10.0.0.4:3307', '', 1, 'FATAL Unknown instance: db4:3307'],
  ['-c which-cluster -i 10.0.0.4', lines('db1:3306')],
  ['-c which-instance -i db', '', 1, 'FATAL Unknown instance: db:3306'],
  ['-c which-instance -i db2,nowhere,db3', lines('db2:3306'), 1, 'FATAL Unknown instance: nowhere:3306'],
  ['-c which-instance -i db2,db3:3306', lines('db2:3306', 'db3:3306')],
  ['-c which-cluster -i db4', lines('db1:3306')],
  ['-c which-cluster', lines(''), 0, 'ERROR This host belongs to no cluster'],
  ['-c which-cluster -i nowhere', '', 1, 'FATAL Unknown instance: nowhere:3306'],
  ['-c which-cluster-alias -i db4', lines('main')],
  ['-c which-cluster-alias -i other:3307', lines('byhand')],
  ['-c which-cluster -alias byhand', lines('other:3307')],
  ['-c which-cluster-domain -alias main', lines('')],
  ['-c which-cluster-master -i db4', lines('db1:3306')],
  ['-c which-cluster-instances -alias main', lines(...MAIN)],
  ['-c which-cluster-osc-replicas -alias main', lines('db3:3306', 'db2:3306', 'db4:3306')],
  ['-c which-cluster-osc-slaves -alias main', lines('db3:3306', 'db2:3306', 'db4:3306')],
  ['-c which-cluster-gh-ost-replicas -alias main', lines('db2:3306', 'db3:3306')],
  ['-c get-cluster-heuristic-lag -alias main', lines('25')],
  ['-c get-cluster-heuristic-lag -i other:3307', '', 1, 'FATAL No replica of cluster other:3307 has a known lag'],
  ['-c which-master -i db4', lines('db3:3306')],
  ['-c which-master -i db1', ''],
  ['-c which-master -i nowhere', '', 1, 'FATAL Unknown instance: nowhere:3306'],
  ['-c which-replicas -i db1', lines('db2:3306', 'db3:3306', 'db5:3306')],
  ['-c which-slaves -i db3', lines('db4:3306')],
  ['-c which-replicas -i nowhere', ''],
  ['-c which-broken-replicas -i db1', lines('db5:3306')],
  ['-c which-downtimed-instances', lines('db2:3306', 'db5:3306')],
  ['-c which-downtimed-instances -i other:3307', ''],
  ['-c which-downtimed-instances -alias nowhere', '', 1, 'FATAL Unable to determine cluster: -alias nowhere'],
  ['-c which-lost-in-recovery', lines('db5:3306')],
  ['-c instance-status -i db3', lines('[25s,lag,8.0.36,ro,ROW,>>,GTID]')],
  ['-c is-replicating -i db2', lines('db2:3306')],
  ['-c is-replicating -i db5', ''],
  ['-c is-replication-stopped -i db5', ''],
  ['-c can-replicate-from -i db2 -d db3', lines('db3:3306')],
  ['-c can-replicate-from -i db2 -s db3', lines('db3:3306')],
  ['-c can-replicate-from -i db2 -d db4', ''],
  ['-c can-replicate-from -verbose -i db2 -d db4', '', 0, 'INFO db4:3306 has no binary log'],
  ['-c can-replicate-from -i db2', '', 1, 'FATAL Cannot deduce destination: give -d'],
  ['-c can-replicate-from -i db2 -s db3 -d db3', '', 1, 'FATAL -s and -d are synonyms'],
  ['-c replication-analysis', lines('other:3307 (cluster other:3307): DeadMasterWithoutReplicas')],
  ['-c check-global-recoveries', lines('OK: Global recoveries disabled: true')],
  ['-c bulk-promotion-rules', lines('db2:3306 prefer', 'db5:3306 must_not')],
  ['-c redeploy-internal-db', lines('Redeployed internal db')],
  ['-c move-equivalent -i db2', '', 1, 'FATAL Cannot deduce destination: give -d'],
  ['-c regroup-slaves-pgtid -i db2', '', 1, 'FATAL PseudoGTIDPattern is not set'],
  ['-c find-binlog-entry -i db2', '', 1, 'FATAL No pattern given: use -pattern'],
  ['-c correlate-binlog-pos -i db2 -d db3 -binlog bin.1', '', 1, 'FATAL not a place in a binary log'],
  ['-c master-pos-wait -i db2', '', 1, 'FATAL No binlog given: use -binlog'],
  ['-c relocate -i db2', '', 1, 'FATAL Cannot deduce destination: give -d'],
  ['-c custom-command', '', 1, 'FATAL custom-command is retired'],
  ['-c clutsers', '', 1, 'FATAL Unknown command: "clutsers". Did you mean clusters?'],
  ['nonsense', '', 1, 'Usage: orchestrator'],
  ['-promotion-rule must -c clusters', '', 1, 'FATAL -promotion-rule must be one of'],
  ['-unheard-of', '', 2, 'unknown flag: -unheard-of'],
  ['-stack=perhaps -c clusters', '', 2, 'flag -stack is true or false, not "perhaps"'],
  ['-c', '', 2, 'flag -c needs a value'],
  ['-c help', '', 0, '\ttopology                                Draw the replication tree of a cluster\n'],
  ['help', '', 0, '\ttopology                                Draw the replication tree of a cluster\n'],
  ['help nonsense', 'nonsense:\n\n'],
  ['-c nonsense help', 'nonsense:\n\n'],
  ['-h', '', 0, '-promotion-rule TEXT'],
];

describe('the command line on a stored inventory', function () {
  this.timeout(120_000);
  let directory = '';
  let config = '';
  let file = '';
  const run = (command: string) => runCli(['-config', config, ...command.split(' ')]);
  let results: readonly CliResult[] = [];

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'cli-'));
    config = join(directory, 'orchestrator.conf.json');
    file = join(directory, 'orchestrator.sqlite3');
    writeFileSync(
      config,
      JSON.stringify({
        BackendDB: 'sqlite',
        SQLite3DataFile: file,
        InstancePollSeconds: 600,
        DeadInstancePollSecondsMax: 600,
        Typo: 1,
      }),
    );
    assert.equal((await run('-c redeploy-internal-db')).status, 0);
    fillBackend(file, inventory(Date.now()));
    results = await inParallel(CASES, 3, ([command]) =>
      AS_PROCESSES.has(command) ? run(command) : callCli(['-config', config, ...command.split(' ')]),
    );
  });

  after(() => rmSync(directory, { recursive: true, force: true }));

  CASES.forEach(([command, stdout, status = 0, stderr = ''], index) => {
    it(command, () => {
      const result = results[index];
      assert.ok(result);
      assert.deepEqual({ stdout: result.stdout, status: result.status }, { stdout, status }, result.stderr);
      if (stderr === '') assert.equal(result.stderr, '');
      else assert.ok(result.stderr.includes(stderr), result.stderr);
      if (stderr.startsWith('FATAL')) assert.match(result.stderr, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d FATAL [^\n]*\n$/);
    });
  });

  it('says with -stack where an error came from, and otherwise keeps to one line', async () => {
    assert.match(
      (await run('-stack -c topology -i nowhere')).stderr,
      /FATAL Unknown instance: nowhere:3306\n.*Error:.*\n\s+at /s,
    );
  });

  it('keeps warnings about the configuration out of the results, and on the standard error when asked', async () => {
    const { stdout, stderr } = await run('-verbose -c clusters');
    assert.equal(stdout, lines('db1:3306', 'other:3307'));
    assert.match(stderr, /WARNING .*unknown key Typo/);
  });

  it('logs as much as the flags and the key Debug say, -quiet having the last word', async () => {
    const loud = join(directory, 'loud.conf.json');
    writeFileSync(loud, JSON.stringify({ BackendDB: 'sqlite', SQLite3DataFile: file, Debug: true, Typo: 1 }));
    const warned = async (...flags: string[]) =>
      /WARNING/.test((await runCli(['-config', loud, ...flags, '-c', 'clusters'])).stderr);
    assert.deepEqual([await warned(), await warned('-quiet'), await warned('-debug', '-quiet')], [true, false, false]);
  });

  it('leaves servers out of the analysis by their host names, whatever their ports', async () => {
    const analysed = async (...RecoveryIgnoreHostnameFilters: string[]) => {
      const filtered = join(directory, 'filtered.conf.json');
      const keys = { BackendDB: 'sqlite', SQLite3DataFile: file, RecoveryIgnoreHostnameFilters };
      writeFileSync(filtered, JSON.stringify(keys));
      return (await callCli(['-config', filtered, '-c', 'replication-analysis'])).stdout;
    };
    const found = await analysed();
    assert.match(found, /^other:3307 /m);
    assert.equal(await analysed(':3307$', ''), found);
    assert.doesNotMatch(await analysed('^oth'), /^other:3307 /m);
  });

  it('takes no offence at a reader that has seen enough', async () => {
    const script = '"$0" "$@" | true; exit ${PIPESTATUS[0]}';
    const shell = spawn('bash', ['-c', script, process.execPath, CLI_ENTRY, '-config', config, '-c', 'clusters']);
    const [status] = await once(shell, 'exit');
    assert.equal(status, 0);
  });

  it('refuses commands under raft unless told otherwise, but helps all the same', async () => {
    const raft = join(directory, 'raft.conf.json');
    writeFileSync(
      raft,
      JSON.stringify({ BackendDB: 'sqlite', SQLite3DataFile: file, RaftEnabled: true, RaftDataDir: directory }),
    );
    const refused = await runCli(['-config', raft, '-c', 'clusters']);
    assert.deepEqual([refused.status, refused.stdout], [1, '']);
    assert.match(refused.stderr, /FATAL RaftEnabled is set: .*orchestrator-client/);
    const lifted = await runCli(['-config', raft, '-ignore-raft-setup', '-c', 'clusters']);
    assert.deepEqual([lifted.status, lifted.stdout], [0, lines('db1:3306', 'other:3307')]);
    assert.equal((await runCli(['-config', raft, '-c', 'help'])).status, 0);
  });

  it('explains a command under each of its names', async () => {
    const { stdout } = await run('help which-slaves');
    assert.match(
      stdout,
      /^which-slaves:\n {2}List the replicas of an instance\.\n {2}Usage: orchestrator -c which-replicas /,
    );
  });

  it('prints version and commit, without any configuration', async () => {
    const { status, stdout } = await runCli(['-version', '-config', '/nowhere']);
    assert.equal(status, 0);
    assert.match(stdout, /^\d+\.\d+\.\d+\S*\n[0-9a-f]{40}\n$|^\d+\.\d+\.\d+\S*\nunknown\n$/);
  });

  it('ends with status 1 when the configuration cannot be read, whatever was asked', async () => {
    const { status, stderr } = await runCli(['-config', '/nowhere', 'help']);
    assert.equal(status, 1);
    assert.match(stderr, /FATAL cannot read the configuration file \/nowhere/);
  });
});
