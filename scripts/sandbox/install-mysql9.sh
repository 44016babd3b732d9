#!/usr/bin/env bash
# Unpacks MySQL 9 of Debian sid into DIRECTORY/sid/root with a private apt state. Installs nothing on the system.
# Usage: install-mysql9.sh DIRECTORY
set -euo pipefail
. "$(dirname "$0")/private-apt.sh"
cache=$(mkdir -p "$1" && cd "$1" && pwd)
S="$cache/sid"
[ -x "$S/root/usr/sbin/mysqld" ] && exit 0
rm -rf "$S/unpacking" && mkdir -p "$S/unpacking"
echo 'fetching MySQL 9 (66 MB)'
private_apt sid "$S" update
private_apt sid "$S" --no-install-recommends --download-only install mysql-server-core mysql-client-core
for deb in "$S"/cache/archives/*.deb; do
  case ${deb##*/} in *perl*) ;; *) dpkg -x "$deb" "$S/unpacking" ;; esac
done
rm -rf "$S/root" && mv "$S/unpacking" "$S/root"
