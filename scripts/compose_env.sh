#!/usr/bin/env bash
# compose_env.sh [postgres|db2] [dask] [observability]: makes .env for docker compose, with passwords that
# nobody else has. It writes the file once, readable by its owner only, and never over another.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() { echo "compose_env.sh: $1" >&2; exit "${2:-1}"; }

database='' profiles=$*
for profile in "$@"; do
  case $profile in
    postgres | db2)
      [[ -z $database ]] || fail "choose one database: $database or $profile" 2
      database=$profile ;;
    dask | observability) ;;
    *) fail "there is no profile $profile; choose from postgres, db2, dask, observability" 2 ;;
  esac
done
target=${COMPOSE_ENV:-.env}
[[ ! -e $target ]] || fail "there is a $target already; its passwords are those of the volumes. Remove both to begin anew"

secret() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
declare -A value=([COMPOSE_PROFILES]=${profiles// /,})
for name in POSTGRES_PASSWORD DB2_PASSWORD INFLUXDB_TOKEN INFLUXDB_ADMIN_PASSWORD \
  INFLUXDB_READER_PASSWORD GRAFANA_ADMIN_PASSWORD; do
  value[$name]=$(secret)
done
case $database in
  postgres) value[DATABASE_URL]="postgresql+psycopg://crispml:${value[POSTGRES_PASSWORD]}@postgres:5432/crispml" ;;
  db2)
    value[DATABASE_URL]="db2+ibm_db://db2inst1:${value[DB2_PASSWORD]}@db2:50000/CRISPML"
    value[TARGET]=db2 value[TRAINING_IMAGE]=crispml-training-db2 value[SCORING_IMAGE]=crispml-scoring-db2 ;;
esac
[[ " $profiles " != *" dask "* ]] || value[DASK_ADDRESS]=tcp://dask-scheduler:8786
[[ " $profiles " != *" observability "* ]] || value[INFLUXDB_URL]=http://influxdb:8086

umask 077
# An API key as the product makes them; the services know its digest only.
key_file=$(dirname "$target")/compose.key
id=$(head -c 8 /dev/urandom | base32 | tr -d '=\n' | tr '[:upper:]' '[:lower:]')
key="crispml_${id}_$(head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=\n')"
value[ADMIN_KEY_DIGEST]=$(printf %s "$key" | sha256sum | cut -d ' ' -f 1)
printf '%s\n' "$key" >"$key_file"
while IFS= read -r line; do
  name=${line%%=*}
  if [[ $line == [A-Z]*= && -n ${value[$name]:-} ]]; then line+=${value[$name]}; fi
  printf '%s\n' "$line"
done <deploy/compose.env.example >"$target"
echo "$target is written; start with: docker compose up --build"
echo "the API key of an admin is in $key_file: export CRISPML_API_KEY=\$(cat $key_file)"
[[ $database != db2 ]] || echo "Db2 starts when DB2_LICENSE=accept stands in $target, which says that you agree to IBM's licence"
