// From the end of a primary to a writable successor, and to both siblings replicating from it; seen by a client that asks
// every 2 ms. Each run has four servers and a daemon of its own, with default settings.

import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { ADMIN_LOGIN, type Flavour, type SandboxServer } from '../../scripts/sandbox/sandbox.ts';
import { Daemon, until } from '../support/daemon.ts';
import { DaemonGroup } from '../support/daemon-group.ts';
import { WORDS } from '../support/dialect.ts';
import type { Benchmark, BenchOptions, Figure } from './figures.ts';
import { withSandbox } from './with-sandbox.ts';

const LIMIT_MS = 30_000;
/** A daemon that was killed so long ago is known to be gone. */
const LOST_SINCE_MS = 4_000;

interface Times {
  readonly writableMs: number;
  readonly attachedMs: number;
}

/** A primary that is killed. */
export const failover: Benchmark = (options) => measure('kill -9', 'SIGKILL', options, alone);

/** A primary that hangs: its connections stay open and nothing answers. */
export const frozen: Benchmark = (options) => measure('SIGSTOP', 'SIGSTOP', options, alone);

/** A primary that is killed, watched by three daemons that agree on each step. */
export const groupFailover: Benchmark = (options) => measure('kill -9, three daemons', 'SIGKILL', options, three);

/** The same while one of the daemons that do not lead is down. */
export const twoOfThree: Benchmark = (options) =>
  measure('kill -9, two of three daemons', 'SIGKILL', options, async (seed) => {
    const watchers = await three(seed);
    const ready = async () => {
      const leader = await watchers.leader();
      await watchers.daemons.find((daemon) => daemon !== leader)?.kill();
      await delay(LOST_SINCE_MS);
    };
    return { ...watchers, ready };
  });

/** The same together with the daemon that leads. */
export const leaderAndPrimary: Benchmark = (options) =>
  measure('kill -9 of leader and primary', 'SIGKILL', options, async (seed) => {
    const watchers = await three(seed);
    return { ...watchers, before: async () => (await watchers.leader()).kill() };
  });

/** Whoever is to heal it. */
interface Watchers {
  readonly daemons: readonly Daemon[];
  /** Done once they know all servers. */
  readonly ready?: () => Promise<void>;
  /** Done at the moment that the primary ends. */
  readonly before?: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

async function alone(seed: string): Promise<Watchers> {
  const daemon = await Daemon.start({ seeds: [seed] });
  return { daemons: [daemon], stop: () => daemon.stop() };
}

async function three(seed: string) {
  const group = await DaemonGroup.start({ seeds: [seed] });
  return { daemons: group.daemons, leader: () => group.leader(), stop: () => group.stop() };
}

async function measure(
  name: string,
  signal: NodeJS.Signals,
  options: BenchOptions,
  watch: (seed: string) => Promise<Watchers>,
): Promise<readonly Figure[]> {
  const times: Times[] = [];
  for (let run = 0; run < options.runs; run += 1) {
    times.push(await withSandbox(options.flavour, 4, (servers) => once(options.flavour, servers, signal, watch)));
  }
  const unit = 'ms';
  return [
    { what: `${name} to writable`, unit, samples: times.map(({ writableMs }) => writableMs) },
    { what: `${name} to siblings attached`, unit, samples: times.map(({ attachedMs }) => attachedMs) },
  ];
}

async function once(
  flavour: Flavour,
  servers: readonly SandboxServer[],
  signal: NodeJS.Signals,
  watch: (seed: string) => Promise<Watchers>,
): Promise<Times> {
  const [primary, ...replicas] = servers;
  if (primary === undefined) throw new Error('no server');
  const watchers = await watch(`${primary.key.hostname}:${primary.key.port}`);
  const connections = await Promise.all(
    replicas.map(({ key }) => createConnection({ host: key.hostname, port: key.port, ...ADMIN_LOGIN })),
  );
  try {
    for (const daemon of watchers.daemons)
      await until('four servers', async () => daemon.rows('SELECT hostname FROM database_instance').length === 4);
    await watchers.ready?.();
    const startedMs = performance.now();
    const before = watchers.before?.();
    await Promise.all([before, primary.kill(signal)]);
    let writableMs: number | undefined;
    for (;;) {
      const states = await Promise.all(connections.map((one) => stateOf(one, flavour, primary.key.port)));
      const nowMs = performance.now() - startedMs;
      if (states.some(({ writable }) => writable)) writableMs ??= nowMs;
      if (writableMs !== undefined && states.filter(({ attached }) => attached).length === 2)
        return { writableMs, attachedMs: nowMs };
      if (nowMs > LIMIT_MS) throw new Error(`no failover within ${LIMIT_MS / 1000} s:\n${logsOf(watchers)}`);
      await delay(2);
    }
  } finally {
    for (const connection of connections) connection.destroy();
    await watchers.stop();
  }
}

const logsOf = ({ daemons }: Watchers) => daemons.map((daemon) => daemon.log().slice(-4_000)).join('\n');

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
