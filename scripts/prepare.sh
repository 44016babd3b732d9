#!/usr/bin/env bash
# Installs the dependencies of the lock file and compiles, where that is not up to date. Leaves node_modules/ and dist/.
set -euo pipefail
cd "$(dirname "$0")/.."
say() { echo "== $*" >&2; }

if ! node scripts/installed.mjs; then
  say 'installing dependencies (a minute or two the first time: better-sqlite3 is compiled)'
  npm ci --no-fund --no-audit >&2
fi
if [ ! -f dist/.built ] || [ -n "$(find cmd internal scripts test tsconfig.json package.json -newer dist/.built -print -quit)" ]; then
  say 'compiling'
  mkdir -p dist && touch dist/.building # a file saved while the compiler runs is newer than this
  npx tsc -p tsconfig.json >&2
  node dist/scripts/copy-assets.js >&2
  # What was compiled from a file that is gone must not run any more.
  find dist -name '*.js' | while read -r compiled; do
    source=${compiled#dist/}
    [ -f "${source%.js}.ts" ] || [ -f "$source" ] || rm "$compiled"
  done
  mv dist/.building dist/.built
fi
