// Programs with a library of ours between them and the system's: one that shifts the wall clock, one that makes the disk slow. Each
// reads what it is to do from a file of its own, again and again, so that it can be changed while the program runs.

import { spawnSync } from 'node:child_process';
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CACHE } from '../../scripts/sandbox/sandbox.ts';
import type { Place } from './daemon.ts';

function preloaded(place: Place, library: string, variables: Readonly<Record<string, string>>): Place {
  const settings = Object.entries({ LD_PRELOAD: library, ...variables }).map(([name, value]) => `${name}=${value}`);
  return { ...place, run: (file, args, log) => place.run('env', [...settings, file, ...args], log) };
}

/** At once: nobody reads half of it. */
function replace(file: string, text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

/** A wall clock for each program, by libfaketime; the monotonic clock is the system's own. */
export class WallClocks {
  readonly #directory: string;
  readonly #library: string;

  private constructor(directory: string, library: string) {
    this.#directory = directory;
    this.#library = library;
  }

  /** Undefined: the library was not fetched. @param directory where the files of the clocks are */
  static open(directory: string): WallClocks | undefined {
    const library = join(CACHE, 'faketime/root/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1');
    return existsSync(library) ? new WallClocks(directory, resolve(library)) : undefined;
  }

  /** The same place, where programs go by the clock of this name. */
  place(place: Place, name: string): Place {
    this.set(name, 0);
    return preloaded(place, this.#library, {
      FAKETIME_TIMESTAMP_FILE: this.#file(name),
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      NO_FAKE_STAT: '1',
    });
  }

  /** @param aheadSeconds of the true time when the program began @param rate seconds that pass in one, since then */
  set(name: string, aheadSeconds: number, rate = 1): void {
    replace(this.#file(name), `${aheadSeconds < 0 ? '' : '+'}${aheadSeconds}${rate === 1 ? '' : ` x${rate}`}`);
  }

  #file(name: string): string {
    return join(this.#directory, `clock-${name}`);
  }
}

/** The log of the group of each program on a disk that can be made to take its time, by a library that is compiled here. */
export class SlowDisks {
  readonly #directory: string;
  readonly #library: string;

  private constructor(directory: string, library: string) {
    this.#directory = directory;
    this.#library = library;
  }

  /** Undefined: there is no C compiler. */
  static open(directory: string): SlowDisks | undefined {
    const library = join(directory, 'slow-sync.so');
    const { status } = spawnSync('cc', ['-shared', '-fPIC', '-O', '-o', library, 'test/support/slow-sync.c', '-ldl']);
    return status === 0 ? new SlowDisks(directory, library) : undefined;
  }

  place(place: Place, name: string): Place {
    this.set(name, 0);
    return preloaded(place, this.#library, { SLOW_SYNC_FILE: this.#file(name), SLOW_SYNC_PATH: 'raft_store' });
  }

  /** What each sync of its log takes longer from now on. */
  set(name: string, ms: number): void {
    replace(this.#file(name), String(ms));
  }

  #file(name: string): string {
    return join(this.#directory, `slow-${name}`);
  }
}
