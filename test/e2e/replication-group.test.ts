// A replication group of MySQL and the replicas of one of its members: known, shown, and moved when that member dies.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../../scripts/sandbox/ports.ts';
import { findFlavours, REPLICATION_LOGIN, Sandbox, type SandboxServer } from '../../scripts/sandbox/sandbox.ts';
import { Daemon, until } from '../support/daemon.ts';
import { replicaStatus } from '../support/dialect.ts';
import { address, type WireRecovery } from '../support/scenario.ts';

const NAME = 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa';

function groupArguments(ports: readonly number[]): readonly (readonly string[])[] {
  const addresses = ports.map((port) => `127.0.0.1:${port}`);
  return addresses.map((own) => [
    '--plugin-load-add=group_replication.so',
    `--loose-group-replication-group-name=${NAME}`,
    '--loose-group-replication-start-on-boot=OFF',
    `--loose-group-replication-local-address=${own}`,
    `--loose-group-replication-group-seeds=${addresses.join()}`,
    '--loose-group-replication-recovery-get-public-key=ON',
    '--loose-group-replication-communication-stack=XCOM',
    '--loose-group-replication-message-cache-size=134217728',
    '--loose-group-replication-member-expel-timeout=3',
  ]);
}

/** Three servers that follow one another become a group that the first one leads. */
async function form(members: readonly SandboxServer[]): Promise<void> {
  const { user, password } = REPLICATION_LOGIN;
  for (const [at, member] of members.entries()) {
    for (const sql of [
      ...(at > 0
        ? ['STOP REPLICA', 'RESET REPLICA ALL', 'SET GLOBAL super_read_only = 0', 'SET GLOBAL read_only = 0']
        : []),
      'RESET BINARY LOGS AND GTIDS',
      `CHANGE REPLICATION SOURCE TO SOURCE_USER='${user}', SOURCE_PASSWORD='${password}' FOR CHANNEL 'group_replication_recovery'`,
      `SET GLOBAL group_replication_bootstrap_group = ${Number(at === 0)}`,
      'START GROUP_REPLICATION',
      'SET GLOBAL group_replication_bootstrap_group = 0',
    ])
      await member.query(sql);
    await until(`${address(member)} is online`, async () => {
      const [row] = await member.query(
        'SELECT COUNT(*) AS online FROM performance_schema.replication_group_members WHERE MEMBER_STATE = "ONLINE"',
      );
      return Number(row?.online) === at + 1;
    });
  }
}

describe('a replication group with a replica', function () {
  this.timeout(90_000);
  let directory = '';
  let sandbox: Sandbox | undefined;
  let daemon: Daemon | undefined;
  before(async function () {
    if (!(await findFlavours()).includes('mysql')) {
      assert.ok(!process.env.CI, 'mysql must be there under CI');
      console.log('SKIPPED: no mysql server on this machine');
      this.skip();
    }
    directory = mkdtempSync(join(tmpdir(), 'replication-group-'));
    const extraArguments = groupArguments(await freePorts(3));
    sandbox = await Sandbox.create({ flavour: 'mysql', servers: 4, directory, extraArguments });
  });
  after(async () => {
    await daemon?.stop();
    await sandbox?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  it('moves the replica of its dead primary below another member, and leaves it to the group who leads', async () => {
    const [first, second, third, replica] = sandbox?.servers ?? [];
    assert.ok(first && second && third && replica);
    await replica.query('STOP REPLICA');
    await form([first, second, third]);
    await replica.query('RESET BINARY LOGS AND GTIDS');
    await replica.query(`CHANGE REPLICATION SOURCE TO SOURCE_PORT=${first.key.port}`);
    await replica.query('START REPLICA');
    await first.query('CREATE DATABASE app');
    daemon = await Daemon.start({ seeds: [address(replica)] });
    const api = <T>(path: string) => daemon!.api<T>(path);
    await until('every member is known, in one cluster', async () => {
      const all = await api<{ Key: { Port: number }; ReplicationDepth: number }[]>(`cluster/${address(first)}`);
      const depths = [first, second, third, replica].map(
        (server) => all.find(({ Key }) => Key.Port === server.key.port)?.ReplicationDepth,
      );
      return depths.join() === '0,1,1,1';
    });
    const forced = await api<{ Code: string; Message: string }>(`force-master-failover/${address(first)}`);
    assert.equal(forced.Code, 'ERROR');
    assert.match(forced.Message, /chooses its primary by itself/);

    await first.kill('SIGKILL');
    await until('the replica follows another member', async () => {
      const status = await replicaStatus(replica);
      return status?.source.port !== first.key.port && status?.receiving && status.applying;
    });
    await until('one of the others takes writes', async () => {
      const write = (server: SandboxServer) => server.query('CREATE TABLE IF NOT EXISTS app.t (id INT PRIMARY KEY)');
      const answers = await Promise.allSettled([second, third].map(write));
      return answers.some(({ status }) => status === 'fulfilled');
    });
    await until('the replica receives what the group writes', async () => {
      const [row] = await replica.query(
        "SELECT COUNT(*) AS tables FROM information_schema.tables WHERE TABLE_SCHEMA = 'app'",
      );
      return Number(row?.tables) === 1;
    });
    const found = await until('the recovery is closed', async () =>
      (await api<WireRecovery[]>('audit-recovery')).find(({ IsSuccessful }) => IsSuccessful),
    );
    assert.equal(found.AnalysisEntry.Analysis, 'DeadReplicationGroupMemberWithReplicas');
  });
});
