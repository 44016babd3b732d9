// Ends with status 0 when node_modules/ holds what package-lock.json asks for, with 1 when `npm ci` has work to do.
// Compares versions, not dates: a checkout touches the lock file without changing it. Leaves nothing behind.

import { readFileSync } from 'node:fs';

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch {
    return {}; // nothing was installed yet, or not to the end: npm writes this file last
  }
}

const installed = packagesOf('node_modules/.package-lock.json');
const missing = Object.entries(packagesOf('package-lock.json')).some(
  ([path, { version, optional }]) => path !== '' && !optional && installed[path]?.version !== version,
);
process.exit(missing ? 1 : 0);
