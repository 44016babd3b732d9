#!/usr/bin/env bash
# Unpacks MySQL 9 of Debian sid into DIRECTORY/sid/root with a private apt state. Installs nothing on the system.
# Usage: install-mysql9.sh DIRECTORY
set -euo pipefail
cache=$(mkdir -p "$1" && cd "$1" && pwd)
S="$cache/sid"
[ -x "$S/root/usr/sbin/mysqld" ] && exit 0
mkdir -p "$S/lists/partial" "$S/cache/archives/partial"
rm -rf "$S/unpacking" && mkdir "$S/unpacking"
: > "$S/status"
mirror=$(awk '/^URIs:/ { print $2; exit }' /etc/apt/sources.list.d/debian.sources)
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror sid main" > "$S/sources.list"
private_apt() {
  apt-get -qq -y -o Dir::Etc::sourcelist="$S/sources.list" -o Dir::Etc::sourceparts=- -o Dir::State::lists="$S/lists" \
    -o Dir::State::status="$S/status" -o Dir::Cache="$S/cache" -o Acquire::Languages=none -o APT::Sandbox::User=root "$@"
}
echo 'fetching MySQL 9 (66 MB)'
private_apt update
private_apt --no-install-recommends --download-only install mysql-server-core mysql-client-core
for deb in "$S"/cache/archives/*.deb; do
  case ${deb##*/} in *perl*) ;; *) dpkg -x "$deb" "$S/unpacking" ;; esac
done
rm -rf "$S/root" && mv "$S/unpacking" "$S/root"
