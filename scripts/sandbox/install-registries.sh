#!/usr/bin/env bash
# Unpacks Consul (bullseye), etcd and ZooKeeper with its Java (bookworm) into DIRECTORY/consul, /etcd and /zookeeper. Nothing else that they
# depend on is fetched, nothing is installed on the system, nothing is started. Leaves the apt state of each beside its program.
# Usage: install-registries.sh DIRECTORY
set -euo pipefail
. "$(dirname "$0")/private-apt.sh"
cache=$(mkdir -p "$1" && cd "$1" && pwd)

fetch() {
  local suite=$1 program=$2 name=$3
  shift 3 # packages
  local place="$cache/$name"
  [ -e "$place/root/$program" ] && return
  echo "fetching $name"
  rm -rf "$place/unpacking" && mkdir -p "$place/unpacking"
  private_apt "$suite" "$place" update
  (cd "$place/unpacking" && private_apt "$suite" "$place" download "$@")
  for deb in "$place"/unpacking/*.deb; do dpkg -x "$deb" "$place/unpacking" && rm "$deb"; done
  rm -rf "$place/root" && mv "$place/unpacking" "$place/root"
}

fetch bullseye usr/bin/consul consul consul
fetch bookworm usr/bin/etcd etcd etcd-server

# Java keeps its settings in /etc, by absolute links: they are led into the tree, and the program gets a name that is known.
fetch bookworm usr/share/java/zookeeper.jar zookeeper openjdk-17-jre-headless libzookeeper-java libslf4j-java libdropwizard-metrics-java \
  libsnappy-java libnetty-java
java="$cache/zookeeper/root/usr/bin/zookeeper"
[ -x "$java" ] && exit
find "$cache/zookeeper/root" -type l -lname '/*' | while read -r link; do
  ln -sfnr "$cache/zookeeper/root$(readlink "$link")" "$link"
done
mkdir -p "$(dirname "$java")"
ln -sfnr "$(echo "$cache"/zookeeper/root/usr/lib/jvm/java-17-openjdk-*/bin/java)" "$java"
