import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { unixGroupsOf } from '../../../internal/http/unix-groups.ts';

/** What `id` answers, by its first argument; status 1 to anything else. */
const GNU = String.raw`case $1 in -Gnz) printf 'dba\0domain admins\0';; -Gn) echo dba domain admins;; *) exit 1;; esac`;
const BUSYBOX = 'case $1 in -Gn) echo dba wheel;; *) exit 1;; esac';
const HANGS = 'case $1 in -Gnz) exec sleep 60;; -Gn) echo helpdesk admins;; esac';
const KILLED = 'case $1 in -Gnz) kill -9 $$;; -Gn) echo helpdesk admins;; esac';
const TALKS = `case $1 in -Gnz) yes dba;; -Gn) echo helpdesk admins;; esac`;

describe('groups of a user of this host', () => {
  const { PATH } = process.env;
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'id-'));
  });
  afterEach(() => {
    process.env.PATH = PATH;
    rmSync(directory, { recursive: true });
  });

  for (const [title, script, groups] of [
    ['are told whole where their names hold blanks', GNU, ['dba', 'domain admins']],
    ['are told by an older program too', BUSYBOX, ['dba', 'wheel']],
    ['are none where there is no such user', 'exit 1', []],
    ['are not guessed at where it does not answer in time', HANGS, []],
    ['are not guessed at where it was ended', KILLED, []],
    ['are not guessed at where it says too much', TALKS, []],
  ] as const)
    it(title, async () => {
      const program = join(directory, 'id');
      writeFileSync(program, `#!/bin/sh\n${script}\n`);
      chmodSync(program, 0o755);
      process.env.PATH = `${directory}${delimiter}${PATH}`;
      assert.deepEqual(await unixGroupsOf('ann', AbortSignal.timeout(script === HANGS ? 100 : 10_000)), groups);
    });

  it('are those of the system, and none of what cannot be a user', async () => {
    assert.ok((await unixGroupsOf('root', AbortSignal.timeout(10_000))).includes('root'));
    for (const user of ['-u', 'a b', 'a;b', ''])
      assert.deepEqual(await unixGroupsOf(user, AbortSignal.timeout(10_000)), []);
  });
});
