// A process that is made to be killed: it writes to the backend of its first argument as fast as it can, and says on the standard
// output what it was told to be stored, one word to a line. The second argument marks what this process wrote.

import { writeSync } from 'node:fs';
import { Backend } from '../../../internal/backend/backend.ts';
import { systemClock } from '../../../internal/runtime/clock.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import { aWatchedInstance } from './watched-instance.ts';

const [file = '', mark = ''] = process.argv.slice(2);
const stored = (word: string) => writeSync(1, `${word}\n`);
const backend = Backend.openSqlite(file, {
  node: { hostname: 'here', token: mark },
  clock: systemClock,
  log: silentLog,
  flushMs: 1,
});
const serverOf = (number: number) => ({ hostname: 'db', port: 1 + (number % 500) });

for (let number = 0; ; number += 1) {
  const failed = serverOf(number);
  const uid = `${mark}-${number}`;
  for (let other = 0; other < 20; other += 1) {
    const key = serverOf(20 * number + other);
    backend.instances.seen(aWatchedInstance({ key, version: uid }, Date.now()), 'db:1', 0);
  }
  await backend.recoveries.opened({
    uid,
    kind: 'primary',
    code: 'DeadMaster',
    failed,
    cluster: 'db:1',
    alias: '',
    startedMs: Date.now(),
    successful: false,
    lost: [],
    participants: [],
    errors: [],
    harmless: false,
  });
  stored(`claim:${uid}`);
  await backend.journal.stepStarted(uid, 1, 'promote');
  stored(`step:${uid}`);
  await backend.journal.fenceIntended(failed, uid, serverOf(number + 1));
  stored(`fence:${uid}:${failed.port}`);
}
