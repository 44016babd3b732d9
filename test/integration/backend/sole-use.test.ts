import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SoleUse } from '../../../internal/backend/sole-use.ts';

describe('the right to act on an SQLite backend', () => {
  let directory = '';
  let file = '';

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'sole-use-'));
    file = join(directory, 'orchestrator.sqlite3');
  });

  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('is had by one at a time', () => {
    const first = SoleUse.take(file);
    assert.throws(() => SoleUse.take(file), /another process works on the backend/);
    first.release();
    SoleUse.take(file).release();
  });

  it('ends with a process that is killed', async () => {
    const module = new URL('../../../internal/backend/sole-use.js', import.meta.url);
    const script = `import(${JSON.stringify(module)}).then(({ SoleUse }) => {
      globalThis.held = SoleUse.take(${JSON.stringify(file)}); // what nobody refers to is closed
      process.stdout.write('held');
      setInterval(() => {}, 1000);
    })`;
    const holder = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await once(holder.stdout, 'data');
      assert.throws(() => SoleUse.take(file), /another process works on the backend/);
    } finally {
      const ended = once(holder, 'exit');
      holder.kill('SIGKILL');
      await ended;
    }
    SoleUse.take(file).release();
  });

  it('concerns no one where the backend is in memory', () => {
    const first = SoleUse.take(':memory:');
    SoleUse.take(':memory:').release();
    first.release();
  });
});
