#!/usr/bin/env bash
# npm run test:nemesis -- --minutes N --seed S: everything of test/nemesis on both families of servers, and then N minutes of faults in
# random order from seed S, see test/nemesis/random.test.ts.
set -euo pipefail
cd "$(dirname "$0")/.."
bash scripts/prepare.sh
shopt -s globstar nullglob
export NEMESIS=all NEMESIS_MINUTES=1 NEMESIS_SEED=$RANDOM
while [ $# -gt 0 ]; do
  case $1 in
    --minutes) NEMESIS_MINUTES=$2 ;;
    --seed) NEMESIS_SEED=$2 ;;
    *) echo "unknown argument $1: --minutes N --seed S"; exit 2 ;;
  esac
  shift 2
done
exec npx mocha --exit dist/test/nemesis/**/*.test.js
