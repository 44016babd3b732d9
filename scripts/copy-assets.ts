// Copies every file under internal/ that is not TypeScript (migrations, pages) to its place in dist/, and notes the commit
// that was built. Leaves nothing else behind.

import { execFileSync } from 'node:child_process';
import { cpSync, rmSync, statSync, writeFileSync } from 'node:fs';

cpSync('internal', 'dist/internal', {
  recursive: true,
  filter: (source) => statSync(source).isDirectory() || !source.endsWith('.ts'),
});

const COMMIT_FILE = 'dist/internal/runtime/commit.txt';
try {
  const commit = execFileSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  writeFileSync(COMMIT_FILE, commit);
} catch {
  rmSync(COMMIT_FILE, { force: true }); // built from an archive: there is no commit to name
}
