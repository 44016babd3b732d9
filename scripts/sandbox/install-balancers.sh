#!/usr/bin/env bash
# Unpacks HAProxy and keepalived of Debian bookworm, with every library they need, into DIRECTORY/balancers/root. Installs nothing on
# the system, starts nothing.
# Usage: install-balancers.sh DIRECTORY
set -euo pipefail
. "$(dirname "$0")/private-apt.sh"
cache=$(mkdir -p "$1" && cd "$1" && pwd)
S="$cache/balancers"
[ -x "$S/root/usr/sbin/haproxy" ] && [ -x "$S/root/usr/sbin/keepalived" ] && exit 0
rm -rf "$S/unpacking" && mkdir -p "$S/unpacking"
echo 'fetching HAProxy and keepalived'
private_apt bookworm "$S" update
private_apt bookworm "$S" --no-install-recommends --download-only install haproxy keepalived
for deb in "$S"/cache/archives/*.deb; do
  case ${deb##*/} in *perl*) ;; *) dpkg -x "$deb" "$S/unpacking" ;; esac
done
rm -rf "$S/root" && mv "$S/unpacking" "$S/root"
