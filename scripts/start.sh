#!/usr/bin/env bash
# npm start: prepares what is missing, then a sandbox topology and the daemon; with arguments, the daemon alone.
# Leaves behind node_modules/, dist/, .cache/ and the sandbox's data in .sandbox/.
set -euo pipefail
cd "$(dirname "$0")/.."
say() { echo "== $*" >&2; }

bash scripts/prepare.sh
if [ "$#" -gt 0 ]; then
  exec node dist/cmd/orchestrator.js "$@"
fi
if ! [ -x /usr/sbin/mariadbd ] && ! [ -x .cache/servers/sid/root/usr/sbin/mysqld ] && ! [ -x /usr/sbin/mysqld ]; then
  if [ "$(id -u)" -eq 0 ] && command -v apt-get > /dev/null; then
    say 'no server found: installing MariaDB (core packages, nothing is started)'
    apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install mariadb-server-core mariadb-client-core > /dev/null
  else
    say 'no MariaDB or MySQL server found. As root: apt-get install mariadb-server-core mariadb-client-core'
    exit 1
  fi
fi
exec node dist/scripts/start.js
