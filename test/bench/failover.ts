// From the end of a primary to a writable successor, and to both siblings replicating from it; seen by a client that asks
// every 2 ms. Each run has four servers and a daemon of its own, with default settings.

import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { ADMIN_LOGIN, type Flavour, type SandboxServer } from '../../scripts/sandbox/sandbox.ts';
import { Daemon, until } from '../support/daemon.ts';
import { WORDS } from '../support/dialect.ts';
import type { Benchmark, BenchOptions, Figure } from './figures.ts';
import { withSandbox } from './with-sandbox.ts';

const LIMIT_MS = 30_000;

interface Times {
  readonly writableMs: number;
  readonly attachedMs: number;
}

/** A primary that is killed. */
export const failover: Benchmark = (options) => measure('kill -9', 'SIGKILL', options);

/** A primary that hangs: its connections stay open and nothing answers. */
export const frozen: Benchmark = (options) => measure('SIGSTOP', 'SIGSTOP', options);

async function measure(name: string, signal: NodeJS.Signals, options: BenchOptions): Promise<readonly Figure[]> {
  const times: Times[] = [];
  for (let run = 0; run < options.runs; run += 1) {
    times.push(await withSandbox(options.flavour, 4, (servers) => once(options.flavour, servers, signal)));
  }
  const unit = 'ms';
  return [
    { what: `${name} to writable`, unit, samples: times.map(({ writableMs }) => writableMs) },
    { what: `${name} to siblings attached`, unit, samples: times.map(({ attachedMs }) => attachedMs) },
  ];
}

async function once(flavour: Flavour, servers: readonly SandboxServer[], signal: NodeJS.Signals): Promise<Times> {
  const [primary, ...replicas] = servers;
  if (primary === undefined) throw new Error('no server');
  const daemon = await Daemon.start({ seeds: [`${primary.key.hostname}:${primary.key.port}`] });
  const connections = await Promise.all(
    replicas.map(({ key }) => createConnection({ host: key.hostname, port: key.port, ...ADMIN_LOGIN })),
  );
  try {
    await until('four servers', async () => (await daemon.api<unknown[]>('all-instances')).length === 4);
    const startedMs = performance.now();
    await primary.kill(signal);
    let writableMs: number | undefined;
    for (;;) {
      const states = await Promise.all(connections.map((one) => stateOf(one, flavour, primary.key.port)));
      const nowMs = performance.now() - startedMs;
      if (states.some(({ writable }) => writable)) writableMs ??= nowMs;
      if (writableMs !== undefined && states.filter(({ attached }) => attached).length === 2)
        return { writableMs, attachedMs: nowMs };
      if (nowMs > LIMIT_MS) throw new Error(`no failover within ${LIMIT_MS / 1000} s:\n${daemon.log().slice(-4_000)}`);
      await delay(2);
    }
  } finally {
    for (const connection of connections) connection.destroy();
    await daemon.stop();
  }
}

async function stateOf(connection: Connection, flavour: Flavour, oldPort: number) {
  const [variables] = await connection.query<RowDataPacket[]>('SELECT @@global.read_only AS readOnly');
  const [rows] = await connection.query<RowDataPacket[]>(WORDS[flavour].replicaStatus);
  const row: Readonly<Record<string, unknown>> = rows[0] ?? {};
  const moved = Number(row.Source_Port ?? row.Master_Port ?? oldPort) !== oldPort;
  return {
    writable: Number(variables[0]?.readOnly) === 0,
    attached: moved && (row.Replica_IO_Running ?? row.Slave_IO_Running) === 'Yes',
  };
}
