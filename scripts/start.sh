#!/usr/bin/env bash
# npm start: prepares what is missing, then a sandbox topology and the daemon; with arguments, the daemon alone.
# Leaves behind node_modules/, dist/, .cache/ and the sandbox's data in .sandbox/.
set -euo pipefail
cd "$(dirname "$0")/.."
bash scripts/prepare.sh
if [ "$#" -gt 0 ]; then
  exec node dist/cmd/orchestrator.js "$@"
fi
bash scripts/sandbox/ensure-server.sh
exec node dist/scripts/start.js
