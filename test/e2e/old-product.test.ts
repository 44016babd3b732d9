// An operator stops the established product and starts ours on the same backend: everything is there, and the way back stays open.

import assert from 'node:assert/strict';
import { Daemon, until } from '../support/daemon.ts';
import { backendFlavours, MysqlBackendServer } from '../support/mysql-backend.ts';
import {
  everyRow,
  lostOf,
  OLD_TOKEN,
  OldMysql,
  type OldProduct,
  type OldRow,
  OldSqlite,
  type Shape,
} from '../support/old-product.ts';

const SECRET_COOKIE = /^access-token=([^;]+);/;

/** Tables whose rows are those of whoever works now, or are let go of when their time is over. */
const LIVE: ReadonlySet<string> = new Set(['node_health', 'active_node', 'database_instance_maintenance']);

for (const flavour of ['sqlite', ...(await backendFlavours())] as const)
  describe(`a backend of the established product on ${flavour}`, () => {
    let rows: ReturnType<typeof everyRow>;
    let server: MysqlBackendServer | undefined;
    let daemon: Daemon;
    let old: OldProduct;
    let shape: Shape;
    let cookie = '';

    before(async () => {
      if (flavour !== 'sqlite') server = await MysqlBackendServer.start(flavour);
      const config = {
        AuthenticationMethod: 'token',
        AuditToBackendDB: true,
        HostnameResolveMethod: 'default',
        ...server?.keys(),
      };
      daemon = await Daemon.prepare({ seeds: [], config });
      old = server === undefined ? new OldSqlite(daemon.directory) : await OldMysql.make(server);
      rows = everyRow(Date.now()); // not earlier: its token has to be taken up within a minute
      await old.insert(rows);
      shape = await old.shape();
      await daemon.launch();
    });
    after(async () => {
      await daemon?.stop();
      await server?.stop();
    });

    const get = async <T>(path: string) => {
      const answer = await fetch(`${daemon.url}/api/${path}`, { headers: { cookie } });
      return (await answer.json()) as T;
    };
    const details = async <T>(path: string) => (await get<{ Details: T }>(path)).Details;
    const keys = (list: readonly { Key: { Hostname: string } }[]) => list.map(({ Key }) => Key.Hostname);

    it('takes the token that it issued, once', async () => {
      const redeem = () => fetch(`${daemon.url}/web/access-token?publicToken=${OLD_TOKEN}`, { redirect: 'manual' });
      const given = SECRET_COOKIE.exec((await redeem()).headers.get('set-cookie') ?? '');
      assert.ok(given);
      cookie = given[0];
      assert.equal((await redeem()).headers.get('set-cookie'), null);
    });

    it('shows its clusters, servers, downtimes, locks and rules', async () => {
      await until(
        'this node leads',
        async () => (await get<{ Code: string }>('register-candidate/x/1/neutral')).Code === 'OK',
      );
      const [cluster] = await get<{ ClusterName: string; ClusterAlias: string }[]>('clusters-info');
      assert.deepEqual([cluster?.ClusterName, cluster?.ClusterAlias], ['db1:3306', 'by-hand']);
      assert.deepEqual(keys(await get('cluster/by-hand')), ['db1', 'db2']);
      assert.equal((await get<{ MasterKey: { Hostname: string } }>('instance/db2/3306')).MasterKey.Hostname, 'db1');
      assert.deepEqual(keys(await get('downtimed')), ['db1']);
      assert.equal((await get<{ DowntimeReason: string }>('instance/db1/3306')).DowntimeReason, 'räumt auf');
      assert.deepEqual(keys(await get('maintenance')), ['db1']);
      const [rule] = await get<{ Hostname: string; PromotionRule: string }[]>('bulk-promotion-rules');
      assert.deepEqual([rule?.Hostname, rule?.PromotionRule], ['db1', 'must_not']);
      assert.equal(await details('check-global-recoveries'), 'disabled');
      assert.equal((await details<Record<string, { Object: string }>>('hostname-resolve-cache')).alias1?.Object, 'db1');
    });

    it('shows its tags and pools', async () => {
      assert.deepEqual(await get('tags/db1/3306'), ['owner=team-ä']);
      const pools = await details('cluster-pool-instances/db1:3306');
      assert.deepEqual(pools, { readers: [{ Hostname: 'db1', Port: 3306 }] });
    });

    it('shows its recoveries with their steps, its detections and its audit', async () => {
      type Recovery = {
        UID: string;
        AcknowledgedComment: string;
        AnalysisEntry: { Analysis: string };
        IsSuccessful: boolean;
      };
      const recoveries = await get<Recovery[]>('audit-recovery');
      assert.deepEqual(recoveries.map(({ UID }) => UID).sort(), ['cut short', 'ended']);
      const ended = recoveries.find(({ UID }) => UID === 'ended');
      assert.deepEqual([ended?.AcknowledgedComment, ended?.IsSuccessful], ['geprüft', true]);
      const steps = await get<{ Message: string }[]>('audit-recovery-steps/ended');
      assert.deepEqual(
        steps.map(({ Message }) => Message),
        ['promoted db1:3306'],
      );
      const detections = await get<{ AnalysisEntry: { Analysis: string } }[]>('audit-failure-detection');
      assert.ok(detections.some(({ AnalysisEntry }) => AnalysisEntry.Analysis === 'DeadMaster'));
      const audit = await get<{ AuditType: string; Message: string }[]>('audit');
      assert.ok(audit.some(({ AuditType, Message }) => AuditType === 'relocate-below' && Message === 'geprüft'));
    });

    it('keeps every table, column, index and row of it', async () => {
      await daemon.kill('SIGTERM');
      assert.deepEqual(lostOf(shape, await old.shape()), []);
      for (const [table, list] of Object.entries(rows)) {
        if (LIVE.has(table)) continue;
        const found = (await old.rows(`SELECT * FROM ${table}`)).map(namesIn);
        for (const row of list)
          assert.ok(
            found.some((one) => holds(one, namesIn(row))),
            `${table}: ${JSON.stringify(row)}`,
          );
      }
    });

    it('can be written by the established product again, which names its own columns only', async () => {
      const again = Object.fromEntries(
        Object.entries(rows).map(([table, list]) => [
          table,
          list.slice(0, 1).map((row) => ({ ...row, ...anotherKey(row) })),
        ]),
      );
      const { active_node: _, global_recovery_disable: __, ...insertable } = again;
      await old.insert(insertable);
      const versions = (await old.rows('SELECT deployed_version FROM orchestrator_db_deployments')).map(
        ({ deployed_version }) => deployed_version,
      );
      assert.ok(versions.includes('3.2.6') && versions.includes(''), String(versions));
      assert.deepEqual(await old.rows("SELECT token FROM active_node WHERE token <> ''"), [], 'nobody is said to lead');
    });

    it('is opened by a second start without a change', async () => {
      const opened = await old.shape();
      await daemon.launch();
      await daemon.kill('SIGTERM');
      assert.deepEqual(await old.shape(), opened);
    });
  });

/** The values by which people know a row: not what time, or whoever works now, changes. */
function namesIn(row: OldRow): OldRow {
  const moving =
    /time|_at$|last_|seen|active_period|^end_|begin_|acquired|secret|valid|checked|latency|partial|analysis$|token$|^all_errors$|^processing_node/;
  return Object.fromEntries(Object.entries(row).filter(([name]) => !moving.test(name)));
}

function holds(row: OldRow, part: OldRow): boolean {
  return Object.entries(part).every(([name, value]) => String(row[name]) === String(value));
}

/** So that a row can stand beside itself. */
function anotherKey(row: OldRow): OldRow {
  const keys = [
    'hostname',
    'cluster_name',
    'alias',
    'public_token',
    'store_key',
    'uid',
    'deployed_version',
    'resolved_hostname',
  ];
  return Object.fromEntries(
    keys.filter((name) => name in row).map((name) => [name, `again-${String(row[name]).slice(0, 60)}`]),
  );
}
