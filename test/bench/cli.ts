// One command line run on an SQLite backend (10 servers, then 1,000) as a whole process, against `node -e 0`, the
// two in turn. Prints milliseconds and the ratio of the medians.
// node dist/test/bench/cli.js [--runs 20]

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { fillBackend, instanceColumns, replicaColumns } from '../support/backend-fixture.ts';

const { values } = parseArgs({ options: { runs: { type: 'string', default: '20' } } });
const entry = fileURLToPath(new URL('../../cmd/orchestrator.js', import.meta.url));

function milliseconds(argv: readonly string[]): number {
  const startedMs = performance.now();
  const { status, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`status ${status}: ${stderr}`);
  return performance.now() - startedMs;
}

function median(samples: readonly number[]): number {
  return [...samples].sort((a, b) => a - b)[Math.floor(samples.length / 2)] ?? 0;
}

for (const [clusters, replicas] of [
  [2, 4],
  [50, 19],
] as const) {
  const directory = mkdtempSync(join(tmpdir(), 'bench-cli-'));
  try {
    measure(directory, clusters, replicas);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function measure(directory: string, clusters: number, replicas: number): void {
  const config = join(directory, 'orchestrator.conf.json');
  const file = join(directory, 'orchestrator.sqlite3');
  writeFileSync(config, JSON.stringify({ BackendDB: 'sqlite', SQLite3DataFile: file, ListenAddress: '127.0.0.1:1' }));
  const orchestrator = (command: readonly string[]) => [entry, '-config', config, ...command];
  milliseconds(orchestrator(['-c', 'redeploy-internal-db']));
  const nowMs = Date.now();
  const rows = Array.from({ length: clusters }, (_, cluster) => [
    instanceColumns(nowMs, { hostname: `c${cluster}-0`, suggested_cluster_alias: `alias${cluster}` }),
    ...Array.from({ length: replicas }, (_unused, replica) =>
      replicaColumns(nowMs, `c${cluster}-0`, { hostname: `c${cluster}-${replica + 1}`, server_id: replica + 2 }),
    ),
  ]);
  fillBackend(file, { database_instance: rows.flat() });
  for (const command of [
    ['-c', 'clusters'],
    ['-c', 'topology', '-alias', 'alias1'],
    ['-c', 'replication-analysis'],
    ['-c', 'begin-downtime', '-i', 'c1-3', '-reason', 'bench'],
  ]) {
    const bare: number[] = [];
    const whole: number[] = [];
    for (let run = 0; run < Number(values.runs); run += 1) {
      bare.push(milliseconds(['-e', '0']));
      whole.push(milliseconds(orchestrator(command)));
    }
    const ratio = (median(whole) / median(bare)).toFixed(2);
    console.log(
      `${clusters * (replicas + 1)} servers, orchestrator ${command.join(' ')}: median ${Math.round(median(whole))} ms, ${ratio} times node -e 0 (${Math.round(median(bare))} ms), over ${whole.length} runs`,
    );
  }
}
