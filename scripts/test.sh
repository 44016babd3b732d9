#!/usr/bin/env bash
# Prepares and runs every check and test; the last line is `N passed, N failed` (and `, N skipped`). Options go to scripts/tests/main.ts.
# Leaves dist/, node_modules/ and .cache/ behind.
set -euo pipefail
cd "$(dirname "$0")/.."
say() { echo "== $*"; }
stopped() {
  status=$?
  [ -z "${fetching:-}" ] || kill "$fetching" 2> /dev/null || true
  [ "$status" -eq 0 ] || echo '0 passed, 1 failed'
}
trap stopped EXIT

# Fetching waits for networks, installing and compiling for processors: both at once.
servers() {
  bash scripts/sandbox/ensure-mariadb.sh || say 'running without MariaDB'
  bash scripts/sandbox/ensure-zsh.sh || say 'running without zsh'
  bash scripts/sandbox/install-mysql9.sh .cache/servers || say 'running without MySQL 9: it could not be fetched'
  bash scripts/sandbox/install-registries.sh .cache/servers || say 'running without Consul, etcd or ZooKeeper: not all of them could be fetched'
  bash scripts/sandbox/install-balancers.sh .cache/servers || say 'running without HAProxy: it could not be fetched'
}
servers &
fetching=$!
mkdir -p .cache
bash scripts/prepare.sh
wait "$fetching"
node dist/scripts/sandbox/bases.js &
making=$!
say biome; npx biome check --error-on-warnings .
say 'import directions'; npx depcruise --config .dependency-cruiser.cjs cmd internal | tee .cache/depcruise.log
! grep -q '(0 modules' .cache/depcruise.log || { say 'no module was checked'; exit 1; }
wait "$making" || say 'a server could not make its data directory'
say tests
shopt -s globstar nullglob
files=(dist/test/*.test.js)
for suite in unit property scenario sim integration e2e nemesis; do files+=(dist/test/"$suite"/**/*.test.js); done
trap - EXIT
exec node dist/scripts/tests/main.js "$@" "${files[@]}"
