#!/bin/sh
# Does what the official image does with the variables that docker-compose.yml gives it.
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  test -n "$POSTGRES_PASSWORD"
  echo "$POSTGRES_PASSWORD" >/tmp/password
  initdb --username="$POSTGRES_USER" --pwfile=/tmp/password --auth=scram-sha-256 \
    --auth-local=trust --encoding=UTF8 --locale=C.UTF-8 >/dev/null
  rm /tmp/password
  echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
  postgres --single -D "$PGDATA" postgres >/dev/null <<SQL
CREATE DATABASE $POSTGRES_DB
SQL
fi
exec postgres -c listen_addresses='*'
