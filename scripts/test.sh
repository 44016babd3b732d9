#!/usr/bin/env bash
# Prepares and runs every check and test; the last line is `N passed, N failed`. Leaves dist/, node_modules/ and .cache/ behind.
set -euo pipefail
cd "$(dirname "$0")/.."
say() { echo "== $*"; }
stopped() { status=$?; [ "$status" -eq 0 ] || [ -n "${tests_ran:-}" ] || echo '0 passed, 1 failed'; }
trap stopped EXIT

bash scripts/prepare.sh
bash scripts/sandbox/ensure-mariadb.sh || say 'running without MariaDB'
bash scripts/sandbox/install-mysql9.sh .cache/servers || say 'running without MySQL 9: it could not be fetched'
bash scripts/sandbox/install-registries.sh .cache/servers || say 'running without Consul or etcd: they could not be fetched'
bash scripts/sandbox/install-balancers.sh .cache/servers || say 'running without HAProxy: it could not be fetched'
mkdir -p .cache
say biome; npx biome check --error-on-warnings .
say 'import directions'; npx depcruise --config .dependency-cruiser.cjs cmd internal | tee .cache/depcruise.log
! grep -q '(0 modules' .cache/depcruise.log || { say 'no module was checked'; exit 1; }
say tests
shopt -s globstar nullglob
files=(dist/test/*.test.js)
for suite in unit property scenario sim integration e2e nemesis; do files+=(dist/test/"$suite"/**/*.test.js); done
tests_ran=1
[ "${#files[@]}" -gt 0 ] || { echo '0 passed, 1 failed'; exit 1; }
npx mocha --exit --reporter scripts/mocha-summary.cjs "${files[@]}"
