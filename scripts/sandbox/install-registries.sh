#!/usr/bin/env bash
# Unpacks Consul (bullseye) and etcd (bookworm) into DIRECTORY/consul and DIRECTORY/etcd. Single programs: nothing they depend on is
# fetched, nothing is installed on the system, nothing is started. Leaves the apt state of each beside its program.
# Usage: install-registries.sh DIRECTORY
set -euo pipefail
. "$(dirname "$0")/private-apt.sh"
cache=$(mkdir -p "$1" && cd "$1" && pwd)

fetch() {
  local suite=$1 package=$2 program=$3 name=$4
  local place="$cache/$name"
  [ -x "$place/root/$program" ] && return
  echo "fetching $name"
  rm -rf "$place/unpacking" && mkdir -p "$place/unpacking"
  private_apt "$suite" "$place" update
  (cd "$place/unpacking" && private_apt "$suite" "$place" download "$package" && dpkg -x ./*.deb . && rm ./*.deb)
  rm -rf "$place/root" && mv "$place/unpacking" "$place/root"
}

fetch bullseye consul usr/bin/consul consul
fetch bookworm etcd-server usr/bin/etcd etcd
