#!/usr/bin/env bash
# apply.sh dev|qa|prod, or apply.sh FOLDER of an overlay of your own: migrates the database, then
# rolls the services and waits until they are ready.
set -euo pipefail

fail() { echo "apply.sh: $1" >&2; exit "${2:-1}"; }

[[ $# == 1 ]] || fail "say which environment: dev, qa, prod, or the folder of an overlay" 2
overlay=$1
[[ -d $overlay ]] || overlay=$(dirname "$0")/overlays/$1
[[ -d $overlay ]] || fail "there is no overlay $1" 2
job=job/database-migration

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
kubectl kustomize "$overlay" >"$work/objects.yaml"
namespace=$(awk '/^kind: Namespace$/ {here = 1} here && /^  name: / {print $2; exit}' "$work/objects.yaml")
[[ -n $namespace ]] || fail "the overlay makes no namespace"

# What a Job does cannot be changed, so the last one goes first; one that still runs may end.
if kubectl --namespace "$namespace" get "$job" >/dev/null 2>&1; then
  kubectl --namespace "$namespace" wait "$job" --for=jsonpath='{.status.ready}'=0 --timeout=300s
  kubectl --namespace "$namespace" delete "$job" --wait
fi
# On the server: what is applied may be larger than the note that a client would leave of it.
apply() { kubectl apply --server-side --force-conflicts --field-manager=crispml -f "$work/objects.yaml" "$@"; }

# First the tables and what the migration needs. The services go on as they are until it has ended.
apply --selector='app.kubernetes.io/component notin (training, scoring, console)'
# The Job has a deadline, so it ends in one way or the other.
ended() {
  kubectl --namespace "$namespace" get "$job" \
    --output=jsonpath='{.status.conditions[?(@.status=="True")].type}'
}
until found=$(ended) && [[ $found == *Complete* || $found == *Failed* ]]; do sleep 1; done
if [[ $found == *Failed* ]]; then
  kubectl --namespace "$namespace" logs "$job" --tail=20 >&2 || true
  fail "the database was not migrated; the services stay as they were"
fi

apply
kubectl --namespace "$namespace" get deployment,statefulset --output=name >"$work/workloads"
while read -r workload; do
  kubectl --namespace "$namespace" rollout status "$workload" --timeout=900s </dev/null
done <"$work/workloads"
