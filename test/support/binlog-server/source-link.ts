// The receiving half: logs in to the source as a replica does and asks for its log from where the stored one ends, over and over.

import { connect, type Socket } from 'node:net';
import type { InstanceKey } from '../../../internal/topology/instance-key.ts';
import { REPLICATION_LOGIN } from '../../../scripts/sandbox/sandbox.ts';
import type { StoredLog } from './stored-log.ts';
import { COMMAND, counted, EOF_MARK, ERROR_MARK, logIn, PacketSocket, proofOf, saltOf, uint } from './wire.ts';

const RETRY_MS = 100;
/** Rows as they are annotated are sent, too: the stored log lacks nothing. */
const WITH_ANNOTATIONS = 2;
const HEARTBEAT_NS = 500_000_000;

export interface LinkOptions {
  readonly source: InstanceKey;
  readonly log: StoredLog;
  /** Under which the source lists us. */
  readonly own: { readonly serverId: number; readonly key: InstanceKey };
}

export class SourceLink {
  /** The source sends its log. */
  receiving = false;
  error = '';
  readonly #options: LinkOptions;
  #socket: Socket | undefined;
  #retry: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#connect();
  }

  stop(): void {
    this.#ended = true;
    clearTimeout(this.#retry);
    this.#socket?.destroy();
    this.receiving = false;
  }

  #connect(): void {
    const { hostname: host, port } = this.#options.source;
    const socket = connect({ host, port });
    this.#socket = socket;
    socket.once('close', () => {
      this.receiving = false;
      this.error ||= `error connecting to master '${REPLICATION_LOGIN.user}@${host}:${port}'`;
      if (!this.#ended) this.#retry = setTimeout(() => this.#connect(), RETRY_MS);
    });
    const steps = this.#conversation();
    steps.next();
    const packets = new PacketSocket(socket, (payload) => {
      if (this.#ended) return;
      if (payload[0] === ERROR_MARK) {
        this.error = payload.toString('utf8', 9);
        socket.destroy();
      } else steps.next({ payload, packets });
    });
  }

  /** Each answer lets the next thing be said; behind the last one comes the log. */
  *#conversation(): Generator<undefined, void, { readonly payload: Buffer; readonly packets: PacketSocket }> {
    const { log, own } = this.#options;
    const { user, password } = REPLICATION_LOGIN;
    const hello = yield;
    hello.packets.send(logIn(user, proofOf(password, saltOf(hello.payload))));
    const { packets } = yield;
    for (const words of [
      `SET @master_heartbeat_period = ${HEARTBEAT_NS}`,
      "SET @master_binlog_checksum = 'NONE'",
      'SET @mariadb_slave_capability = 4',
    ]) {
      packets.command(COMMAND.query, Buffer.from(words));
      yield;
    }
    const { hostname, port } = own.key;
    const name = [counted(hostname), counted(user), counted('')];
    packets.command(
      COMMAND.registerReplica,
      Buffer.concat([uint(own.serverId, 4), ...name, uint(port, 2), uint(0, 4), uint(0, 4)]),
    );
    yield;
    const { file, position } = log.end;
    packets.command(
      COMMAND.binlogDump,
      Buffer.concat([uint(position, 4), uint(WITH_ANNOTATIONS, 2), uint(own.serverId, 4), Buffer.from(file)]),
    );
    for (;;) {
      const { payload } = yield;
      if (payload[0] === EOF_MARK) return;
      this.receiving = true;
      this.error = '';
      log.take(payload.subarray(1));
    }
  }
}
