import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { commands, inDirectory, open, reopened, someBytes } from '../../support/raft-store.ts';

const OWN = import.meta.url;
const WRITER = fileURLToPath(new URL(`../../support/raft-store-writer${OWN.slice(OWN.lastIndexOf('.'))}`, OWN));

/** Batches after which a writer is killed that should have ended by itself. */
const AT_MOST = 5_000;

/** With a limit, no file of the process grows beyond so many KiB: writes fail as on a broken disk (EFBIG, not "no space"). */
function startWriter(directory: string, limitKiB?: number): ChildProcess {
  const node = [process.execPath, ...process.execArgv, WRITER, directory];
  const limit = limitKiB === undefined ? '' : `ulimit -f ${limitKiB}; `;
  return spawn('bash', ['-c', `${limit}exec "$@"`, 'writer', ...node], { stdio: ['ignore', 'pipe', 'inherit'] });
}

interface Said {
  /** Last index that was reported durable. */
  readonly acknowledged: number;
  readonly lines: readonly string[];
}

/** Listens until the process is gone; kills it when it has acknowledged so many batches. */
async function listen(writer: ChildProcess, killAfter: number): Promise<Said> {
  const ended = once(writer, 'close');
  const lines: string[] = [];
  for await (const line of createInterface({ input: writer.stdout! })) {
    lines.push(line);
    if (lines.length === killAfter) writer.kill('SIGKILL');
  }
  await ended;
  const numbers = lines.map(Number).filter((number) => number > 0);
  return { acknowledged: numbers.at(-1) ?? 0, lines };
}

describe('a process with a store', function () {
  this.timeout(120_000);

  it('loses nothing that it acknowledged when it is killed, twenty times in the middle of writing', () =>
    inDirectory(async (directory) => {
      let before = 0;
      const random = someBytes(20, 3);
      for (const [round, byte] of random.entries()) {
        const { acknowledged, lines } = await listen(startWriter(directory), 2 + (byte % 80));
        assert.equal(lines[0], `opened ${before}`, `round ${round}`);
        const { entries, before: start, hardState } = reopened(directory);
        const last = entries.at(-1)?.index ?? start.index;
        assert(last >= acknowledged, `round ${round}: ${acknowledged} was acknowledged, the log ends at ${last}`);
        assert.equal(hardState.term, last, 'term and entries of a write are one');
        assert.deepEqual(entries, commands(start.index + 1, last - start.index, 1));
        before = last;
      }
      assert(before > 1_000, `only ${before} entries`);
    }));

  it('keeps others out', () =>
    inDirectory(async (directory) => {
      const { store } = open(directory);
      const { lines } = await listen(startWriter(directory), AT_MOST);
      store.close();
      assert.match(lines.join(), new RegExp(`^CONFLICT .*RaftDataDir ${directory} is in use by another process`));
    }));

  it('ends where the disk fails in another way than being full, and has what it acknowledged', () =>
    inDirectory(async (directory) => {
      const { acknowledged, lines } = await listen(startWriter(directory, 900), AT_MOST);
      assert.match(lines.at(-1) ?? '', /^RAFT_STORE_FAILED .*failed: disk I\/O error/);
      assert(acknowledged > 0);
      const { entries, before } = reopened(directory);
      assert((entries.at(-1)?.index ?? before.index) >= acknowledged);
    }));
});
