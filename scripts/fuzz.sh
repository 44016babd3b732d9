#!/usr/bin/env bash
# npm run test:fuzz -- [--times N] [--seed S]
#
# The random requests to the API of test/integration/http/fuzz.test.ts and the random configuration files of test/property/config.test.ts,
# N times as many as in npm test (100 by default), from seed S. Leaves nothing behind but dist/.
set -euo pipefail
cd "$(dirname "$0")/.."
export FUZZ_TIMES=100 FUZZ_SEED=$RANDOM
while [ $# -gt 0 ]; do
  case $1 in
    --times) FUZZ_TIMES=$2; shift ;;
    --seed) FUZZ_SEED=$2; shift ;;
    *) echo "unknown argument $1: --times N --seed S"; exit 2 ;;
  esac
  shift
done
bash scripts/prepare.sh
exec npx mocha --exit dist/test/integration/http/fuzz.test.js dist/test/property/config.test.js
