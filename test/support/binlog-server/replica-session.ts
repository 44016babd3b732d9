// One connection of whoever asks the binlog server something: a replica that wants the log, or somebody with a statement.

import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { ADMIN_LOGIN, REPLICATION_LOGIN, TOPOLOGY_LOGIN } from '../../../scripts/sandbox/sandbox.ts';
import type { LogPosition, StoredLog } from './stored-log.ts';
import { COMMAND, greeting, PacketSocket, proofOf, readLogIn } from './wire.ts';

const LOGINS = [TOPOLOGY_LOGIN, REPLICATION_LOGIN, ADMIN_LOGIN];
const HEARTBEAT_MS = 400;
const ACCESS_DENIED = 1045;
const UNKNOWN_COMMAND = 1047;
const CANNOT_SERVE = 1236;

export interface RegisteredReplica {
  readonly serverId: number;
  readonly hostname: string;
  readonly port: number;
}

/** Rows, nothing but good news, or an error. */
export type SqlAnswer =
  | readonly Readonly<Record<string, string | number>>[]
  | 'done'
  | { readonly errno: number; readonly message: string };

export interface SessionDeps {
  readonly version: string;
  readonly log: StoredLog;
  readonly answer: (sql: string) => SqlAnswer;
  readonly registered: Map<Socket, RegisteredReplica>;
}

let sessions = 0;

export function serve(socket: Socket, deps: SessionDeps): void {
  const salt = Buffer.from(randomBytes(20).map((byte) => (byte % 94) + 33)); // no zero in it, which ends texts
  let known = false;
  const packets = new PacketSocket(socket, (payload) => {
    if (known) return command(socket, packets, payload, deps);
    const { user, proof } = readLogIn(payload);
    known = LOGINS.some((one) => one.user === user && proofOf(one.password, salt).equals(proof));
    if (known) packets.ok();
    else {
      packets.error(ACCESS_DENIED, `Access denied for user '${user}'`);
      socket.end();
    }
  });
  socket.once('close', () => deps.registered.delete(socket));
  sessions += 1;
  packets.send(greeting(deps.version, sessions, salt));
}

function command(socket: Socket, packets: PacketSocket, payload: Buffer, deps: SessionDeps): void {
  switch (payload[0]) {
    case COMMAND.quit:
      socket.end();
      return;
    case COMMAND.ping:
      packets.ok();
      return;
    case COMMAND.query: {
      const answer = deps.answer(payload.toString('utf8', 1).trim());
      if (answer === 'done') packets.ok();
      else if ('errno' in answer) packets.error(answer.errno, answer.message);
      else packets.rows(answer);
      return;
    }
    case COMMAND.registerReplica:
      deps.registered.set(socket, registration(payload));
      packets.ok();
      return;
    case COMMAND.binlogDump:
      dump(socket, packets, deps.log, {
        file: payload.toString('utf8', 11) || (deps.log.files[0] ?? ''),
        position: payload.readUInt32LE(1),
      });
      return;
    default:
      packets.error(UNKNOWN_COMMAND, 'Unknown command');
  }
}

function registration(payload: Buffer): RegisteredReplica {
  let at = 5;
  const text = () => {
    const length = payload[at] ?? 0;
    const found = payload.toString('utf8', at + 1, at + 1 + length);
    at += 1 + length;
    return found;
  };
  const [hostname = ''] = [text(), text(), text()];
  return { serverId: payload.readUInt32LE(1), hostname, port: payload.readUInt16LE(at) };
}

/** What is stored, then what comes in, until the replica leaves. */
function dump(socket: Socket, packets: PacketSocket, log: StoredLog, from: LogPosition): void {
  const why = log.whyNotFrom(from);
  if (why !== undefined) {
    packets.error(CANNOT_SERVE, why);
    return;
  }
  let at = from;
  const send = (event: Buffer) => packets.send(Buffer.concat([Buffer.from([0]), event]));
  const more = () => {
    for (let next = log.next(at); next !== undefined; next = log.next(at)) {
      send(next.bytes);
      at = next.behind;
    }
  };
  for (const event of log.opening(from)) send(event);
  more();
  log.on('grown', more);
  const beat = setInterval(() => send(log.heartbeat(at)), HEARTBEAT_MS);
  socket.once('close', () => {
    clearInterval(beat);
    log.off('grown', more);
  });
}
