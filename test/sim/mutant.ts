import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { CoreClass } from './world.ts';

/** A bug planted on purpose: in `file` of the core, the one place that reads `find` reads `put` instead. */
export interface Mutant {
  readonly bug: string;
  readonly file: string;
  readonly find: string;
  readonly put: string;
  /** Set where only transcripts show it. */
  readonly by?: 'transcripts';
  /** A run that is known to show it, tried before the others to save time. */
  readonly seed?: number;
}

// Beside this file's own tree: sources when run from them, compiled files when run from `dist`.
const CORE = new URL('../../internal/raft/core/', import.meta.url);
const EXTENSION = import.meta.url.endsWith('.ts') ? '.ts' : '.js';

/** Loads a copy of the core with that bug in it, and hands it to `use`. The copy is gone afterwards. */
export async function withMutant<T>({ bug, file, find, put }: Mutant, use: (Core: CoreClass) => T): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'raft-mutant-'));
  try {
    cpSync(CORE, folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    const path = join(folder, file + EXTENSION);
    const source = readFileSync(path, 'utf8');
    const pattern = inAnyLayout(find);
    const places = source.match(new RegExp(pattern, 'g'))?.length ?? 0;
    if (places !== 1) throw new Error(`"${bug}": ${file} reads "${find}" in ${places} places`);
    writeFileSync(
      path,
      source.replace(pattern, () => put),
    );
    const module: { readonly RaftCore: CoreClass } = await import(pathToFileURL(join(folder, `core${EXTENSION}`)).href);
    return use(module.RaftCore);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The compiler breaks lines in other places than the sources do. */
function inAnyLayout(code: string): RegExp {
  const words = code.split(/\s+/).map((word) => word.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(words.join('\\s+'));
}
