// From `kill -9` of a primary to a writable successor, and to both siblings replicating from it. Prints milliseconds.
// node dist/test/bench/failover.js [--runs 20] [--flavour mariadb]

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { ADMIN_LOGIN, type Flavour, Sandbox } from '../../scripts/sandbox/sandbox.ts';
import { Daemon, until } from '../support/daemon.ts';

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '20' }, flavour: { type: 'string', default: 'mariadb' } },
});
const flavour = values.flavour as Flavour;

async function once(): Promise<{ readonly writableMs: number; readonly attachedMs: number }> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-'));
  const sandbox = await Sandbox.create({ flavour, servers: 4, directory });
  const [primary, ...replicas] = sandbox.servers;
  if (primary === undefined) throw new Error('no server');
  const daemon = await Daemon.start({ seeds: [`127.0.0.1:${primary.key.port}`] });
  const connections = await Promise.all(
    replicas.map(({ key }) => createConnection({ host: key.hostname, port: key.port, ...ADMIN_LOGIN })),
  );
  try {
    await until('four servers', async () => (await daemon.api<unknown[]>('all-instances')).length === 4);
    const status = flavour === 'mysql' ? 'SHOW REPLICA STATUS' : 'SHOW SLAVE STATUS';
    const startedMs = performance.now();
    await primary.kill('SIGKILL');
    let writableMs = 0;
    for (;;) {
      const states = await Promise.all(
        connections.map(async (connection) => {
          const [variables] = await connection.query<RowDataPacket[]>('SELECT @@global.read_only AS readOnly');
          const [rows] = await connection.query<RowDataPacket[]>(status);
          const row: Readonly<Record<string, unknown>> = rows[0] ?? {};
          const attached =
            Number(row.Source_Port ?? row.Master_Port) !== primary.key.port &&
            (row.Replica_IO_Running ?? row.Slave_IO_Running) === 'Yes';
          return { writable: Number(variables[0]?.readOnly) === 0, attached };
        }),
      );
      if (writableMs === 0 && states.some(({ writable }) => writable)) writableMs = performance.now() - startedMs;
      if (states.filter(({ attached }) => attached).length === 2)
        return { writableMs, attachedMs: performance.now() - startedMs };
      if (performance.now() - startedMs > 30_000) throw new Error('no failover within 30 s');
      await delay(2);
    }
  } finally {
    for (const connection of connections) connection.destroy();
    await daemon.stop();
    await sandbox.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

function summary(name: string, samples: readonly number[]): string {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0);
  return `${flavour} ${name}: median ${at(0.5)} ms, p95 ${at(0.95)} ms, max ${at(1)} ms over ${sorted.length} runs`;
}

const results: { writableMs: number; attachedMs: number }[] = [];
for (let run = 0; run < Number(values.runs); run += 1) results.push(await once());
console.log(
  summary(
    'kill -9 to writable',
    results.map(({ writableMs }) => writableMs),
  ),
);
console.log(
  summary(
    'kill -9 to siblings attached',
    results.map(({ attachedMs }) => attachedMs),
  ),
);
process.exit(0);
