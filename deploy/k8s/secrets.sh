#!/usr/bin/env bash
# secrets.sh dev|qa|prod: makes the Secrets of an environment in its namespace, with keys and passwords
# that nobody else has. A Secret that is there already stays as it is.
#   DATABASE_URL  the database, unless it is that of the overlay: SQLite in dev, PostgreSQL in the
#                 cluster in qa. prod has none of its own and needs it.
# The API key of an admin is written to crispml-ENVIRONMENT.key beside the caller, for its owner only.
set -euo pipefail

fail() { echo "secrets.sh: $1" >&2; exit "${2:-1}"; }

environment=${1:-}
case $environment in dev | qa | prod) ;; *) fail "say which environment: dev, qa or prod" 2 ;; esac
for program in kubectl openssl; do
  command -v "$program" >/dev/null || fail "there is no $program"
done
namespace=crispml-$environment
key_file=$namespace.key

umask 077
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

random() { openssl rand -hex "$1"; }
there() { kubectl --namespace "$namespace" get secret "$1" >/dev/null 2>&1; }
# Values come from files: the arguments of a program are for everybody to see.
put() {
  local name=$1
  kubectl --namespace "$namespace" create secret generic "$name" --from-file="$work/$name"
}

kubectl get namespace "$namespace" >/dev/null 2>&1 || kubectl create namespace "$namespace"

if ! there crispml-database; then
  mkdir "$work/crispml-database"
  password=$(random 24)
  case ${DATABASE_URL:-$environment} in
    dev) url=sqlite:////var/lib/crispml/database/crispml.db ;;
    qa) url=postgresql+psycopg://crispml:$password@crispml-postgres:5432/crispml ;;
    prod) fail "prod keeps its rows in a database of yours: set DATABASE_URL" 2 ;;
    *) url=$DATABASE_URL ;;
  esac
  printf %s "$url" >"$work/crispml-database/url"
  printf %s "$password" >"$work/crispml-database/password"
  put crispml-database
fi

if ! there crispml-signing; then
  mkdir "$work/crispml-signing" "$work/crispml-trusted-$environment"
  openssl genpkey -algorithm ed25519 -out "$work/crispml-signing/key.pem"
  openssl pkey -in "$work/crispml-signing/key.pem" -pubout -out "$work/public.pem"
  id=$(openssl pkey -pubin -in "$work/public.pem" -outform DER | openssl dgst -sha256 -r | cut -d ' ' -f 1)
  mv "$work/public.pem" "$work/crispml-trusted-$environment/$id.pem"
  put crispml-signing
  put "crispml-trusted-$environment"
fi

if ! there crispml-privacy; then
  mkdir "$work/crispml-privacy"
  for key in pseudonyms master; do
    printf 'k1 %s\n' "$(openssl rand -base64 32 | tr '+/' '-_')" >"$work/crispml-privacy/$key.key"
  done
  put crispml-privacy
fi

if ! there crispml-dask; then
  # Who has a certificate of this CA belongs to the cluster; its key is thrown away.
  mkdir "$work/crispml-dask"
  curve=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc)
  openssl req -x509 "${curve[@]}" -subj /CN=crispml-dask-ca -days 3650 \
    -keyout "$work/dask-ca.key" -out "$work/crispml-dask/ca.crt" 2>/dev/null
  openssl req "${curve[@]}" -subj /CN=crispml-dask \
    -keyout "$work/crispml-dask/tls.key" -out "$work/dask.csr" 2>/dev/null
  openssl x509 -req -in "$work/dask.csr" -days 3650 -CA "$work/crispml-dask/ca.crt" \
    -CAkey "$work/dask-ca.key" -set_serial 1 -out "$work/crispml-dask/tls.crt" 2>/dev/null
  rm "$work/dask-ca.key"
  put crispml-dask
fi

if ! there crispml-influxdb; then
  mkdir "$work/crispml-influxdb"
  for key in token admin-password reader-password; do
    printf %s "$(random 24)" >"$work/crispml-influxdb/$key"
  done
  put crispml-influxdb
fi

if ! there crispml-grafana; then
  mkdir "$work/crispml-grafana"
  printf %s "$(random 24)" >"$work/crispml-grafana/admin-password"
  put crispml-grafana
fi

if ! there crispml-access; then
  [[ ! -e $key_file ]] || fail "there is a $key_file already, of another installation: put it away"
  # As the product makes its keys; the services know the digest only.
  id=$(openssl rand 8 | base32 | tr -d '=\n' | tr '[:upper:]' '[:lower:]')
  key="crispml_${id}_$(openssl rand -base64 32 | tr '+/' '-_' | tr -d '=')"
  mkdir "$work/crispml-access"
  printf %s "$key" | openssl dgst -sha256 -r | cut -d ' ' -f 1 | tr -d '\n' >"$work/crispml-access/admin-key-digest"
  put crispml-access
  printf '%s\n' "$key" >"$key_file"
  echo "the API key of an admin is in $key_file: export CRISPML_API_KEY=\$(cat $key_file)"
fi
