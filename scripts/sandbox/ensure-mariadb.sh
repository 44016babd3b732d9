#!/usr/bin/env bash
# Installs the MariaDB server by apt where it is missing and we may; otherwise says what to do and ends with status 1.
# Only core packages: nothing is started, no service is set up.
set -euo pipefail
for program in /usr/sbin/mariadbd /usr/bin/mariadbd; do
  [ -x "$program" ] && exit 0
done
packages='mariadb-server-core mariadb-client-core'
if [ "$(id -u)" -eq 0 ] && command -v apt-get > /dev/null; then
  echo "== no MariaDB server found: installing $packages (a minute)" >&2
  { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install $packages; } >&2
elif command -v apt-get > /dev/null; then
  echo "no MariaDB server found. As root: apt-get install --no-install-recommends $packages" >&2
  exit 1
else
  echo 'no MariaDB server found in /usr/sbin or /usr/bin: install it with the package manager of this system' >&2
  exit 1
fi
