// The log of a node on the disk of this machine, against what the disk does by itself: 4 KiB and one fdatasync, over and over. The three
// are measured in turn, so that company on the machine meets all of them.

import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { aWrite, command, inDirectory, open, withStore } from '../support/raft-store.ts';
import type { Figure } from './figures.ts';

/** Of one sample. */
const BATCHES = 400;
const LARGE_BATCH = 64;
/** About what a registration or a recovery step takes. */
const TEXT = 'x'.repeat(200);
const RESTART_ENTRIES = 100_000;

export async function raftStore(runs: number): Promise<readonly Figure[]> {
  const plain: number[] = [];
  const single: number[] = [];
  const large: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    plain.push(await plainSyncRate());
    single.push(await perSecond((directory) => batches(directory, 1)));
    large.push(await perSecond((directory) => batches(directory, LARGE_BATCH)));
  }
  const ratios = (samples: readonly number[]) => samples.map((sample, run) => sample / (plain[run] ?? Number.NaN));
  return [
    { what: 'plain 4 KiB and fdatasync', unit: 'per second', samples: plain },
    { what: 'batches of 1 write', unit: 'per second', samples: single },
    { what: 'the same as a share of the plain rate', unit: '', samples: ratios(single) },
    { what: `batches of ${LARGE_BATCH} writes`, unit: 'per second', samples: large },
    { what: 'the same as a share of the plain rate', unit: '', samples: ratios(large) },
    {
      what: `writes in batches of ${LARGE_BATCH}`,
      unit: 'per second',
      samples: large.map((rate) => rate * LARGE_BATCH),
    },
    { what: `opening a log of ${RESTART_ENTRIES} entries`, unit: 'ms', samples: await openings(runs) },
  ];
}

/** What the disk does by itself. */
export function plainSyncRate(): Promise<number> {
  return perSecond(syncs);
}

/** Runs `BATCHES` of them in an empty directory. */
function perSecond(work: (directory: string) => number): Promise<number> {
  return inDirectory((directory) => (BATCHES / work(directory)) * 1_000);
}

/** Milliseconds without what comes before and after. */
function syncs(directory: string): number {
  const file = openSync(join(directory, 'plain'), 'w');
  const page = Buffer.alloc(4096);
  const startMs = performance.now();
  for (let batch = 0; batch < BATCHES; batch += 1) {
    writeSync(file, page, 0, page.length, batch * page.length);
    fdatasyncSync(file);
  }
  const tookMs = performance.now() - startMs;
  closeSync(file);
  return tookMs;
}

function batches(directory: string, size: number): number {
  return withStore(directory, (store) => {
    const startMs = performance.now();
    for (let batch = 0; batch < BATCHES; batch += 1) {
      const first = batch * size + 1;
      store.write(Array.from({ length: size }, (_, at) => aWrite({ append: [command(first + at, 1, TEXT)] })));
      store.upkeep();
    }
    return performance.now() - startMs;
  });
}

function openings(runs: number): Promise<readonly number[]> {
  return inDirectory((directory) => {
    withStore(directory, (store) => {
      for (let first = 1; first <= RESTART_ENTRIES; first += 1000) {
        const append = Array.from({ length: 1000 }, (_, at) => command(first + at, 1, TEXT));
        store.write([aWrite({ append })]);
      }
    });
    return Array.from({ length: runs }, () => {
      const startMs = performance.now();
      const { store } = open(directory);
      const tookMs = performance.now() - startMs;
      store.close();
      return tookMs;
    });
  });
}
