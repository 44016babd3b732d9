// What a console or a script waits for large answers: one whole daemon on a backend that holds 2,000 servers, asked by one client, one
// question after the other. It watches nothing, so that nothing else is measured.

import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { fillBackend, instanceColumns, replicaColumns } from '../support/backend-fixture.ts';
import { runCli } from '../support/cli.ts';
import { Daemon } from '../support/daemon.ts';
import type { Figure } from './figures.ts';

const CLUSTERS = 100;
const REPLICAS = 19;
const PER_CLUSTER = REPLICAS + 1;
/** Each with the servers that it is about. */
const READS: readonly (readonly [path: string, servers: number])[] = [
  ['clusters-info', CLUSTERS * PER_CLUSTER],
  ['cluster/alias1', PER_CLUSTER],
  ['all-instances', CLUSTERS * PER_CLUSTER],
  ['replication-analysis', CLUSTERS * PER_CLUSTER],
  ['v2/clusters?limit=500', CLUSTERS * PER_CLUSTER],
  ['v2/instances?limit=500', 500],
  ['v2/analyses', CLUSTERS * PER_CLUSTER],
];
/** Until the code is compiled. */
const WARM_UP = 10;

export async function reads(runs: number): Promise<readonly Figure[]> {
  const daemon = await Daemon.prepare({ seeds: [], arguments: ['-discovery=false'] });
  const agent = new Agent({ keepAlive: true });
  try {
    await fill(daemon);
    await daemon.launch();
    const figures: Figure[] = [];
    for (const [path, servers] of READS) {
      const ask = () => timed(`${daemon.url}/api/${path}`, agent);
      for (let n = 0; n < WARM_UP; n += 1) await ask();
      const answers: Answer[] = [];
      while (answers.length < runs) answers.push(await ask());
      const times = answers.map(({ ms }) => ms);
      figures.push(
        { what: `/api/${path}`, unit: 'ms', samples: times },
        { what: `the same, its size`, unit: 'KiB', samples: [Math.max(...answers.map(({ bytes }) => bytes)) / 1024] },
        {
          what: `the same, for each of ${servers} servers`,
          unit: 'µs',
          samples: times.map((ms) => (1000 * ms) / servers),
        },
      );
    }
    return figures;
  } finally {
    agent.destroy();
    await daemon.stop();
  }
}

/** Clusters of one primary and its replicas, as the last check of an hour ago left them. */
async function fill(daemon: Daemon): Promise<void> {
  const config = join(daemon.directory, 'orchestrator.conf.json');
  const { status, stderr } = await runCli(['-config', config, '-c', 'redeploy-internal-db']);
  if (status !== 0) throw new Error(stderr);
  const nowMs = Date.now();
  const replicas = Array.from({ length: REPLICAS }, (_, n) => n + 1);
  const rows = Array.from({ length: CLUSTERS }, (_, cluster) => {
    const primary = `c${cluster}-0.example`;
    const hosts = replicas.map((n) => ({ Hostname: `c${cluster}-${n}.example`, Port: 3306 }));
    const common = { cluster_name: `${primary}:3306`, suggested_cluster_alias: `alias${cluster}` };
    const seen = { slave_hosts: JSON.stringify(hosts), num_slave_hosts: REPLICAS };
    return [
      instanceColumns(nowMs, { hostname: primary, ...common, ...seen }),
      ...hosts.map(({ Hostname }, n) =>
        replicaColumns(nowMs, primary, { hostname: Hostname, server_id: n + 2, ...common }),
      ),
    ];
  });
  fillBackend(join(daemon.directory, 'orchestrator.sqlite3'), { database_instance: rows.flat() });
}

interface Answer {
  readonly ms: number;
  readonly bytes: number;
}

/** Keeps nothing of the answer: what the client collects would be measured as the daemon's. */
async function timed(url: string, agent: Agent): Promise<Answer> {
  const startMs = performance.now();
  const [response] = (await once(get(url, { agent }), 'response')) as [IncomingMessage];
  if (response.statusCode !== 200) throw new Error(`${url}: status ${response.statusCode}`);
  let bytes = 0;
  response.on('data', (piece: Buffer) => {
    bytes += piece.length;
  });
  await once(response, 'end');
  return { ms: performance.now() - startMs, bytes };
}
