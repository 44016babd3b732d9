#!/usr/bin/env bash
# npm run test:sim -- --runs N --seed S: simulated Raft groups, see test/sim/main.ts.
set -euo pipefail
cd "$(dirname "$0")/.."
bash scripts/prepare.sh
exec node dist/test/sim/main.js "$@"
