#!/usr/bin/env bash
# npm run sandbox: real servers on loopback until Ctrl-C. See --help.
set -euo pipefail
cd "$(dirname "$0")/.."
bash scripts/prepare.sh
bash scripts/sandbox/ensure-server.sh
exec node dist/scripts/sandbox/command.js "$@"
