// A process that dies in the middle of its writes leaves a sound file, with everything in it that it was told to be stored.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Backend } from '../../../internal/backend/backend.ts';
import { systemClock } from '../../../internal/runtime/clock.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import { readBackend } from '../../support/backend-fixture.ts';

const writer = fileURLToPath(new URL('./heavy-writer.js', import.meta.url));
const KILLS = 20;

describe('an SQLite backend whose process is killed while it writes', () => {
  let directory = '';
  let file = '';

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'killed-'));
    file = join(directory, 'orchestrator.sqlite3');
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  /** Kills the writer as soon as it has said so many words; the answer is every word that it said before it was gone. */
  async function killedAfter(words: number, mark: string): Promise<readonly string[]> {
    const child = spawn(process.execPath, [writer, file, mark], { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    const complete = () => said.split('\n').slice(0, -1);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (complete().length >= words) child.kill('SIGKILL');
    });
    await once(child, 'close');
    assert.equal(child.signalCode, 'SIGKILL', said);
    return complete();
  }

  const textsOf = (sql: string) => new Set(readBackend(file, sql).map((row) => String(Object.values(row)[0])));

  it(`is sound ${KILLS} times in a row, and nothing that was stored is lost`, async () => {
    const said: string[] = [];
    for (let round = 1; round <= KILLS; round += 1) {
      said.push(...(await killedAfter(7 * round, `r${round}`)));
      assert.deepEqual(readBackend(file, 'PRAGMA integrity_check'), [{ integrity_check: 'ok' }], `round ${round}`);
    }
    const found = {
      claim: textsOf('SELECT uid FROM topology_recovery'),
      step: textsOf('SELECT recovery_uid FROM recovery_journal'),
    };
    const fences = textsOf('SELECT port FROM fence_intent');
    let newest = ''; // an earlier fence is dropped again where its server is somebody's successor
    for (const word of said) {
      const [kind = '', uid = '', port = ''] = word.split(':');
      if (kind === 'fence') newest = port;
      else assert.ok(found[kind as keyof typeof found].has(uid), `${word} is lost`);
    }
    assert.ok(fences.has(newest), `the fence of port ${newest} is lost`);
    assert.ok(said.length > 7 * KILLS, `${said.length}`);

    const backend = Backend.openSqlite(file, {
      node: { hostname: 'here', token: 'after' },
      clock: systemClock,
      log: silentLog,
      flushMs: 1_000,
    });
    try {
      assert.equal((await backend.recoveries.load(1_000)).length, Math.min(1_000, found.claim.size));
      assert.ok((await backend.instances.load()).length > 0);
    } finally {
      await backend.close();
    }
  });
});
