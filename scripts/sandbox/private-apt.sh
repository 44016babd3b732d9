#!/usr/bin/env bash
# To be sourced: private_apt SUITE STATE-DIRECTORY APT-GET-ARGUMENTS... runs apt-get on another Debian suite with a state of its own, in
# which nothing is installed. The mirror is the one of this machine. Leaves lists and downloads in STATE-DIRECTORY.
private_apt() {
  local suite=$1 state=$2 mirror
  shift 2
  mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
  : > "$state/status"
  mirror=$(awk '/^URIs:/ { print $2; exit }' /etc/apt/sources.list.d/debian.sources)
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" > "$state/sources.list"
  apt-get -qq -y -o Dir::Etc::sourcelist="$state/sources.list" -o Dir::Etc::sourceparts=- -o Dir::State::lists="$state/lists" \
    -o Dir::State::status="$state/status" -o Dir::Cache="$state/cache" -o Acquire::Languages=none -o APT::Sandbox::User=root "$@"
}
