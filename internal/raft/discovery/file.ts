import { open, watch } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorText, OrchestratorError } from '../../runtime/errors.ts';
import { type Address, parseAddress } from '../address.ts';
import type { Finder, Found } from './finder.ts';

export interface FileFinderSettings {
  readonly path: string;
  readonly defaultPort: number;
}

/** A list of nodes is small. Anything larger is another file. */
const MOST_BYTES = 256 * 1024;

/** One address per line, for whoever manages the hosts; blank lines and what follows a `#` are left out. */
export class FileFinder implements Finder {
  readonly #settings: FileFinderSettings;

  constructor(settings: FileFinderSettings) {
    this.#settings = settings;
  }

  async find(): Promise<Found> {
    const { path, defaultPort } = this.#settings;
    const addresses: Address[] = [];
    const problems: string[] = [];
    for (const [at, line] of (await readList(path)).split(/\r?\n/).entries()) {
      const text = line.replace(/#.*$/, '').trim();
      if (text === '') continue;
      try {
        addresses.push(parseAddress(text, `${path}:${at + 1}`, defaultPort));
      } catch (error) {
        problems.push(errorText(error));
      }
    }
    return { addresses, problems };
  }

  /** The folder is watched, not the file: whoever replaces it as a whole, or exchanges a link to it, is noticed too. */
  async changed(signal: AbortSignal): Promise<void> {
    try {
      for await (const _event of watch(dirname(this.#settings.path), { signal })) return;
    } catch {
      // no folder, or none that can be watched: it is read at intervals all the same
    }
    await new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
      if (signal.aborted) resolve();
    });
  }
}

async function readList(path: string): Promise<string> {
  try {
    const file = await open(path);
    try {
      const { size } = await file.stat();
      if (size > MOST_BYTES) throw new Error(`it has ${size} bytes, more than a list of nodes`);
      return await file.readFile('utf8');
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw new OrchestratorError('UNAVAILABLE', `the list of nodes ${path} cannot be read`, { cause });
  }
}
