// A second look at SQLite's write-ahead log (format: sqlite.org/fileformat2.html, section 4). SQLite believes it up to the first frame that
// is not right and ignores the rest, as it should where the last transaction was cut short by a power cut. But where another
// transaction was begun behind such a frame, the one with the frame had been synced, and what SQLite ignores was reported durable.

const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const MAGIC = 0x377f0682;

type Sum = readonly [number, number];

/** Number of the first bad frame, from 1 on, if whole transactions were lost behind it or with it; 0 for the header. */
export function badFrameInside(wal: Uint8Array): number | undefined {
  if (wal.length < HEADER_BYTES) return undefined;
  const log = new WriteAheadLog(wal);
  const bad = log.firstBad();
  for (let frame = Math.max(1, bad); frame < log.frames; frame += 1) {
    if (log.isOfThisRound(frame) && log.isCommit(frame) && log.follows(frame + 1, log.storedSum(frame))) return bad;
  }
  return undefined;
}

class WriteAheadLog {
  readonly #view: DataView;
  /** Of the words that are summed up; and the size of a page. Where the header is wrong: as this program's files have them. */
  readonly #littleEndian: boolean = true;
  readonly #pageBytes: number = 4096;
  /** Where the salts of this round stand. A header is within one sector, so a wrong one was right: what follows it is of its round. */
  readonly #saltsAt: number = HEADER_BYTES + 8;
  readonly #headerIsRight: boolean;
  /** Whole frames in the file, left over from earlier rounds or not. */
  readonly frames: number;

  constructor(wal: Uint8Array) {
    this.#view = new DataView(wal.buffer, wal.byteOffset, wal.byteLength);
    const magic = this.#view.getUint32(0);
    const littleEndian = (magic & 1) === 0;
    this.#headerIsRight = (magic & ~1) === MAGIC && same(this.#sum([0, 0], 0, 24, littleEndian), this.#sumAt(24));
    if (this.#headerIsRight) {
      this.#littleEndian = littleEndian;
      this.#pageBytes = this.#view.getUint32(8);
      this.#saltsAt = 16;
    }
    this.frames = Math.floor((wal.length - HEADER_BYTES) / (FRAME_HEADER_BYTES + this.#pageBytes));
  }

  /** One more than there are frames, where all are right. */
  firstBad(): number {
    if (!this.#headerIsRight) return 0;
    let sum = this.#sumAt(24);
    for (let frame = 1; frame <= this.frames; frame += 1) {
      if (!this.follows(frame, sum)) return frame;
      sum = this.storedSum(frame);
    }
    return this.frames + 1;
  }

  /** Frames of earlier rounds carry other salts. */
  isOfThisRound(frame: number): boolean {
    const at = this.#at(frame);
    return [0, 4].every((word) => this.#view.getUint32(at + 8 + word) === this.#view.getUint32(this.#saltsAt + word));
  }

  isCommit(frame: number): boolean {
    return this.#view.getUint32(this.#at(frame) + 4) !== 0;
  }

  /** Whether the frame is right and was written behind one with this checksum. */
  follows(frame: number, before: Sum): boolean {
    if (!this.isOfThisRound(frame)) return false;
    const at = this.#at(frame);
    const sum = this.#sum(this.#sum(before, at, 8), at + FRAME_HEADER_BYTES, this.#pageBytes);
    return same(sum, this.storedSum(frame));
  }

  storedSum(frame: number): Sum {
    return this.#sumAt(this.#at(frame) + 16);
  }

  #sumAt(at: number): Sum {
    return [this.#view.getUint32(at), this.#view.getUint32(at + 4)];
  }

  #sum(before: Sum, from: number, bytes: number, littleEndian = this.#littleEndian): Sum {
    let [a, b] = before;
    for (let at = from; at < from + bytes; at += 8) {
      a = (a + this.#view.getUint32(at, littleEndian) + b) >>> 0;
      b = (b + this.#view.getUint32(at + 4, littleEndian) + a) >>> 0;
    }
    return [a, b];
  }

  #at(frame: number): number {
    return HEADER_BYTES + (frame - 1) * (FRAME_HEADER_BYTES + this.#pageBytes);
  }
}

function same(one: Sum, other: Sum): boolean {
  return one[0] === other[0] && one[1] === other[1];
}
