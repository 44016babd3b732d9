// A name server on loopback, over UDP and TCP, that answers what a test says. RFC 1035 as far as A, AAAA and SRV need it.

import { createSocket, type Socket } from 'node:dgram';
import { createServer, type Server } from 'node:net';
import { freePort } from './daemon.ts';

export interface SrvAnswer {
  readonly port: number;
  readonly target: string;
}

/** Of one name. Kinds that are not named have no records (NODATA); a name that is not named does not exist. */
export interface Zone {
  readonly A?: readonly string[];
  readonly AAAA?: readonly string[];
  readonly SRV?: readonly SrvAnswer[];
  /** In place of all of them; `silent` and `failing` may concern one kind only. */
  readonly silent?: true | Kind;
  readonly failing?: true | Kind;
  /** Says over UDP that the answer does not fit: the client has to come over TCP. */
  readonly truncated?: true;
}

type Kind = 'A' | 'AAAA' | 'SRV';
const KINDS: Readonly<Record<number, Kind>> = { 1: 'A', 28: 'AAAA', 33: 'SRV' };
const SERVFAIL = 2;
const NXDOMAIN = 3;

interface Question {
  readonly name: string;
  readonly kind: number;
  readonly bytes: Buffer;
}

export class NameServer {
  readonly zones: Record<string, Zone> = {};
  /** `UDP A name`, in the order of arrival. */
  readonly asked: string[] = [];
  readonly address: string;
  readonly #udp: Socket;
  readonly #tcp: Server;

  private constructor(port: number, udp: Socket, tcp: Server) {
    this.address = `127.0.0.1:${port}`;
    this.#udp = udp;
    this.#tcp = tcp;
  }

  static async start(): Promise<NameServer> {
    const port = await freePort();
    const udp = createSocket('udp4');
    const tcp = createServer();
    const server = new NameServer(port, udp, tcp);
    udp.on('message', (query, from) => {
      const answer = server.#answer(query, 'UDP');
      if (answer !== undefined) udp.send(answer, from.port, from.address);
    });
    tcp.on('connection', (socket) => {
      socket.on('error', () => socket.destroy());
      socket.on('data', (bytes) => {
        const answer = server.#answer(bytes.subarray(2), 'TCP');
        if (answer !== undefined) socket.end(Buffer.concat([uint16(answer.length), answer]));
      });
    });
    await new Promise<void>((resolve) => udp.bind(port, '127.0.0.1', resolve));
    await new Promise<void>((resolve) => tcp.listen(port, '127.0.0.1', resolve));
    return server;
  }

  async stop(): Promise<void> {
    await new Promise<void>((resolve) => this.#udp.close(resolve));
    await new Promise<void>((resolve) => this.#tcp.close(() => resolve()));
  }

  #answer(query: Buffer, transport: 'UDP' | 'TCP'): Buffer | undefined {
    const question = questionOf(query);
    const kind = KINDS[question.kind];
    this.asked.push(`${transport} ${kind} ${question.name}`);
    const zone = this.zones[question.name.toLowerCase()];
    if (zone === undefined) return reply(query, question, { code: NXDOMAIN });
    if (zone.silent === true || (kind !== undefined && zone.silent === kind)) return undefined;
    if (zone.failing === true || (kind !== undefined && zone.failing === kind))
      return reply(query, question, { code: SERVFAIL });
    if (zone.truncated === true && transport === 'UDP') return reply(query, question, { truncated: true });
    return reply(query, question, { records: kind === undefined ? [] : recordsOf(zone, kind) });
  }
}

function questionOf(query: Buffer): Question {
  const labels: string[] = [];
  let at = 12;
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.'), kind: query.readUInt16BE(at + 1), bytes: query.subarray(12, at + 5) };
}

function recordsOf(zone: Zone, kind: Kind): readonly Buffer[] {
  if (kind === 'A') return (zone.A ?? []).map((ip) => Buffer.from(ip.split('.').map(Number)));
  if (kind === 'AAAA') return (zone.AAAA ?? []).map(ipv6Bytes);
  return (zone.SRV ?? []).map(({ port, target }) =>
    Buffer.concat([uint16(10), uint16(5), uint16(port), nameBytes(target)]),
  );
}

interface Answer {
  readonly code?: number;
  readonly truncated?: true;
  readonly records?: readonly Buffer[];
}

function reply(query: Buffer, { kind, bytes }: Question, { code = 0, truncated, records = [] }: Answer): Buffer {
  const flags = 0x8180 | (truncated === true ? 0x0200 : 0) | code;
  const header = Buffer.concat([query.subarray(0, 2), ...[flags, 1, records.length, 0, 0].map(uint16)]);
  // each record points at the name of the question; time to live: none
  const answers = records.map((data) =>
    Buffer.concat([uint16(0xc00c), uint16(kind), uint16(1), Buffer.alloc(4), uint16(data.length), data]),
  );
  return Buffer.concat([header, bytes, ...answers]);
}

function nameBytes(name: string): Buffer {
  const labels = name
    .replace(/\.$/, '')
    .split('.')
    .filter((label) => label !== '');
  return Buffer.concat([
    ...labels.map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`, 'latin1')),
    Buffer.alloc(1),
  ]);
}

function ipv6Bytes(ip: string): Buffer {
  const [head = '', tail = ''] = ip.split('::');
  const groups = (text: string) => text.split(':').filter((group) => group !== '');
  const [before, after] = [groups(head), groups(tail)];
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return Buffer.concat([...before, ...zeros, ...after].map((group) => uint16(Number.parseInt(group, 16))));
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}
