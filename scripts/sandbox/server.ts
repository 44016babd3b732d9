// One database server: a process on loopback and its data directory.

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { ADMIN_LOGIN, REPLICATION_LOGIN } from './accounts.ts';
import { isFree } from './ports.ts';
import { commonArguments, type Flavour, program } from './program.ts';

const START_LIMIT_MS = 30_000;
const HALT_LIMIT_MS = 2_000;

const hasEnded = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null;

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** One server process and its data directory. */
export class SandboxServer {
  readonly flavour: Flavour;
  readonly key: { readonly hostname: string; readonly port: number };
  readonly directory: string;
  readonly #pidFile: string;
  readonly #arguments: readonly string[];
  #child: ChildProcess | undefined;

  constructor(flavour: Flavour, port: number, directory: string, serverId: number, extra: readonly string[]) {
    this.flavour = flavour;
    this.key = { hostname: '127.0.0.1', port };
    this.directory = directory;
    this.#pidFile = join(directory, 'pid');
    this.#arguments = [
      `--datadir=${directory}`,
      `--port=${port}`,
      '--bind-address=127.0.0.1',
      '--socket=s.sock', // below the data directory: the path of a socket has at most 107 characters
      `--pid-file=${this.#pidFile}`,
      `--log-error=${directory}/error.log`,
      `--server-id=${serverId}`,
      '--log-bin=bin',
      '--skip-name-resolve',
      '--report-host=127.0.0.1',
      `--report-port=${port}`,
      ...commonArguments(flavour),
      ...extra,
    ];
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /**
   * Ready is when a query answers.
   *
   * @throws {Error} when the port is taken, or the server ends or does not answer within 30 s, with the end of its log.
   */
  async start(): Promise<void> {
    const { hostname, port } = this.key;
    if (!(await isFree(port))) throw new Error(`${hostname}:${port} is taken by another program`);
    const { file, leading } = program(this.flavour);
    const output = openSync(join(this.directory, 'output.log'), 'a');
    // A process group of its own: Ctrl-C at a terminal reaches its owner alone, who ends things in their order.
    const child = spawn(file, [...leading, ...this.#arguments], { stdio: ['ignore', output, output], detached: true });
    closeSync(output);
    this.#child = child;
    running.add(child);
    child.once('exit', () => running.delete(child));
    const end = Date.now() + START_LIMIT_MS;
    for (;;) {
      if (hasEnded(child)) throw new Error(`the server on port ${port} ended:\n${this.#endOfLog()}`);
      try {
        const [row] = await this.query('SELECT @@pid_file AS file');
        if (row?.file === this.#pidFile) return; // else a stranger took the port just now, and ours is about to end
        await delay(20);
      } catch (cause) {
        if (Date.now() > end)
          throw new Error(`the server on port ${port} does not answer:\n${this.#endOfLog()}`, { cause });
        await delay(20);
      }
    }
  }

  #endOfLog(): string {
    return readFileSync(join(this.directory, 'error.log'), 'utf8').trimEnd().split('\n').slice(-5).join('\n');
  }

  /** SIGKILL and SIGTERM wait for the process to end, SIGSTOP for its last thread to halt. */
  async kill(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined || hasEnded(child)) return;
    if (signal !== 'SIGKILL' && signal !== 'SIGTERM') {
      child.kill(signal);
      if (signal === 'SIGSTOP' && child.pid !== undefined) await halted(child.pid);
      return;
    }
    const ended = new Promise((done) => child.once('exit', done));
    child.kill(signal);
    await ended;
  }

  async restart(): Promise<void> {
    await this.kill('SIGKILL');
    await this.start();
  }

  /** One statement on a session of its own, as the administrator. */
  async query(sql: string): Promise<RowDataPacket[]> {
    const connection = await createConnection({
      host: this.key.hostname,
      port: this.key.port,
      ...ADMIN_LOGIN,
      connectTimeout: 15_000,
    });
    try {
      const [rows] = await connection.query<RowDataPacket[]>(sql);
      return rows;
    } finally {
      connection.destroy();
    }
  }

  /** A restart forgets `read_only`: replicas get it back. */
  async protectReplica(): Promise<void> {
    const mariadb = this.flavour === 'mariadb';
    const status = await this.query(mariadb ? 'SHOW ALL SLAVES STATUS' : 'SHOW REPLICA STATUS');
    if (status.length > 0) await this.query(mariadb ? 'SET GLOBAL read_only=1' : 'SET GLOBAL super_read_only=1');
  }

  async follow(source: { readonly hostname: string; readonly port: number }): Promise<void> {
    const { user, password } = REPLICATION_LOGIN;
    if (this.flavour === 'mariadb') {
      await this.query(`CHANGE MASTER TO MASTER_HOST='${source.hostname}', MASTER_PORT=${source.port}, MASTER_USER='${user}', MASTER_PASSWORD='${password}',
        MASTER_USE_GTID=slave_pos, MASTER_HEARTBEAT_PERIOD=1, MASTER_CONNECT_RETRY=1`);
      await this.query('START SLAVE');
      await this.query('SET GLOBAL read_only=1');
      return;
    }
    const [row] = await this.query("SELECT @@global.gtid_mode <> 'OFF' AS byGtid");
    const start = `SOURCE_AUTO_POSITION=${Number(row?.byGtid)}`; // 0: from the beginning of the source's first log
    await this.query(`CHANGE REPLICATION SOURCE TO SOURCE_HOST='${source.hostname}', SOURCE_PORT=${source.port}, SOURCE_USER='${user}', SOURCE_PASSWORD='${password}',
      ${start}, SOURCE_HEARTBEAT_PERIOD=1, SOURCE_CONNECT_RETRY=1, SOURCE_RETRY_COUNT=86400, GET_SOURCE_PUBLIC_KEY=1`);
    await this.query('START REPLICA');
    await this.query('SET GLOBAL super_read_only=1');
  }
}

/** A signal is sent at once, and takes its effect in each thread when the scheduler has come to it (signal(7)). */
async function halted(pid: number): Promise<void> {
  const end = Date.now() + HALT_LIMIT_MS;
  while (threadStates(pid).some((state) => state !== 'T') && Date.now() < end) await delay(1);
}

/** By one letter each (proc(5), third field of stat). None: not Linux, or the process is gone. */
function threadStates(pid: number): readonly (string | undefined)[] {
  const threads = orNone(() => readdirSync(`/proc/${pid}/task`));
  return threads.flatMap((thread) =>
    orNone(() => {
      const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8');
      return [stat[stat.lastIndexOf(')') + 2]];
    }),
  );
}

/** What has ended meanwhile says nothing about the others. */
function orNone<T>(read: () => readonly T[]): readonly T[] {
  try {
    return read();
  } catch {
    return [];
  }
}
