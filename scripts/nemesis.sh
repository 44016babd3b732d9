#!/usr/bin/env bash
# npm run test:nemesis -- [--minutes N] [--seed S] [--only TEXT] [--list] [--matrix]
#
# Everything of test/nemesis on both families of servers, and then N minutes of faults in random order from seed S, see
# test/nemesis/random.test.ts; at the end a matrix of what was run. --only: those alone whose title contains TEXT, added to the matrix of
# the last run; so that one after the other can be asked for by its name in --list. --matrix: what was run so far.
# Leaves .cache/nemesis: results.jsonl, and of each failure a folder with histories, logs, the log of the group and the backends.
set -euo pipefail
cd "$(dirname "$0")/.."
export NEMESIS=all NEMESIS_MINUTES=1 NEMESIS_SEED=$RANDOM
export NEMESIS_EVIDENCE=$PWD/.cache/nemesis NEMESIS_RESULTS=$PWD/.cache/nemesis/results.jsonl
selection=()
job=run
while [ $# -gt 0 ]; do
  case $1 in
    --minutes) NEMESIS_MINUTES=$2; shift ;;
    --seed) NEMESIS_SEED=$2; shift ;;
    --only) selection+=(--fgrep "$2"); shift ;;
    --list | --matrix) job=${1#--} ;;
    *) echo "unknown argument $1: --minutes N --seed S --only TEXT --list --matrix"; exit 2 ;;
  esac
  shift
done
bash scripts/prepare.sh
mkdir -p "$NEMESIS_EVIDENCE"
shopt -s globstar nullglob
files=(dist/test/nemesis/**/*.test.js)
case $job in
  list) exec npx mocha --dry-run --reporter scripts/nemesis-titles.cjs "${files[@]}" ;;
  matrix) exec node dist/test/nemesis/matrix.js "$NEMESIS_RESULTS" ;;
esac
bash scripts/sandbox/install-faketime.sh .cache/servers || echo 'running without libfaketime: it could not be fetched'
[ ${#selection[@]} -gt 0 ] || rm -f "$NEMESIS_RESULTS"
status=0
npx mocha --exit --reporter scripts/nemesis-reporter.cjs "${selection[@]}" "${files[@]}" || status=$?
node dist/test/nemesis/matrix.js "$NEMESIS_RESULTS"
exit $status
