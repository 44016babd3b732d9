#!/usr/bin/env bash
# Installs the dependencies of the lock file and compiles, where that is not up to date. Leaves node_modules/ and dist/.
set -euo pipefail
cd "$(dirname "$0")/.."
say() { echo "== $*" >&2; }
if [ ! -d node_modules ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  say 'installing dependencies (a minute or two the first time: better-sqlite3 is compiled)'
  npm ci --no-fund --no-audit >&2 || npm install --no-fund --no-audit >&2
fi
if [ ! -f dist/.built ] || [ -n "$(find cmd internal scripts test tsconfig.json package.json -newer dist/.built -print -quit)" ]; then
  say 'compiling'
  npx tsc -p tsconfig.json >&2
  node dist/scripts/copy-assets.js >&2
  touch dist/.built
fi
