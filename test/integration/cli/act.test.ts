import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { backendTime, fillBackend, readBackend } from '../../support/backend-fixture.ts';
import { type CliResult, callCli, runCli } from '../../support/cli.ts';
import { Daemon, freePort, until } from '../../support/daemon.ts';
import { inventory } from './inventory.ts';

/** Command line, exact standard output, status, part of the standard error; then a query and what it finds. */
type Case = readonly [
  command: string,
  stdout: string,
  status: number,
  stderr: string,
  sql?: string,
  rows?: readonly object[],
];

const DOWNTIME = "SELECT owner, reason, strftime('%s', end_timestamp) - strftime('%s', begin_timestamp) AS seconds";
const downtimeOf = (host: string) => `${DOWNTIME} FROM database_instance_downtime WHERE hostname = '${host}'`;
const MAINTENANCE = `SELECT hostname, owner, reason,
  strftime('%s', end_timestamp) - strftime('%s', begin_timestamp) AS seconds
  FROM database_instance_maintenance WHERE maintenance_active = 1 AND hostname = 'db1'`;
const RULES = 'SELECT hostname, promotion_rule AS rule FROM candidate_database_instance ORDER BY hostname';
const DISABLED = 'SELECT COUNT(*) AS n FROM global_recovery_disable';
const ACKNOWLEDGED = `SELECT uid, acknowledged_by AS who, acknowledge_comment AS why FROM topology_recovery
  WHERE acknowledged = 1 ORDER BY uid`;
const TAGGED = `SELECT hostname, tag_name || '=' || tag_value AS tag FROM database_instance_tags
  WHERE tag_name = 't1' ORDER BY hostname`;
const POOLED = `SELECT pool, hostname, port FROM database_instance_pool WHERE pool <> 'spare' ORDER BY pool, hostname`;
const VIRTUAL = "SELECT hostname, unresolved_hostname AS name FROM hostname_unresolve WHERE hostname = 'db3'";
const me = userInfo().username;

const RECORDED = [
  { cluster_name: '127.0.0.9:1', n: 1 },
  { cluster_name: 'db1:3306', n: 5 },
  { cluster_name: 'other:3307', n: 1 },
];
const inReaders = (hosts: readonly string[]) => hosts.map((hostname) => ({ pool: 'readers', hostname, port: 3306 }));

const CASES: readonly Case[] = [
  ['-c begin-downtime -i db3', '', 1, 'FATAL No reason given: use -reason'],
  ['-c begin-downtime -i db3 -reason why -duration 10', '', 1, 'FATAL Invalid duration: 10;'],
  ['-c begin-downtime -i db3 -reason why -duration 99999999999w', '', 1, 'FATAL Duration too long: 99999999999w'],
  [
    '-c begin-downtime -i db3 -reason why',
    'db3:3306\n',
    0,
    '',
    downtimeOf('db3'),
    [{ owner: me, reason: 'why', seconds: 600 }],
  ],
  [
    '-c begin-downtime -i db3,new -reason again --duration=2h -owner boss',
    'db3:3306\nnew:3306\n',
    0,
    '',
    downtimeOf('new'),
    [{ owner: 'boss', reason: 'again', seconds: 7200 }],
  ],
  ['-c end-downtime -i db3', 'db3:3306\n', 0, '', downtimeOf('db3'), []],
  ['-c tag -i db3', '', 1, 'FATAL No tag given: use -tag'],
  ['-c tag -i db3 -tag ~role', '', 1, 'FATAL a negated tag cannot be set or removed: "~role"'],
  [
    '-c tag -i db3,new -tag t1=backup',
    'db3:3306\nnew:3306\n',
    0,
    '',
    TAGGED,
    [
      { hostname: 'db3', tag: 't1=backup' },
      { hostname: 'new', tag: 't1=backup' },
    ],
  ],
  [
    '-c tag -i new -tag t1',
    'new:3306\n',
    0,
    '',
    TAGGED,
    [
      { hostname: 'db3', tag: 't1=backup' },
      { hostname: 'new', tag: 't1=' },
    ],
  ],
  ['-c untag -i db3 -tag t1=other', '', 0, ''],
  ['-c untag-all -tag t1', '', 1, 'FATAL tag must have a value to be removed from all instances: t1'],
  ['-c untag-all -tag t1=backup', 'db3:3306\n', 0, '', TAGGED, [{ hostname: 'new', tag: 't1=' }]],
  ['-c untag -i new -tag t1', 'new:3306\n', 0, '', TAGGED, []],
  ['-c submit-pool-instances -i db1', '', 1, 'FATAL No pool given: use -pool'],
  ['-c submit-pool-instances -pool readers', '', 1, 'FATAL No i given: use -i'],
  [
    '-c submit-pool-instances -pool readers -i db2,d/b',
    '',
    1,
    'FATAL not a host:port: "d/b"',
    POOLED,
    inReaders(['db1', 'db3', 'gone']),
  ],
  [
    '-c submit-pool-instances -pool readers -i db2,b4:3306,other:3307',
    '',
    0,
    '',
    POOLED,
    [...inReaders(['db2', 'db4']), { pool: 'readers', hostname: 'other', port: 3307 }],
  ],
  [
    '-c snapshot-topologies',
    '',
    0,
    '',
    `SELECT cluster_name, COUNT(*) AS n FROM database_instance_topology_history
      WHERE snapshot_unix_timestamp > strftime('%s', 'now') - 60 GROUP BY cluster_name ORDER BY cluster_name`,
    RECORDED,
  ],
  [
    '-c register-hostname-unresolve -i db3 -hostname vip.example',
    'db3:3306\n',
    0,
    '',
    VIRTUAL,
    [{ hostname: 'db3', name: 'vip.example' }],
  ],
  ['-c register-hostname-unresolve -i db3 -hostname v/x', '', 1, 'FATAL not a host name: v/x'],
  ['-c deregister-hostname-unresolve -i db3', 'db3:3306\n', 0, '', VIRTUAL, []],
  [
    '-c end-downtime -i db3',
    'db3:3306\n',
    0,
    '',
    downtimeOf('new'),
    [{ owner: 'boss', reason: 'again', seconds: 7200 }],
  ],
  ['-c begin-maintenance -i db1', '', 1, 'FATAL No reason given: use -reason'],
  [
    '-c begin-maintenance -i db1 -reason disk -duration 2h -owner boss',
    'db1:3306\n',
    0,
    '',
    MAINTENANCE,
    [{ hostname: 'db1', owner: 'boss', reason: 'disk', seconds: 7200 }],
  ],
  ['-c begin-maintenance -i db1 -reason again', '', 1, 'FATAL Cannot begin maintenance for instance: db1:3306'],
  ['-c in-maintenance -i db1', 'db1:3306\n', 0, ''],
  ['-c end-maintenance -i db1', 'db1:3306\n', 0, '', MAINTENANCE, []],
  ['-c end-maintenance -i db1', 'db1:3306\n', 0, ''],
  ['-c in-maintenance -i db1', '', 0, ''],
  [
    '-c reset-hostname-resolve-cache',
    'hostname resolve cache cleared\n',
    0,
    '',
    'SELECT COUNT(*) AS n FROM hostname_resolve',
    [{ n: 0 }],
  ],
  [
    '-c register-candidate -i db4',
    'db4:3306\n',
    0,
    '',
    RULES,
    [
      { hostname: 'db2', rule: 'prefer' },
      { hostname: 'db4', rule: 'prefer' },
      { hostname: 'db5', rule: 'must_not' },
    ],
  ],
  [
    '-c register-candidate -i db4 -promotion-rule prefer_not',
    'db4:3306\n',
    0,
    '',
    `${RULES} LIMIT 1 OFFSET 1`,
    [{ hostname: 'db4', rule: 'prefer_not' }],
  ],
  ['-c enable-global-recoveries', 'OK: Orchestrator recoveries ENABLED globally\n', 0, '', DISABLED, [{ n: 0 }]],
  ['-c check-global-recoveries', 'OK: Global recoveries disabled: false\n', 0, ''],
  ['-c disable-global-recoveries', 'OK: Orchestrator recoveries DISABLED globally\n', 0, '', DISABLED, [{ n: 1 }]],
  ['-c ack-all-recoveries', '', 1, 'FATAL No reason given: use -reason', ACKNOWLEDGED, []],
  [
    '-c ack-instance-recoveries -i db9 -reason seen',
    '1 recoveries acknowledged\n',
    0,
    '',
    ACKNOWLEDGED,
    [{ uid: 'b', who: me, why: 'seen' }],
  ],
  ['-c ack-cluster-recoveries -alias nowhere -reason seen', '', 1, 'FATAL Unable to determine cluster'],
  ['-c ack-cluster-recoveries -alias main -reason seen', '1 recoveries acknowledged\n', 0, ''],
  [
    '-c ack-all-recoveries -reason done -owner boss',
    '1 recoveries acknowledged\n',
    0,
    '',
    ACKNOWLEDGED,
    [
      { uid: 'a', who: me, why: 'seen' },
      { uid: 'b', who: me, why: 'seen' },
      { uid: 'c', who: 'boss', why: 'done' },
    ],
  ],
  ['-c ack-all-recoveries -reason done', '0 recoveries acknowledged\n', 0, ''],
  [
    '-c set-heuristic-domain-instance -alias byhand',
    'other:3307\n',
    0,
    '',
    'SELECT hostname, attribute_name AS name, attribute_value AS value FROM host_attributes',
    [{ hostname: '*', name: 'other.example', value: 'other:3307' }],
  ],
  ['-c forget', '', 1, 'FATAL No i given: use -i'],
  ['-c forget -i db', '', 1, 'FATAL Unknown instance: db:3306'],
  ['-c forget -i db4:3306', 'db4:3306\n', 0, '', "SELECT hostname FROM database_instance WHERE hostname = 'db4'", []],
  ['-c discover -i 127.0.0.1:1', '', 1, 'FATAL '],
  ['-c recover -i 127.0.0.1:1', '', 1, 'FATAL Unknown instance: 127.0.0.1:1'],
  ['-c recover -i 127.0.0.9:1', '', 0, 'ERROR nothing to recover on 127.0.0.9:1'],
  ['-c recover -noop -i 127.0.0.9:1', '', 1, 'FATAL -noop: recover would change servers'],
  ['-c force-master-takeover -alias main', '', 1, 'FATAL Cannot deduce destination: give -d'],
  ['-c force-master-takeover -alias main -d nowhere', '', 1, 'FATAL Unknown instance: nowhere:3306'],
  ['-c force-master-takeover -alias main -d db1', '', 1, 'FATAL db1:3306 does not replicate directly from the master'],
  ['-c graceful-master-takeover -i 127.0.0.9:1', '', 1, 'FATAL 127.0.0.9:1 has no replicas'],
  ['-c graceful-master-takeover-auto -alias main -d nowhere', '', 1, 'FATAL Unknown instance: nowhere:3306'],
];

/** A cluster of its own, of one server where nothing listens. */
const SILENT = { hostname: '127.0.0.9', port: 1, slave_hosts: '[]', suggested_cluster_alias: '' };

describe('acting commands', function () {
  this.timeout(120_000);
  let directory = '';
  let config = '';
  let file = '';
  const run = (command: string): Promise<CliResult> => callCli(['-config', config, ...command.split(' ')]);
  let port = 0;

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'cli-'));
    config = join(directory, 'orchestrator.conf.json');
    file = join(directory, 'orchestrator.sqlite3');
    port = await freePort();
    const keys = { BackendDB: 'sqlite', SQLite3DataFile: file, ListenAddress: `127.0.0.1:${port}` };
    writeFileSync(config, JSON.stringify(keys));
    assert.equal((await run('-c redeploy-internal-db')).status, 0);
    const nowMs = Date.now();
    const stored = inventory(nowMs);
    const [first] = stored.database_instance;
    fillBackend(file, {
      ...stored,
      database_instance: [...stored.database_instance, { ...first, ...SILENT }],
      topology_recovery: [
        recovery('a', 'gone', 'db1:3306', nowMs),
        recovery('b', 'db9', 'another:3306', nowMs),
        recovery('c', 'db8', 'third:3306', nowMs),
      ],
    });
  });

  after(() => rmSync(directory, { recursive: true, force: true }));

  for (const [command, stdout, status, stderr, sql, rows] of CASES) {
    it(command, async () => {
      const result = await run(command);
      assert.deepEqual({ stdout: result.stdout, status: result.status }, { stdout, status }, result.stderr);
      if (stderr === '') assert.equal(result.stderr, '');
      else assert.ok(result.stderr.includes(stderr), result.stderr);
      if (sql !== undefined) assert.deepEqual(readBackend(file, sql), rows);
    });
  }
});

describe('commands at the same time', () => {
  it('each do what they are asked', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'cli-'));
    try {
      const config = join(directory, 'orchestrator.conf.json');
      const file = join(directory, 'orchestrator.sqlite3');
      const keys = { BackendDB: 'sqlite', SQLite3DataFile: file, ListenAddress: `127.0.0.1:${await freePort()}` };
      writeFileSync(config, JSON.stringify(keys));
      const hosts = ['a', 'b', 'c', 'd', 'e', 'f'];
      const results = await Promise.all(
        hosts.map((host) => runCli(['-config', config, '-c', 'begin-downtime', '-i', host, '-reason', 'why'])),
      );
      for (const { status, stderr } of results) assert.equal(status, 0, stderr);
      const rows = readBackend(file, 'SELECT hostname FROM database_instance_downtime ORDER BY hostname');
      assert.deepEqual(
        rows.map(({ hostname }) => hostname),
        hosts,
      );
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});

describe('commands on a backend that fails', () => {
  let directory = '';
  let config = '';
  let file = '';

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'cli-'));
    config = join(directory, 'orchestrator.conf.json');
    file = join(directory, 'orchestrator.sqlite3');
    const keys = { BackendDB: 'sqlite', SQLite3DataFile: file, ListenAddress: `127.0.0.1:${await freePort()}` };
    writeFileSync(config, JSON.stringify(keys));
    assert.equal((await runCli(['-config', config, '-c', 'redeploy-internal-db'])).status, 0);
  });

  after(() => rmSync(directory, { recursive: true, force: true }));

  it('end with status 1, and claim nothing, when a change was not taken', async () => {
    const other = new Database(file);
    other.exec('BEGIN IMMEDIATE');
    try {
      const { status, stdout, stderr } = await runCli([
        '-config',
        config,
        '-c',
        'begin-downtime',
        '-i',
        'a',
        '-reason',
        'b',
      ]);
      assert.deepEqual([status, stdout], [1, ''], stderr);
      assert.match(stderr, /FATAL the backend failed: .*is locked by another program.*\n$/);
    } finally {
      other.close();
    }
  });

  it('end with status 1 when it cannot be read', async () => {
    const other = new Database(file);
    const page = other.prepare("SELECT rootpage FROM sqlite_master WHERE name = 'database_instance_downtime'").get();
    const size = other.pragma('page_size', { simple: true });
    other.close();
    const start = (Number((page as { rootpage: number }).rootpage) - 1) * Number(size);
    writeFileSync(file, readFileSync(file).fill('x', start, start + Number(size)));
    const { status, stdout, stderr } = await runCli(['-config', config, '-c', 'clusters']);
    assert.deepEqual([status, stdout], [1, ''], stderr);
    assert.match(stderr, /FATAL cannot use the SQLite backend .*damaged/);
  });

  it('end with status 1 when it is no database', async () => {
    writeFileSync(file, 'x'.repeat(8192));
    const { status, stderr } = await runCli(['-config', config, '-c', 'clusters']);
    assert.equal(status, 1);
    assert.match(stderr, /^\S+ \S+ FATAL cannot use the SQLite backend [^\n]*\n$/);
  });
});

describe('acting commands beside a daemon', () => {
  let daemon: Daemon;
  let config = '';

  before(async () => {
    daemon = await Daemon.start({ seeds: [], config: { DaemonFindTimeoutMilliseconds: 5_000 } });
    config = join(daemon.directory, 'orchestrator.conf.json');
  });

  after(() => daemon.stop());

  const answer = async (path: string) => (await daemon.api<{ Details: unknown }>(path)).Details;

  it('are handed to the daemon that works on the same backend', async () => {
    const disabled = await runCli(['-config', config, '-verbose', '-c', 'disable-global-recoveries']);
    assert.deepEqual([disabled.status, disabled.stdout], [0, 'OK: Orchestrator recoveries DISABLED globally\n']);
    assert.match(disabled.stderr, /INFO a daemon runs on this backend/);
    assert.equal(await answer('check-global-recoveries'), 'disabled');
    const enabled = await runCli(['-config', config, '-c', 'enable-global-recoveries']);
    assert.equal(enabled.status, 0, enabled.stderr);
    assert.equal(await answer('check-global-recoveries'), 'enabled');
  });

  it('put servers into pools that the daemon knows of at once, and by their full names', async () => {
    const { status, stderr } = await callCli([
      '-config',
      config,
      '-c',
      'submit-pool-instances',
      '-pool',
      'readers',
      '-i',
      '127.0.0.1:1,db2',
    ]);
    assert.equal(status, 0, stderr);
    const stored = daemon.rows('SELECT hostname, port FROM database_instance_pool ORDER BY hostname');
    assert.deepEqual(stored, [
      { hostname: '127.0.0.1', port: 1 },
      { hostname: 'db2', port: 3306 },
    ]);
  });

  it('find the daemon among the active nodes', async () => {
    const [node] = (await answer('health').then((details) => details as { AvailableNodes: Node[] })).AvailableNodes;
    const listed = await until('the daemon has beaten', async () => {
      const { stdout } = await runCli(['-config', config, '-c', 'active-nodes']);
      return stdout.includes(':') ? stdout : undefined;
    });
    assert.equal(listed, `${node?.Hostname}:${node?.Token}\n`);
  });

  it('hold a server in maintenance as long as was asked for', async () => {
    const begun = await runCli([
      '-config',
      config,
      '-c',
      'begin-maintenance',
      '-i',
      'db1',
      '-reason',
      'a b',
      '-duration',
      '2h',
    ]);
    assert.deepEqual([begun.status, begun.stdout], [0, 'db1:3306\n'], begun.stderr);
    const [held] = readBackend(
      join(daemon.directory, 'orchestrator.sqlite3'),
      "SELECT reason, strftime('%s', end_timestamp) - strftime('%s', begin_timestamp) AS seconds FROM database_instance_maintenance",
    );
    assert.deepEqual(held, { reason: 'a b', seconds: 7200 });
    assert.equal((await runCli(['-config', config, '-c', 'end-maintenance', '-i', 'db1'])).stdout, 'db1:3306\n');
    assert.deepEqual(await daemon.api('maintenance'), []);
    const reset = await runCli(['-config', config, '-c', 'reset-hostname-resolve-cache']);
    assert.deepEqual([reset.status, reset.stdout], [0, 'hostname resolve cache cleared\n'], reset.stderr);
  });

  it('end with what the daemon says when it refuses', async () => {
    const { status, stdout, stderr } = await runCli(['-config', config, '-c', 'forget', '-i', 'nowhere:3306']);
    assert.deepEqual([status, stdout], [1, '']);
    assert.match(stderr, /FATAL .*instance nowhere:3306 not found/);
  });

  it('count acknowledged recoveries as the daemon does', async () => {
    const { status, stdout } = await runCli(['-config', config, '-c', 'ack-all-recoveries', '-reason', 'a reason']);
    assert.deepEqual([status, stdout], [0, '0 recoveries acknowledged\n']);
  });

  it('leave a daemon alone that works on another backend', async () => {
    const own = join(daemon.directory, 'own.conf.json');
    const keys = {
      BackendDB: 'sqlite',
      SQLite3DataFile: join(daemon.directory, 'own.sqlite3'),
      ListenAddress: `127.0.0.1:${daemon.port}`,
    };
    writeFileSync(own, JSON.stringify(keys));
    assert.equal((await runCli(['-config', own, '-c', 'disable-global-recoveries'])).status, 0);
    const { stdout } = await runCli(['-config', own, '-c', 'check-global-recoveries']);
    assert.equal(stdout, 'OK: Global recoveries disabled: true\n');
    assert.equal(await answer('check-global-recoveries'), 'enabled');
  });

  it('keep away from a daemon that listens elsewhere', async () => {
    const elsewhere = join(daemon.directory, 'elsewhere.conf.json');
    const keys = {
      BackendDB: 'sqlite',
      SQLite3DataFile: join(daemon.directory, 'orchestrator.sqlite3'),
      ListenAddress: `127.0.0.1:${await freePort()}`,
    };
    writeFileSync(elsewhere, JSON.stringify(keys));
    const refused = [['-c', 'disable-global-recoveries'], ['http']].map((words) =>
      runCli(['-config', elsewhere, ...words]),
    );
    for (const { status, stderr } of await Promise.all(refused)) {
      assert.equal(status, 1);
      assert.match(stderr, /FATAL another process works on the backend /);
    }
    assert.equal(await answer('check-global-recoveries'), 'enabled');
  });

  it('change nothing while the daemon does not answer, unless told to', async () => {
    await until('it is frozen, and not while it writes', async () => {
      daemon.freeze();
      const other = new Database(join(daemon.directory, 'orchestrator.sqlite3'), { timeout: 0 });
      try {
        other.exec('BEGIN IMMEDIATE; ROLLBACK');
        return true;
      } catch (err) {
        daemon.thaw();
        throw err;
      } finally {
        other.close();
      }
    });
    try {
      const refused = await runCli(['-config', config, '-c', 'disable-global-recoveries']);
      assert.equal(refused.status, 1);
      assert.match(refused.stderr, /FATAL a daemon may run at 127\.0\.0\.1:\d+ .*-ignore-raft-setup/);
      const checked = await runCli(['-config', config, '-c', 'check-global-recoveries']);
      assert.equal(checked.stdout, 'OK: Global recoveries disabled: false\n');
      const forced = await runCli(['-config', config, '-ignore-raft-setup', '-c', 'disable-global-recoveries']);
      assert.equal(forced.status, 0, forced.stderr);
    } finally {
      daemon.thaw();
    }
  });
});

interface Node {
  readonly Hostname: string;
  readonly Token: string;
}

function recovery(uid: string, hostname: string, cluster: string, nowMs: number) {
  return {
    hostname,
    port: 3306,
    in_active_period: 1,
    start_active_period: backendTime(nowMs - 60_000),
    end_active_period_unixtime: 0,
    end_recovery: backendTime(nowMs - 50_000),
    processing_node_hostname: 'node',
    processcing_node_token: 'token',
    is_successful: 1,
    analysis: 'DeadMaster',
    cluster_name: cluster,
    cluster_alias: cluster,
    uid,
  };
}
