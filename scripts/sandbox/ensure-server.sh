#!/usr/bin/env bash
# Any server that the sandbox can run will do; where there is none, MariaDB is installed.
set -euo pipefail
cd "$(dirname "$0")/../.."
for program in .cache/servers/sid/root/usr/sbin/mysqld /usr/sbin/mysqld; do
  [ -x "$program" ] && exit 0
done
exec bash scripts/sandbox/ensure-mariadb.sh
