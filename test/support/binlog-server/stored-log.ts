// The binary log of a source as a binlog server has received it: the same files, the same positions, the same bytes.

import { EventEmitter } from 'node:events';

const EVENT = { rotate: 4, description: 15, heartbeat: 27 } as const;
const HEADER = { type: 4, server: 5, size: 9, position: 13, flags: 17, length: 19 } as const;
/** Made by the source for its replicas: it stands in no file. */
const ARTIFICIAL = 0x20;
const FIRST_POSITION = 4;
/** Of the event that describes the format: when the source began the log; zero where it is only told once more. */
const CREATED_AT = HEADER.length + 2 + 50;

export interface LogPosition {
  readonly file: string;
  readonly position: number;
}

interface StoredEvent {
  readonly begins: number;
  readonly ends: number;
  readonly bytes: Buffer;
}

export class StoredLog extends EventEmitter<{ grown: [] }> {
  readonly #files = new Map<string, StoredEvent[]>();
  #current = '';

  get files(): readonly string[] {
    return [...this.#files.keys()];
  }

  /** Where the next event comes to stand. The file is empty before the first one was begun. */
  get end(): LogPosition {
    return { file: this.#current, position: this.endOf(this.#current) };
  }

  endOf(file: string): number {
    return this.#files.get(file)?.at(-1)?.ends ?? FIRST_POSITION;
  }

  begin(file: string): void {
    if (!this.#files.has(file)) this.#files.set(file, []);
    this.#current = file;
    this.emit('grown');
  }

  /** What a source sends: an event of a file, or one that is only about them. */
  take(event: Buffer): void {
    const type = event[HEADER.type];
    const ends = event.readUInt32LE(HEADER.position);
    const artificial = (event.readUInt16LE(HEADER.flags) & ARTIFICIAL) !== 0 || ends === 0;
    if (type === EVENT.heartbeat) return;
    if (type === EVENT.rotate && artificial) {
      this.begin(event.toString('utf8', HEADER.length + 8));
      return;
    }
    if (artificial || ends <= this.end.position) return; // told once more
    const bytes = Buffer.from(event);
    this.#files.get(this.#current)?.push({ begins: ends - event.readUInt32LE(HEADER.size), ends, bytes });
    this.emit('grown');
  }

  /** Undefined: there is nothing behind this position yet. */
  next({ file, position }: LogPosition): { readonly bytes: Buffer; readonly behind: LogPosition } | undefined {
    const event = firstFrom(this.#files.get(file) ?? [], position);
    if (event !== undefined) return { bytes: event.bytes, behind: { file, position: event.ends } };
    const after = this.files[this.files.indexOf(file) + 1];
    if (after === undefined) return undefined;
    const behind = { file: after, position: FIRST_POSITION };
    return { bytes: this.rotation(behind), behind };
  }

  /** Why a replica cannot begin there; undefined: it can. */
  whyNotFrom({ file, position }: LogPosition): string | undefined {
    if (!this.#files.has(file)) return 'Could not find first log file name in binary log index file';
    if (position <= this.endOf(file)) return undefined;
    return 'Client requested master to start replication from position > file size';
  }

  /** What is said in front of the first event: the file, and, behind its beginning, its format. */
  opening(from: LogPosition): readonly Buffer[] {
    const rotation = this.rotation(from);
    const first = this.#files.get(from.file)?.[0]?.bytes;
    if (from.position <= FIRST_POSITION || first === undefined) return [rotation];
    const description = Buffer.from(first);
    description.writeUInt32LE(0, HEADER.position);
    description.writeUInt32LE(0, CREATED_AT);
    return [rotation, description];
  }

  rotation({ file, position }: LogPosition): Buffer {
    const place = Buffer.alloc(8);
    place.writeUInt32LE(position, 0);
    return this.#made(EVENT.rotate, 0, ARTIFICIAL, Buffer.concat([place, Buffer.from(file)]));
  }

  heartbeat({ file, position }: LogPosition): Buffer {
    return this.#made(EVENT.heartbeat, position, 0, Buffer.from(file));
  }

  /** In the name of whoever wrote the log. */
  #made(type: number, position: number, flags: number, body: Buffer): Buffer {
    const header = Buffer.alloc(HEADER.length);
    const writer = this.#files.get(this.#current)?.[0]?.bytes.readUInt32LE(HEADER.server) ?? 1;
    header[HEADER.type] = type;
    header.writeUInt32LE(writer, HEADER.server);
    header.writeUInt32LE(HEADER.length + body.length, HEADER.size);
    header.writeUInt32LE(position, HEADER.position);
    header.writeUInt16LE(flags, HEADER.flags);
    return Buffer.concat([header, body]);
  }
}

/** The first that does not begin before this position. There are many, and they are asked for one by one. */
function firstFrom(events: readonly StoredEvent[], position: number): StoredEvent | undefined {
  let [low, high] = [0, events.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((events[middle]?.begins ?? 0) < position) low = middle + 1;
    else high = middle;
  }
  return events[low];
}
