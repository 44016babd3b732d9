import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FOLDER, play, readTranscripts } from './transcript/file.ts';

// With RAFT_TRANSCRIPTS=write what happens is written into the files instead: read every line of the difference before you keep it.
const writing = process.env.RAFT_TRANSCRIPTS === 'write';

for (const { name, head, cases } of readTranscripts()) {
  describe(`raft, ${name.replace('.txt', '').replaceAll('-', ' ')}:`, () => {
    for (const each of cases) {
      it(each.title, () => {
        if (!writing) assert.deepEqual(play(each).join('\n'), each.text.join('\n'));
      });
    }
  });
  if (!writing) continue;
  const texts = cases.map((each) => `## ${each.title}\n${play(each).join('\n')}\n`);
  writeFileSync(join(FOLDER, name), `${head.join('\n')}\n\n${texts.join('\n')}`);
}
