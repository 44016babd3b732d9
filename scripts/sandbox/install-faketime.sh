#!/usr/bin/env bash
# Unpacks libfaketime of Debian bookworm into DIRECTORY/faketime/root. Installs nothing on the system.
# Usage: install-faketime.sh DIRECTORY
set -euo pipefail
. "$(dirname "$0")/private-apt.sh"
cache=$(mkdir -p "$1" && cd "$1" && pwd)
S="$cache/faketime"
[ ! -d "$S/root" ] || exit 0
rm -rf "$S/unpacking" && mkdir -p "$S/unpacking"
echo 'fetching libfaketime'
private_apt bookworm "$S" update
(mkdir -p "$S/cache/archives" && cd "$S/cache/archives" && private_apt bookworm "$S" download libfaketime)
dpkg -x "$S"/cache/archives/libfaketime_*.deb "$S/unpacking"
mv "$S/unpacking" "$S/root"
