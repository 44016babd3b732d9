// The file system as this room sees it: synchronous, small, and replaceable, so that a test can stop the world after any call.

import * as fs from 'node:fs';
import { dirname } from 'node:path';

/** `new`: must not be there yet. `fresh`: emptied if it is. */
export type OpenFor = 'reading' | 'updating' | 'new' | 'fresh';

export interface Files {
  /** Files are made for their owner alone. A directory can be opened for reading, to sync it. */
  open(path: string, purpose: OpenFor): number;
  close(file: number): void;
  /** Both may move fewer bytes than asked for; 0 read is the end of the file. */
  read(file: number, into: Uint8Array, position: number): number;
  write(file: number, bytes: Uint8Array, position: number): number;
  sync(file: number): void;
  rename(from: string, to: string): void;
  remove(path: string): void;
  /** Names in a directory; none where there is no directory. */
  list(directory: string): readonly string[];
  /** For its owner alone; it may be there already. */
  makeDirectory(path: string): void;
  /** Undefined: there is no such file. */
  size(path: string): number | undefined;
  /** What an ordinary user may still fill. */
  freeBytes(directory: string): number;
}

const FLAGS: Readonly<Record<OpenFor, string>> = { reading: 'r', updating: 'r+', new: 'wx', fresh: 'w' };

export const nodeFiles: Files = {
  open: (path, purpose) => fs.openSync(path, FLAGS[purpose], 0o600),
  close: (file) => fs.closeSync(file),
  read: (file, into, position) => fs.readSync(file, into, 0, into.length, position),
  write: (file, bytes, position) => fs.writeSync(file, bytes, 0, bytes.length, position),
  sync: (file) => fs.fsyncSync(file),
  rename: (from, to) => fs.renameSync(from, to),
  remove: (path) => fs.rmSync(path, { force: true }),
  list: (directory) => orWhereMissing([], () => fs.readdirSync(directory).sort()),
  makeDirectory: (path) => void fs.mkdirSync(path, { recursive: true, mode: 0o700 }),
  size: (path) => orWhereMissing(undefined, () => fs.statSync(path).size),
  freeBytes: (directory) => {
    const { bavail, bsize } = fs.statfsSync(directory);
    return bavail * bsize;
  },
};

/** Opens, works, and closes however the work ends. */
export function withFile<T>(files: Files, path: string, purpose: OpenFor, work: (file: number) => T): T {
  const file = files.open(path, purpose);
  try {
    return work(file);
  } finally {
    files.close(file);
  }
}

export function writeAll(files: Files, file: number, bytes: Uint8Array, position: number): void {
  let done = 0;
  while (done < bytes.length) done += files.write(file, bytes.subarray(done), position + done);
}

/** As many bytes as `into` holds; false where the file ends before. */
export function readAll(files: Files, file: number, into: Uint8Array, position: number): boolean {
  let done = 0;
  while (done < into.length) {
    const read = files.read(file, into.subarray(done), position + done);
    if (read === 0) return false;
    done += read;
  }
  return true;
}

/** Undefined: there is no such file. */
export function readWhole(files: Files, path: string): Uint8Array | undefined {
  const size = files.size(path);
  if (size === undefined) return undefined;
  const bytes = new Uint8Array(size);
  return withFile(files, path, 'reading', (file) => (readAll(files, file, bytes, 0) ? bytes : undefined));
}

/** Makes it durable that names in a directory came, went or changed. */
export function syncDirectory(files: Files, directory: string): void {
  withFile(files, directory, 'reading', (file) => files.sync(file));
}

/** The file holds the old bytes or the new ones, whatever happens on the way. */
export function replaceWhole(files: Files, path: string, bytes: Uint8Array): void {
  const draft = `${path}.draft`;
  withFile(files, draft, 'fresh', (file) => {
    writeAll(files, file, bytes, 0);
    files.sync(file);
  });
  files.rename(draft, path);
  syncDirectory(files, dirname(path));
}

function orWhereMissing<T>(otherwise: T, work: () => T): T {
  try {
    return work();
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === 'ENOENT') return otherwise;
    throw err;
  }
}
