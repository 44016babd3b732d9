#!/usr/bin/env bash
# npm run bench: see docs/benchmarks.md, or --help.
set -euo pipefail
cd "$(dirname "$0")/.."
bash scripts/prepare.sh
bash scripts/sandbox/ensure-server.sh
exec node dist/test/bench/run.js "$@"
