#!/usr/bin/env bash
# A PostgreSQL server for tests: `start FOLDER [OPTION…]` makes it, keeps it in the folder and prints
# its URL, `stop FOLDER [MODE]` ends it, and `start FOLDER` starts it again as it was. The server is
# Debian's; where it is missing, root gets it. It listens on a free port of this machine alone, and
# forgets all with its folder.
set -euo pipefail

# A client alone has such a folder too.
programs() { ls /usr/lib/postgresql/*/bin/initdb 2>/dev/null | sort -V | tail -1 | xargs -r dirname; }

# The server refuses to run as root.
plainly() { if [ "$(id -u)" = 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi; }

get() {
  [ "$(id -u)" = 0 ] || { echo "there is no PostgreSQL server: apt-get install postgresql" >&2; exit 1; }
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -q >&2
  apt-get install -q -y --no-install-recommends postgresql >&2
}

make() {
  local folder=$1
  shift
  [ "$(id -u)" != 0 ] || chown postgres "$folder"
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])' \
    >"$folder/port"
  plainly "$(programs)/initdb" -D "$folder/data" -U crispml -A trust -E UTF8 --locale=C.UTF-8 >&2
  # Nothing has to outlive the machine, so nothing waits for the disk.
  echo "-p $(cat "$folder/port") -F -c listen_addresses=127.0.0.1 -c unix_socket_directories= \
    -c full_page_writes=off $*" >"$folder/options"
}

start() {
  local folder=$1
  shift
  [ -n "$(programs)" ] || get
  mkdir -p "$folder"
  folder=$(cd "$folder" && pwd)
  [ -d "$folder/data" ] || make "$folder" "$@"
  plainly "$(programs)/pg_ctl" -D "$folder/data" -l "$folder/log" -w start >&2 -o "$(cat "$folder/options")"
  echo "postgresql+psycopg://crispml@127.0.0.1:$(cat "$folder/port")/postgres"
}

stop() { plainly "$(programs)/pg_ctl" -D "$1/data" -m "$2" -w stop >&2; }

case "${1:-} ${2:-}" in
  "start "?*) start "${@:2}" ;;
  "stop "?*) stop "$(cd "$2" && pwd)" "${3:-fast}" ;;
  *) echo "usage: $0 start FOLDER [OPTION…] | stop FOLDER [fast|immediate|smart]" >&2; exit 2 ;;
esac
