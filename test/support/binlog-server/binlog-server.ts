// A double of MaxScale's binlog router, since no package of it is to be had: a server without data that stores the binary log of its source
// and hands it on, files and positions unchanged, also when the source is dead. Real replicas replicate through it. It understands
// what that one documents (one statement at a time, nothing about locks, threads or GTIDs) and refuses everything else, among it
// a change of its source to any place but where it stands, or the beginning of the next file. Events come without checksums.

import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { InstanceKey } from '../../../internal/topology/instance-key.ts';
import { freePort } from '../daemon.ts';
import { type RegisteredReplica, type SqlAnswer, serve } from './replica-session.ts';
import { SourceLink } from './source-link.ts';
import { type LogPosition, StoredLog } from './stored-log.ts';

/** Its own, with that of the servers it serves in front, as in a greeting. */
const MAXSCALE = '23.8.1';
const GREETING = `5.5.5-10.11.0 ${MAXSCALE}-maxscale`;
const CANNOT_CONNECT = 2003;
const SYNTAX = {
  errno: 1064,
  message: 'You have an error in your SQL syntax; Check the syntax the MaxScale binlog router accepts',
};
const RUNNING = {
  errno: 1198,
  message: 'This operation cannot be performed with a running slave; run STOP SLAVE first',
};
const STOPPED_ALREADY = { errno: 1199, message: 'Slave connection is not running' };
const RUNNING_ALREADY = { errno: 1254, message: 'Slave is already running' };

export class BinlogServer {
  readonly key: InstanceKey;
  /** What was asked of it, in order. */
  readonly statements: string[] = [];
  /** Whether what it says of its version names MaxScale, or only its variables do. */
  tellsItsKind = true;
  readonly #serverId: number;
  readonly #log = new StoredLog();
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #registered = new Map<Socket, RegisteredReplica>();
  #source: InstanceKey;
  #link: SourceLink | undefined;

  private constructor(key: InstanceKey, serverId: number, source: InstanceKey) {
    this.key = key;
    this.#serverId = serverId;
    this.#source = source;
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      serve(socket, {
        ...{ version: GREETING, log: this.#log, registered: this.#registered },
        answer: (sql) => this.#answer(sql),
      });
    });
  }

  /** Below a source, from its first log on. */
  static async start(source: InstanceKey, serverId: number): Promise<BinlogServer> {
    const key = { hostname: '127.0.0.1', port: await freePort() };
    const one = new BinlogServer(key, serverId, source);
    one.#server.listen(key.port, key.hostname);
    await once(one.#server, 'listening');
    one.#receive();
    return one;
  }

  get source(): InstanceKey {
    return this.#source;
  }

  get receiving(): boolean {
    return this.#link?.receiving === true;
  }

  /** Where the stored log ends. */
  get end(): LogPosition {
    return this.#log.end;
  }

  get endText(): string {
    return `${this.end.file}:${this.end.position}`;
  }

  /** Receives nothing more for now, and still serves what it has. */
  pause(): void {
    this.#link?.stop();
    this.#link = undefined;
  }

  async stop(): Promise<void> {
    this.pause();
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #receive(): void {
    const own = { serverId: this.#serverId, key: this.key };
    this.#link = new SourceLink({ source: this.#source, log: this.#log, own });
  }

  #answer(sql: string): SqlAnswer {
    this.statements.push(sql);
    if (sql.includes(';')) return SYNTAX;
    const words = sql.replaceAll(/\s+/g, ' ');
    for (const [pattern, answer] of this.#answers) {
      const match = pattern.exec(words);
      if (match !== null) return answer(match);
    }
    return SYNTAX;
  }

  readonly #answers: readonly (readonly [RegExp, (match: RegExpExecArray) => SqlAnswer])[] = [
    [/^SET (?:@|NAMES)/i, () => 'done'],
    [/^SELECT UNIX_TIMESTAMP\(\)$/i, () => [{ now: Math.floor(Date.now() / 1000) }]],
    [
      /^SELECT (VERSION\(\)|@@(?:global\.)?version)(?: AS (\w+))?$/i,
      ([, name, alias]) => [{ [alias ?? `${name}`]: this.#version }],
    ],
    [/^SELECT @@(?:global\.)?server_id(?: AS (\w+))?$/i, ([, alias]) => [{ [alias ?? 'server_id']: this.#serverId }]],
    [/^SHOW VARIABLES LIKE 'server_id'$/i, () => [{ Variable_name: 'server_id', Value: this.#serverId }]],
    [/^SELECT @master_binlog_checksum$/i, () => [{ checksum: 'NONE' }]],
    [/^SELECT @@global\.gtid_domain_id$/i, () => [{ domain: 0 }]],
    [/^SHOW VARIABLES LIKE 'maxscale%'$/i, () => [{ Variable_name: 'MAXSCALE_VERSION', Value: MAXSCALE }]],
    [/^SHOW (?:ALL )?SLAVES? STATUS$/i, () => [this.#status()]],
    [/^SHOW MASTER STATUS$/i, () => [{ File: this.end.file, Position: this.end.position, Binlog_Do_DB: '' }]],
    [/^SHOW SLAVE HOSTS$/i, () => this.#hosts()],
    [/^STOP SLAVE$/i, () => this.#switch(false)],
    [/^START SLAVE$/i, () => this.#switch(true)],
    [/^CHANGE MASTER TO (.+)$/i, ([, options]) => this.#change(options ?? '')],
  ];

  get #version(): string {
    return this.tellsItsKind ? `${MAXSCALE}-maxscale` : '10.11.0-MariaDB';
  }

  #status() {
    const { file, position } = this.end;
    const error = this.#link?.error ?? '';
    const connected = this.receiving ? 'Yes' : 'Connecting';
    return {
      Slave_IO_State: this.receiving ? 'Binlog Dump' : '',
      ...{ Master_Host: this.#source.hostname, Master_User: 'repl', Master_Port: this.#source.port },
      ...{ Master_Log_File: file, Read_Master_Log_Pos: position, Relay_Log_File: file, Relay_Log_Pos: position },
      ...{ Relay_Master_Log_File: file, Exec_Master_Log_Pos: position },
      Slave_IO_Running: this.#link === undefined ? 'No' : connected,
      Slave_SQL_Running: this.#link === undefined ? 'No' : 'Yes',
      ...{
        Last_IO_Errno: error === '' ? 0 : CANNOT_CONNECT,
        Last_IO_Error: error,
        Last_SQL_Errno: 0,
        Last_SQL_Error: '',
      },
      ...{ Seconds_Behind_Master: 0, Master_Server_Id: 0 },
    };
  }

  #hosts(): SqlAnswer {
    const found = [...this.#registered.values()].map(({ serverId, hostname, port }) => ({
      ...{ Server_id: serverId, Host: hostname, Port: port, Master_id: this.#serverId, Slave_UUID: '' },
    }));
    return found.length > 0 ? found : 'done';
  }

  #switch(on: boolean): SqlAnswer {
    if (on === (this.#link !== undefined)) return on ? RUNNING_ALREADY : STOPPED_ALREADY;
    if (on) this.#receive();
    else this.pause();
    return 'done';
  }

  #change(options: string): SqlAnswer {
    if (this.#link !== undefined) return RUNNING;
    const option = (name: string) => new RegExp(`MASTER_${name} = '?([^',]+)'?`, 'i').exec(options)?.[1];
    const { file, position } = this.end;
    const to = { file: option('LOG_FILE') ?? file, position: Number(option('LOG_POS') ?? position) };
    const next = file.replace(/\d+$/, (digits) => String(Number(digits) + 1).padStart(digits.length, '0'));
    const stays = to.file === file && to.position === position;
    if (!stays && !(to.file === next && to.position === 4))
      return {
        errno: 1234,
        message: `Can not set MASTER_LOG_FILE to ${to.file}: Permitted binlog file names are ${file} or ${next}`,
      };
    if (!stays) this.#log.begin(next);
    this.#source = {
      hostname: option('HOST') ?? this.#source.hostname,
      port: Number(option('PORT') ?? this.#source.port),
    };
    return 'done';
  }
}
