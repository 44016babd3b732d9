// Copies every file under internal/ that is not TypeScript (migrations, pages) to its place in dist/. Leaves nothing else behind.

import { cpSync, statSync } from 'node:fs';

cpSync('internal', 'dist/internal', {
  recursive: true,
  filter: (source) => statSync(source).isDirectory() || !source.endsWith('.ts'),
});
