#!/usr/bin/env bash
# Installs zsh, in which the client's completion is tried, by apt where it is missing and we may; otherwise says what to do and ends with status 1.
set -euo pipefail
command -v zsh > /dev/null && exit 0
if [ "$(id -u)" -eq 0 ] && command -v apt-get > /dev/null; then
  echo '== no zsh found: installing it' >&2
  { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install zsh; } >&2
else
  echo 'no zsh found: install it with the package manager of this system' >&2
  exit 1
fi
