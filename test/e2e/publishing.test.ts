import assert from 'node:assert/strict';
import { join } from 'node:path';
import zookeeper from 'node-zookeeper-client';
import { Registry, registryProgram } from '../../scripts/sandbox/registry.ts';
import { runCli } from '../support/cli.ts';
import { until } from '../support/daemon.ts';
import { address, scenarios } from '../support/scenario.ts';

const SUBMIT = ['-c', 'submit-masters-to-kv-stores', '-alias', 'shop'];
const base64 = (text: string) => Buffer.from(text).toString('base64');
const plain = (coded: string | undefined) => Buffer.from(coded ?? '', 'base64').toString();

scenarios('publishing primaries', { tree: [undefined, 0, 0] }, (scenario, test) => {
  let consul: Registry;
  let etcd: Registry;
  let zooKeeper: Registry;

  before(async function () {
    for (const kind of ['consul', 'etcd', 'zookeeper'] as const)
      if (registryProgram(kind) === undefined) {
        assert.ok(!process.env.CI, `${kind} must be there under CI`);
        console.log(`SKIPPED: no ${kind} on this machine`);
        this.skip();
      }
    [consul, etcd, zooKeeper] = await Promise.all([
      Registry.start('consul'),
      Registry.start('etcd'),
      Registry.start('zookeeper'),
    ]);
  });
  after(() => Promise.all([consul?.remove(), etcd?.remove(), zooKeeper?.remove()]));

  const inConsul = async () => {
    const answer = await fetch(`http://${consul.address}/v1/kv/mysql/master/shop?raw`);
    return answer.status === 200 ? answer.text() : undefined;
  };
  const inEtcd = async () => {
    const body = JSON.stringify({ key: base64('mysql/master/shop') });
    const answer = await fetch(`http://${etcd.address}/v3/kv/range`, { method: 'POST', body });
    return plain(((await answer.json()) as { kvs?: { value: string }[] }).kvs?.[0]?.value);
  };

  const inZooKeeper = () => {
    const client = zookeeper.createClient(zooKeeper.address);
    client.connect();
    return new Promise<string>((resolve) =>
      client.getData('/mysql/master/shop', (_, data: Buffer | undefined) => resolve(data?.toString() ?? '')),
    ).finally(() => client.close());
  };

  test('tells of a successor at once where it can, and where it cannot as soon as the store is back', async () => {
    const daemon = await scenario.watching({
      DetectClusterAliasQuery: "SELECT 'shop'",
      ConsulAddress: consul.address,
      ConsulKVStoreProvider: 'consul-txn',
      EtcdEndpoints: [`http://${etcd.address}`],
      ZkAddress: zooKeeper.address,
    });
    const first = address(scenario.primary);
    await until('all know the primary', async () => (await inConsul()) === first && (await inEtcd()) === first);
    await until('ZooKeeper does', async () => (await inZooKeeper()) === first);

    await consul.kill();
    await scenario.kill(scenario.primary);
    const successor = address(await scenario.healed(scenario.replicas, [1]));
    await until('etcd knows its successor', async () => (await inEtcd()) === successor);
    await until('ZooKeeper does', async () => (await inZooKeeper()) === successor);
    await daemon.logged('primaries cannot be published there');
    const metrics = await (await fetch(`${daemon.url}/metrics`)).text();
    assert.match(metrics, /^orchestrator_kv_waiting_clusters\{store="Consul"\} 1$/m);
    assert.match(metrics, /^orchestrator_kv_last_success_seconds\{store="ZooKeeper"\} [\d.]+$/m);
    await consul.start();
    await until('Consul knows it too', async () => (await inConsul()) === successor);
    const steps = "SELECT message FROM topology_recovery_steps WHERE message LIKE 'published %'";
    const [step] = await until('the course of the recovery says so', async () => {
      const found = daemon.rows(steps);
      return found.length > 0 ? found : undefined;
    });
    // the stores are waited for ten seconds: a Consul that takes longer to come back is named as late
    const where = 'in our own store, ZooKeeper, (?:Consul, etcd|etcd; not yet in Consul: .+)$';
    assert.match(String(step?.message), new RegExp(`shop=${successor} .* ${where}`));
    const { status, stdout } = await runCli(['-config', join(daemon.directory, 'orchestrator.conf.json'), ...SUBMIT]);
    const [host, port] = successor.split(':');
    const values = { '': successor, '/hostname': host, '/port': port, '/ipv4': host, '/ipv6': '' };
    const lines = Object.entries(values).map(([end, value]) => `mysql/master/shop${end}:${value}\n`);
    assert.deepEqual({ status, stdout }, { status: 0, stdout: lines.join('') });
  });
});
