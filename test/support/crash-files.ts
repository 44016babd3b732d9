// File systems that fail on purpose.

import type { Files, OpenFor } from '../../internal/raft/store/files.ts';

export class Crash extends Error {}

/** Works up to the given number of calls; from then on nothing does, as if the process were gone. */
export function crashingAfter(calls: number, files: Files): Files & { readonly calls: number } {
  let made = 0;
  const counted =
    <A extends unknown[], R>(call: (...args: A) => R) =>
    (...args: A): R => {
      if (made >= calls) throw new Crash(`call ${made + 1}`);
      made += 1;
      return call(...args);
    };
  const wrapped = Object.fromEntries(Object.entries(files).map(([name, call]) => [name, counted(call)]));
  return Object.defineProperty(wrapped, 'calls', { get: () => made }) as unknown as Files & { readonly calls: number };
}

interface Inode {
  bytes: Buffer;
  synced: Buffer | undefined;
}

/** Directories are there; what is not synced is gone after a power cut: bytes of files, and names in directories. */
export class MemoryFiles {
  #names = new Map<string, Inode>();
  #syncedNames = new Map<string, Inode>();
  readonly #open = new Map<number, Inode | string>();
  #next = 3;

  /** What is found after the power was cut, or, with `kept`, after the process was killed. */
  after(kept: boolean): MemoryFiles {
    const found = new MemoryFiles();
    for (const [name, { bytes, synced }] of kept ? this.#names : this.#syncedNames) {
      const left = kept ? bytes : (synced ?? Buffer.alloc(0));
      const inode = { bytes: Buffer.from(left), synced: Buffer.from(left) };
      found.#names.set(name, inode);
      found.#syncedNames.set(name, inode);
    }
    return found;
  }

  port(): Files {
    return {
      open: (path, purpose) => this.#opened(path, purpose),
      close: (file) => void this.#open.delete(file),
      read: (file, into, position) => this.#inode(file).bytes.copy(into, 0, position, position + into.length),
      write: (file, bytes, position) => this.#write(this.#inode(file), bytes.subarray(0, 70_000), position),
      sync: (file) => this.#sync(file),
      rename: (from, to) => {
        this.#names.set(to, this.#named(from));
        this.#names.delete(from);
      },
      remove: (path) => void this.#names.delete(path),
      list: (directory) =>
        [...this.#names.keys()]
          .filter((name) => name.startsWith(`${directory}/`))
          .map((name) => name.slice(directory.length + 1)),
      makeDirectory: () => {},
      size: (path) => this.#names.get(path)?.bytes.length,
      freeBytes: () => Number.MAX_SAFE_INTEGER,
    };
  }

  #opened(path: string, purpose: OpenFor): number {
    const file = this.#next;
    this.#next += 1;
    const isDirectory = purpose === 'reading' && !this.#names.has(path);
    if (purpose === 'new' || purpose === 'fresh') this.#names.set(path, { bytes: Buffer.alloc(0), synced: undefined });
    this.#open.set(file, isDirectory ? path : this.#named(path));
    return file;
  }

  #write(inode: Inode, bytes: Uint8Array, position: number): number {
    const needed = position + bytes.length - inode.bytes.length;
    if (needed > 0) inode.bytes = Buffer.concat([inode.bytes, Buffer.alloc(needed)]);
    inode.bytes.set(bytes, position);
    return bytes.length;
  }

  #sync(file: number): void {
    const target = this.#open.get(file);
    if (typeof target !== 'string') {
      const inode = this.#inode(file);
      inode.synced = Buffer.from(inode.bytes);
      return;
    }
    const within = ([name]: [string, Inode]) => name.startsWith(`${target}/`);
    const others = [...this.#syncedNames].filter((entry) => !within(entry));
    this.#syncedNames = new Map([...others, ...[...this.#names].filter(within)]);
  }

  #inode(file: number): Inode {
    const target = this.#open.get(file);
    if (target === undefined || typeof target === 'string') throw new Error(`${file} is no open file`);
    return target;
  }

  #named(path: string): Inode {
    const inode = this.#names.get(path);
    if (inode === undefined) throw Object.assign(new Error(`no ${path}`), { code: 'ENOENT' });
    return inode;
  }
}
