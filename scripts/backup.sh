#!/usr/bin/env bash
# backup.sh save|restore FOLDER: copies what the project of docker compose keeps, while it runs, or
# brings it back into empty volumes. The file keys.tar must not stay beside the others, see
# docs/backup.md. Which project it is docker compose knows from .env, or from COMPOSE_PROJECT_NAME,
# COMPOSE_FILE and COMPOSE_ENV_FILES.
set -euo pipefail
umask 077

fail() { echo "backup.sh: $1" >&2; exit "${2:-1}"; }

[[ $# == 2 && $1 =~ ^(save|restore)$ ]] || fail "usage: backup.sh save|restore FOLDER" 2
verb=$1 folder=$2 stores=/var/lib/crispml

# A command beside the services, on the volumes of one of them.
beside() { # SERVICE COMMAND…
  docker compose run --rm --no-deps -T "$@"
}
# To the last line: grep -q would leave before, and what writes to nobody fails.
has_postgres() { docker compose config --services | grep -x postgres >/dev/null; }

# A copy of SQLite as of one moment, whoever writes meanwhile.
copy_sqlite='
import os, pathlib, sqlite3, sys
copy = pathlib.Path("/var/lib/crispml/database/backup.db")
copy.unlink(missing_ok=True)
try:
    sqlite3.connect("/var/lib/crispml/database/crispml.db").execute("VACUUM INTO ?", [str(copy)])
    with copy.open("rb") as file:
        while part := file.read(1 << 20):
            sys.stdout.buffer.write(part)
finally:
    copy.unlink(missing_ok=True)
'

save() {
  [[ ! -e $folder ]] || fail "there is a $folder already"
  mkdir -p "$folder"
  # The database first: what it refers to on the volume is there already, and never changes.
  if has_postgres; then
    docker compose exec -T postgres pg_dump -U crispml --format=custom crispml >"$folder/database.dump"
  else
    beside training python -I -c "$copy_sqlite" >"$folder/database.db"
  fi
  beside training tar -C "$stores" -c --exclude=registry/.staging registry >"$folder/registry.tar"
  beside training tar -C "$stores" -c keys trusted privacy >"$folder/keys.tar"
  (cd "$folder" && sha256sum ./*) >"$folder.sha256"
  mv "$folder.sha256" "$folder/SHA256SUMS"
}

restore() {
  (cd "$folder" && sha256sum --check --quiet SHA256SUMS) || fail "a file of $folder was altered"
  [[ -z $(docker compose ps --quiet training scoring) ]] \
    || fail "stop the services first: docker compose down"
  beside training sh -c "test -z \"\$(ls $stores/database $stores/registry/models 2>/dev/null | grep -v :)\"" \
    || fail "the volumes are not empty; docker compose down --volumes empties them"
  beside training tar -C "$stores" -x --exclude=privacy <"$folder/keys.tar"
  beside keys tar -C "$stores" -x privacy <"$folder/keys.tar"
  beside training tar -C "$stores" -x <"$folder/registry.tar"
  if has_postgres; then
    docker compose up --detach --no-build --wait postgres
    docker compose exec -T postgres pg_restore -U crispml --dbname crispml --exit-on-error \
      <"$folder/database.dump"
  else
    beside training sh -c "cat >$stores/database/crispml.db" <"$folder/database.db"
  fi
}

"$verb"
